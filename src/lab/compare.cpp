#include "lab/compare.h"

#include "lab/fixed_character.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::lab {

namespace {

constexpr std::size_t context_bytes = 40;
constexpr std::size_t deviations_max = 60; // of one value: beyond, it is another value
constexpr char echo = '\x01';

std::string context_of(std::string_view value, const Deviation& of) {
    const std::size_t at =
        std::min(of.offset, value.size()); // of a text in which the value was masked it may lie beyond
    std::size_t begin = at > context_bytes ? at - context_bytes : 0;
    while (begin > 0 && (static_cast<unsigned char>(value[begin]) & 0xC0) == 0x80) --begin;
    std::size_t end = std::min(value.size(), at + of.after.size() + context_bytes);
    while (end < value.size() && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) ++end;
    return std::string(value.substr(begin, end - begin));
}

std::string without(std::string_view value, const std::vector<std::string>& spelled) {
    std::string out;
    for (std::size_t at = 0; at < value.size();) {
        const std::string* found = nullptr;
        for (const std::string& one : spelled)
            if (value.substr(at, one.size()) == one) {
                found = &one;
                break; // the longest comes first
            }
        if (found != nullptr) {
            out += echo;
            at += found->size();
        } else {
            out += value[at++];
        }
    }
    return out;
}

// Nothing but the value, whatever stands there else; short values too, where they stand alone.
bool is_echo(std::string_view after, const std::vector<std::string>& spelled) {
    if (after.empty()) return false;
    return std::ranges::all_of(after, [](char c) { return c == echo; }) ||
           std::ranges::any_of(spelled, [&](const std::string& one) {
               return one.ends_with(after) && one.size() > after.size() && one[one.size() - after.size() - 1] == '=';
           });
}

// All that is known of one place.
class PlaceInRuns {
public:
    PlaceInRuns(std::span<const LabelledRun> runs, const std::string& name) : name_(name) {
        for (const LabelledRun& run : runs) {
            const auto found = run.seen.find(name);
            values_.push_back(found == run.seen.end() ? nullptr : &found->second);
            if (values_.back() == nullptr || run.variation != baseline) continue;
            baselines_.push_back(values_.back()->value);
        }
        if (!baselines_.empty()) usual_ = TextTemplate::of(baselines_);
    }
    bool known() const { return !baselines_.empty(); }
    std::size_t baselines() const { return baselines_.size(); }
    const std::string& name() const { return name_; }
    const Observed* at(std::size_t run) const { return values_[run]; }
    const TextTemplate& usual() const { return usual_; }
    bool seen_in_a_baseline(std::string_view value) const {
        return std::ranges::find(baselines_, value) != baselines_.end();
    }

    // What this run shows that baselines do not. `echoed`: nothing but the value itself, spelled.
    std::vector<Deviation> deviations(std::size_t run, std::size_t variation, const std::vector<std::string>& spelled,
                                      bool& echoed) {
        echoed = false;
        if (values_[run] == nullptr || seen_in_a_baseline(values_[run]->value)) return {};
        std::vector<Deviation> out = usual_.compare(values_[run]->value);
        if (out.empty() || spelled.empty()) return out;
        auto& masked = masked_[variation];
        if (!masked.second) {
            masked.second = true;
            std::vector<std::string> texts;
            for (const std::string_view one : baselines_) texts.push_back(without(one, spelled));
            masked.first = TextTemplate::of(std::vector<std::string_view>(texts.begin(), texts.end()));
        }
        const std::string own = without(values_[run]->value, spelled);
        std::vector<Deviation> rest = masked.first.compare(own);
        echoed = std::ranges::all_of(rest, [&](const Deviation& one) { return is_echo(one.after, spelled); });
        if (rest.size() > out.size()) return out; // masking made it worse
        for (Deviation& one : rest)
            std::ranges::replace(one.before, echo, '*'), std::ranges::replace(one.after, echo, '*');
        return rest;
    }

private:
    const std::string& name_;
    std::vector<const Observed*> values_; // by run; null: it is not there
    std::vector<std::string_view> baselines_;
    TextTemplate usual_;
    std::map<std::size_t, std::pair<TextTemplate, bool>> masked_;
};

// A container that another one is told by: a list of which entries are gone makes all behind them differ.
std::string container_of(std::string_view place) {
    const auto cut = place.find_last_of(".[");
    return cut == std::string_view::npos ? std::string() : std::string(place.substr(0, cut));
}

class Comparing {
public:
    Comparing(std::span<const LabelledRun> runs, std::span<const Variation> variations)
        : runs_(runs), variations_(variations) {
        for (const Variation& one : variations) {
            std::vector<std::string> all = spellings(one);
            const std::vector<std::string> neutral = spellings_of_neutral(one);
            all.insert(all.end(), neutral.begin(), neutral.end());
            std::ranges::sort(all, [](const std::string& a, const std::string& b) {
                return a.size() != b.size() ? a.size() > b.size() : a < b;
            });
            spelled_.push_back(std::move(all));
        }
        for (std::size_t i = 0; i < runs.size(); ++i)
            if (runs[i].variation != baseline) of_[runs[i].variation].push_back(i);
    }

