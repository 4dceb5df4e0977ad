#include "lab/experiment.h"

#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::lab {

namespace {

constexpr std::size_t baselines_first = 3, baselines_max = 7, baseline_each = 12, rounds_max = 4, more_for_holes = 4;
constexpr std::size_t switch_runs = 2;

class Experimenting {
public:
    Experimenting(const Runner& runner, std::string_view client, const ExperimentOptions& options)
        : runner_(runner), client_(client), options_(options) {}

    Result<Experiment> run() {
        const std::int64_t begun_us = monotonic_us();
        choose_variations();
        if (auto done = baselines(); !done) return std::unexpected(done.error());
        if (auto done = states(); !done) return std::unexpected(done.error());
        if (auto done = confirm(); !done) return std::unexpected(done.error());
        if (options_.switches)
            if (auto done = switches(); !done) return std::unexpected(done.error());
        out_.channels = channels_of(out_.comparison, out_.variations);
        out_.seconds = static_cast<double>(monotonic_us() - begun_us) / 1e6;
        tell_not_covered();
        return std::move(out_);
    }

private:
    void choose_variations() {
        if (options_.matrix) out_.variations = variations(options_.decoded);
        if (options_.matrix && options_.pairs)
            for (Variation& one : pairs(options_.decoded)) out_.variations.push_back(std::move(one));
        if (!options_.variables.empty())
            std::erase_if(out_.variations, [&](const Variation& one) {
                return std::ranges::none_of(options_.variables,
                                            [&](const std::string& word) { return one.variable.contains(word); });
            });
        std::set<std::string> names; // of a pair both
        for (const Variation& one : out_.variations)
            for (std::size_t at = 0; at < one.variable.size();) {
                const std::size_t end = std::min(one.variable.find(" × ", at), one.variable.size());
                names.insert(one.variable.substr(at, end - at));
                at = end + std::string_view(" × ").size();
            }
        out_.variables = names.size();
    }

    // Which are run, in this order: variations by number, `baseline`.
    Result<void> run_all(std::vector<std::size_t> which) {
        const std::size_t room = options_.runs_max > out_.runs ? options_.runs_max - out_.runs : 0;
        if (which.size() > room) {
            out_.whole = false;
            which.resize(room);
        }
        std::vector<Trial> trials;
        for (const std::size_t one : which)
            trials.push_back({one == baseline ? Conditions() : conditions_of(out_.variations[one]), nullptr});
        auto recorded = run_recorded(trials);
        if (!recorded) return std::unexpected(recorded.error());
        for (std::size_t i = 0; i < which.size(); ++i) keep((*recorded)[i], trials[i].conditions, which[i]);
        return {};
    }
    Result<std::vector<Recording>> run_recorded(const std::vector<Trial>& trials) {
        auto out = runner_(trials);
        out_.runs += trials.size();
        return out;
    }

    void keep(const Recording& recording, const Conditions& conditions, std::size_t variation) {
        Matched matched = match(recording, conditions, has_reference_ ? &reference_ : nullptr);
        runs_.push_back({variation, observe(recording, conditions, matched)});
        out_.receipts.add(recording, matched, conditions);
        const std::string title = variation == baseline ? "a baseline" : out_.variations[variation].state;
        if (!recording.ended.empty()) {
            ++out_.ended_by_us;
            tell(fmt::format("{}: {}, and was ended", title, recording.ended));
        }
        if (variation == baseline) {
            ++out_.baselines;
            kinds_.push_back(kinds_of(matched, conditions));
        }
        if (has_reference_) return;
        reference_ = std::move(matched);
        has_reference_ = true;
        const bool asked =
            std::ranges::any_of(kinds_.back(), [](const std::string& kind) { return kind.contains(" gateway "); });
        if (!asked)
            tell(fmt::format("it sent nothing to the gateway in its first run: exit code {}, and it said: {}",
                             recording.exit_code, recording.output.substr(0, 300)));
    }
    void tell(std::string problem) {
        if (out_.problems.size() < 20 && std::ranges::find(out_.problems, problem) == out_.problems.end())
            out_.problems.push_back(std::move(problem));
    }

    Result<void> baselines() {
        if (auto done = run_all(std::vector<std::size_t>(baselines_first, baseline)); !done) return done;
        // The last two are there to be explained by those before them.
        for (out_.stable = is_stable(runs_); !out_.stable && runs_.size() < baselines_max;
             out_.stable = is_stable(runs_))
            if (auto done = run_all({baseline, baseline}); !done) return done;
        return {};
    }
    Result<void> states() {
        std::vector<std::size_t> all;
        for (std::size_t time = 0; time < options_.repeats; ++time)
            for (std::size_t i = 0; i < out_.variations.size(); ++i) {
                if (all.size() % baseline_each == baseline_each - 1) all.push_back(baseline);
                all.push_back(i);
            }
        if (!all.empty()) all.push_back(baseline);
        return run_all(std::move(all));
    }
    // Repeats and swaps back. Times drift: a baseline stands between the repeats of all states, and at both ends.
    Result<void> confirm() {
        out_.comparison = compare(runs_, out_.variations);
        for (std::size_t round = 0; round < rounds_max && !out_.comparison.to_repeat.empty(); ++round) {
            std::map<std::size_t, std::size_t> had;
            for (const LabelledRun& run : runs_) ++had[run.variation];
            std::vector<std::size_t> all;
            const auto wanted = [&](std::size_t one) {
                return had[one] < runs_to_confirm ? runs_to_confirm - had[one] : more_for_holes;
            };
            for (std::size_t time = 0; time < more_for_holes; ++time) {
                const std::size_t before = all.size();
                all.push_back(baseline);
                for (const std::size_t one : out_.comparison.to_repeat)
                    if (time < wanted(one)) all.push_back(one);
                if (all.size() == before + 1) all.pop_back();
            }
            all.push_back(baseline);
            const std::size_t runs = out_.runs;
            if (auto done = run_all(std::move(all)); !done) return done;
            out_.comparison = compare(runs_, out_.variations);
            if (out_.runs == runs) break; // no room for more
        }
        return {};
    }

    Result<void> switches() {
        std::vector<Trial> trials;
        const auto all = switches_of(client_);
        for (const Switch* one : all)
            for (std::size_t i = 0; i < switch_runs; ++i) trials.push_back({Conditions(), one});
        auto recorded = run_recorded(trials);
        if (!recorded) return std::unexpected(recorded.error());
        for (std::size_t i = 0; i < all.size(); ++i) {
            std::vector<std::set<std::string>> with;
            for (std::size_t j = 0; j < switch_runs; ++j) {
                const Recording& recording = (*recorded)[i * switch_runs + j];
                with.push_back(kinds_of(match(recording, Conditions(), &reference_), Conditions()));
            }
            MeasuredSwitch row = measured(kinds_, with);
            row.name = all[i]->name;
            row.source = all[i]->source;
            out_.switches.push_back(std::move(row));
        }
        if (all.empty()) tell("no off-switch is known of this client, so none was measured");
        return {};
    }

    void tell_not_covered() {
        auto& list = out_.not_covered;
        list = {"accounts: nobody is signed in, so what a vendor switches on for an account does not happen",
                "work with a person: the client runs once without one (two turns, one tool call), not in its "
                "interactive form",
                "another date and other clocks: all runs are of the same day, dates and times are masked",
                "HTTP/2, WebSockets and QUIC: they are not offered; ports other than the usual ones refuse",
                "IPv6 addresses: none is answered",
                "time: when and how fast something is sent is not compared"};
        if (options_.repeats < 3)
            list.push_back(
                "one character that is fixed inside of what differs by itself: that needs --repeats 7 or more");
        if (out_.comparison.unstable > 0)
            list.push_back(fmt::format(
                "{} of {} places differ by themselves: there, what keeps their alphabet and length is not seen",
                out_.comparison.unstable, out_.comparison.places));
        if (!out_.stable) list.push_back("noise was still new in the last baseline: rare changes may be missing here");
        if (!out_.whole) list.push_back(fmt::format("what was planned beyond {} runs (--runs)", options_.runs_max));
        if (!out_.comparison.to_repeat.empty())
            list.push_back(fmt::format("{} states seemed to change something and were not repeated often enough",
                                       out_.comparison.to_repeat.size()));
    }

    const Runner& runner_;
    std::string_view client_;
    const ExperimentOptions& options_;
    std::vector<LabelledRun> runs_;
    std::vector<std::set<std::string>> kinds_; // of each baseline
    Matched reference_;
    bool has_reference_ = false;
    Experiment out_;
};

} // namespace

bool Experiment::found_something() const {
    return std::ranges::any_of(channels, [](const FoundChannel& one) { return is_concealed(one.nature); }) ||
           receipts.leaks_key() ||
           std::ranges::any_of(receipts.hosts(), [](const auto& one) { return !one.second.model_calls.empty(); });
}

std::string Experiment::verdict() const {
    const auto concealed =
        std::ranges::count_if(channels, [](const FoundChannel& one) { return is_concealed(one.nature); });
    const std::string over =
        fmt::format("in {} runs over {} {}", runs, variables, variables == 1 ? "variable" : "variables");
    std::string out;
    if (concealed > 0)
        out = fmt::format("{} {} found {}: {}.", concealed,
                          concealed == 1 ? "concealed channel was" : "concealed channels were", over,
                          channels.front().sentence);
    else if (!channels.empty())
        out = fmt::format("Nothing concealed was found {}; {} open {}.", over, channels.size(),
                          channels.size() == 1 ? "change was" : "changes were");
    else
        out = fmt::format("Nothing was found {}.", over);
    if (receipts.leaks_key()) out += " The gateway's key went to another host.";
    if (!problems.empty() && receipts.hosts().count("gateway") == 0)
        out += " It sent nothing to the gateway, so this says little.";
    return out;
}

Result<Experiment> experiment(const Runner& runner, std::string_view client, const ExperimentOptions& options) {
    return Experimenting(runner, client, options).run();
}

Result<Experiment> experiment(const Runnable& subject, const ExperimentOptions& options,
                              const std::function<void(std::size_t, std::size_t)>& told) {
    auto authority = Authority::make();
    if (!authority) return std::unexpected(authority.error());
    std::size_t done = 0;
    const Runner runner = [&](std::span<const Trial> trials) {
        const std::size_t planned = done + trials.size();
        return run_trials(subject, **authority, trials, options.jobs, options.limits, [&] { told(++done, planned); });
    };
    return experiment(runner, subject.recipe().client, options);
}

} // namespace sallyport::lab