    Comparison compare() {
        std::set<std::string> names;
        for (const LabelledRun& run : runs_)
            for (const auto& [name, seen] : run.seen) names.insert(name);
        for (const std::string& name : names) {
            PlaceInRuns place(runs_, name);
            if (!place.known()) continue; // a place of its own is told by what counts places
            ++out_.places;
            if (!place.usual().is_constant()) ++out_.unstable;
            look_at(place);
            if (name.starts_with(number_of_requests)) miss(place);
        }
        settle_pairs();
        std::ranges::sort(repeat_);
        repeat_.erase(std::ranges::unique(repeat_).begin(), repeat_.end());
        out_.to_repeat = repeat_;
        return std::move(out_);
    }

private:
    struct Shown {
        Deviation deviation;
        std::map<std::size_t, std::size_t> by; // variation, how many of its runs
        std::map<std::size_t, std::size_t> example;
    };

    void look_at(PlaceInRuns& place) {
        std::vector<Shown> shown;
        std::set<std::size_t> echoing;
        bool any = false;
        for (const auto& [variation, members] : of_)
            for (const std::size_t run : members) {
                bool echoed = false;
                const std::vector<Deviation> found = place.deviations(run, variation, spelled_[variation], echoed);
                if (echoed && echoing.insert(variation).second) tell_echo(place, variation, run);
                if (echoed || found.size() > deviations_max) continue;
                any = any || !found.empty();
                if (suppressed(place.name(), run)) continue;
                for (const Deviation& one : found) {
                    auto known = std::ranges::find(shown, one, &Shown::deviation);
                    if (known == shown.end()) known = shown.insert(shown.end(), {one, {}, {}});
                    ++known->by[variation];
                    known->example.emplace(variation, run);
                }
            }
        for (const Shown& one : shown) judge(place, one);
        if (!place.usual().is_constant()) look_into_holes(place);
    }

    // What most runs send and a state has not yet sent cannot be judged of it: some requests are made by chance.
    void miss(const PlaceInRuns& place) {
        std::size_t with = 0;
        for (std::size_t i = 0; i < runs_.size(); ++i) with += place.at(i) != nullptr ? 1 : 0;
        if (with * 2 < runs_.size()) return;
        for (const auto& [variation, members] : of_)
            if (members.size() < runs_to_confirm && present_in(place, variation) == 0) repeat_.push_back(variation);
    }

    // A list or an object that lost or won entries says so itself; what then stands at other positions is no further news.
    bool suppressed(const std::string& name, std::size_t run) {
        for (std::string up = container_of(name); !up.empty(); up = container_of(up))
            for (const char* what : {" length", " order"}) {
                const auto found = runs_[run].seen.find(up + what);
                if (found == runs_[run].seen.end() || name == up + what) continue;
                for (const LabelledRun& one : runs_)
                    if (one.variation == baseline)
                        if (const auto usual = one.seen.find(up + what); usual != one.seen.end()) {
                            if (usual->second.value != found->second.value) return true;
                            break;
                        }
            }
        return false;
    }

    // Runs of a state that have the place at all: some requests are made by chance.
    std::size_t present_in(const PlaceInRuns& place, std::size_t variation) {
        return static_cast<std::size_t>(
            std::ranges::count_if(of_[variation], [&](std::size_t run) { return place.at(run) != nullptr; }));
    }

    void judge(const PlaceInRuns& place, const Shown& shown) {
        // Chance shows itself: somewhere only some runs of a state have it.
        bool is_noise = false;
        for (const auto& [variation, count] : shown.by) is_noise = is_noise || count < present_in(place, variation);
        if (is_noise) return;
        for (const auto& [variation, count] : shown.by) {
            const std::size_t runs = present_in(place, variation);
            if (runs < runs_to_confirm || place.baselines() < runs_to_confirm) {
                repeat_.push_back(variation);
                continue;
            }
            const std::size_t run = shown.example.at(variation);
            const Observed& value = *place.at(run);
            out_.differences.push_back({variation, place.name(), value.channel, value.host, shown.deviation,
                                        context_of(value.value, shown.deviation), runs, place.baselines(), 0, false});
        }
    }

    void tell_echo(const PlaceInRuns& place, std::size_t variation, std::size_t run) {
        const Observed& value = *place.at(run);
        Deviation spelled;
        for (const std::string& one : spelled_[variation])
            if (const auto at = value.value.find(one); at != std::string::npos) {
                spelled.after = one;
                spelled.offset = at;
                break;
            }
        out_.echoes.push_back({variation, place.name(), value.channel, value.host, spelled,
                               context_of(value.value, spelled), of_[variation].size(), place.baselines(), 0, false});
    }

    void look_into_holes(const PlaceInRuns& place) {
        std::vector<HoleSample> samples;
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            std::vector<std::string> contents;
            if (place.at(i) == nullptr || !place.usual().compare(place.at(i)->value, &contents).empty()) continue;
            if (contents.size() == place.usual().holes()) samples.push_back({runs_[i].variation, std::move(contents)});
        }
        for (const FixedCharacter& one : fixed_characters(samples)) {
            if (!one.sure) {
                repeat_.push_back(one.variation);
                continue;
            }
            // Not each run of a variation has this place: a request may be sent by chance only.
            const auto& runs = of_[one.variation];
            const auto run = std::ranges::find_if(runs, [&](const auto& i) { return place.at(i) != nullptr; });
            if (run == runs.end()) continue;
            const Observed& value = *place.at(*run);
            Deviation found;
            found.before = "differs by itself";
            found.after = one.what;
            found.item = one.hole;
            found.in_hole = true;
            out_.differences.push_back({one.variation, place.name(), value.channel, value.host, found,
                                        context_of(value.value, found), of_[one.variation].size(), place.baselines(),
                                        one.chance, false});
        }
    }

    // What a pair shows and neither of its parts does.
    void settle_pairs() {
        const auto part_of = [&](const Variation& pair, const Variation& one) {
            return !one.is_pair() && std::ranges::any_of(pair.changes, [&](const Alteration& change) {
                return change.aspect == one.changes[0].aspect && change.value == one.changes[0].value;
            });
        };
        for (Difference& one : out_.differences) {
            const Variation& pair = variations_[one.variation];
            if (!pair.is_pair()) continue;
            one.only_in_pair = std::ranges::none_of(out_.differences, [&](const Difference& other) {
                return part_of(pair, variations_[other.variation]) && other.place == one.place &&
                       other.deviation.before == one.deviation.before && other.deviation.after == one.deviation.after;
            });
        }
    }

    std::span<const LabelledRun> runs_;
    std::span<const Variation> variations_;
    std::vector<std::vector<std::string>> spelled_;
    std::map<std::size_t, std::vector<std::size_t>> of_; // runs of a variation
    std::vector<std::size_t> repeat_;
    Comparison out_;
};

} // namespace

Comparison compare(std::span<const LabelledRun> runs, std::span<const Variation> variations) {
    return Comparing(runs, variations).compare();
}

bool is_stable(std::span<const LabelledRun> runs) {
    if (runs.size() < 3) return false;
    std::size_t fresh = 0;
    for (const auto& [name, last] : runs.back().seen) {
        std::vector<std::string_view> before;
        for (const LabelledRun& run : runs.first(runs.size() - 1))
            if (const auto found = run.seen.find(name); found != run.seen.end()) before.push_back(found->second.value);
        if (std::ranges::find(before, last.value) != before.end()) continue;
        if (!before.empty() && TextTemplate::of(before).compare(last.value).empty()) continue;
        if (last.host == "gateway") return false;
        ++fresh;
    }
    return fresh <=
           runs.back().seen.size() / 100; // what goes elsewhere is often batches of events, of which some are rare
}

} // namespace sallyport::lab
