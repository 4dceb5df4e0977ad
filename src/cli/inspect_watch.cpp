// sallyport inspect watch: new versions of approved clients, inspected and put before the person who approves.
#include "cli/inspect_watch.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/version.h"
#include "catalog/clients.h"
#include "cli/commands.h"
#include "cli/inspect_notes.h"
#include "cli/inspect_page.h"
#include "cli/inspect_source.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "lab/diff.h"
#include "lab/experiment.h"
#include "lab/osv_draft.h"
#include "lab/report_json.h"
#include "lab/runs_json.h"
#include "policy/program.h"
#include "policy/repository_entry.h"
#include "policy/version_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace sallyport::cli {

namespace {

constexpr std::size_t diff_lines = 10;

struct WatchOptions {
    std::string policy = "policy.yaml", out = "watched", registry, platform = "linux-x64", notes;
    std::uint64_t hours = 6;
    bool once = false, runs = false, json = false;
};

// One new version, and what came of it.
struct Watched {
    std::string client, version, against, folder, verdict, problem;
    bool found = false;
    std::size_t concealed_new = 0, undocumented = 0;
};

void tell(const Watched& one, bool as_json) {
    if (as_json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("client", one.client);
        if (!one.version.empty()) writer.member("version", one.version);
        if (!one.against.empty()) writer.member("against", one.against);
        if (!one.folder.empty()) writer.member("folder", one.folder);
        if (one.problem.empty()) {
            writer.member("verdict", one.verdict);
            writer.member("found_something", one.found);
            writer.member("concealed_new", static_cast<std::uint64_t>(one.concealed_new));
            writer.member("undocumented", static_cast<std::uint64_t>(one.undocumented));
            writer.member("approved", false); // by a person alone
        } else {
            writer.member("problem", one.problem);
        }
        writer.end_object();
        fmt::print("{}\n", out);
        return;
    }
    const std::string name = one.client + (one.version.empty() ? "" : " " + one.version);
    if (!one.problem.empty()) {
        fmt::print("{}: {}\n", name, ink(Ink::yellow, printable(one.problem)));
        return;
    }
    fmt::print("{} against {}: {}\n", ink(Ink::bold, name), one.against,
               ink(one.found ? Ink::red : Ink::plain, printable(one.verdict)));
    fmt::print("  {} concealed things are new, {} changes are undocumented; report and draft: {}\n", one.concealed_new,
               one.undocumented, one.folder);
}

Result<std::string> draft_of_policy(const std::string& file, const policy::Document& document,
                                    const policy::Client& client, const std::string& version) {
    const std::string& text = document.files.front().text;
    auto changed = policy::with_versions(text, client.name, client.versions.text + " || " + version);
    if (!changed) return std::unexpected(changed.error());
    return policy::unified_diff(text, *changed, std::filesystem::path(file).filename().string());
}

class Watch {
public:
    Watch(const WatchOptions& options, const Registry& registry, std::shared_ptr<const policy::Policy> policy)
        : options_(options), registry_(registry), policy_(std::move(policy)) {}

    std::vector<Watched> round() {
        std::vector<Watched> out;
        const policy::Document& document = policy_->program().document;
        for (const policy::Client& client : document.clients.value_or(std::vector<policy::Client>()))
            if (const auto* known = catalog::client_named(client.name); known != nullptr)
                watch(client, std::string(known->package), out);
        return out;
    }

private:
    void watch(const policy::Client& client, const std::string& package, std::vector<Watched>& out) {
        const auto add = [&](std::string problem) {
            Watched one;
            one.client = client.name;
            one.problem = std::move(problem);
            out.push_back(std::move(one));
            tell(out.back(), options_.json);
        };
        const auto all = registry_.versions(package);
        if (!all) return add(all.error().message);
        const Releases releases = releases_of(*all, client.versions);
        if (releases.newest_approved.empty()) return add("the registry has no version that the policy approves");
        if (releases.is_open)
            return add(fmt::format("the policy approves '{}', so each new version is approved before anybody looked at "
                                   "it; give it an end, such as \"{} <={}\"",
                                   client.versions.text, client.versions.text == "*" ? ">=0" : client.versions.text,
                                   releases.newest_approved));
        for (const std::string& version : releases.fresh) {
            const std::filesystem::path folder =
                std::filesystem::path(options_.out) / fmt::format("{}-{}", client.name, version);
            std::error_code code;
            if (std::filesystem::exists(folder / "summary.txt", code)) continue; // looked at in an earlier round
            Watched one;
            one.client = client.name;
            one.version = version;
            one.against = releases.newest_approved;
            one.folder = folder.string();
            fmt::print(stderr, "inspecting {} {}\n", client.name, version);
            if (auto done = inspect(client, package, folder, one); !done) one.problem = done.error().message;
            tell(one, options_.json);
            out.push_back(std::move(one));
        }
        if (releases.left_out > 0)
            add(fmt::format("{} older new versions were not looked at; the {} newest were", releases.left_out,
                            limits::watched_versions_max));
    }

    Result<lab::Inspection> inspected_version(const std::string& package, const std::string& version,
                                              InspectSource& source) {
        auto found = find_client("npm:" + package + "@" + version, options_.registry, options_.platform);
        if (!found) return std::unexpected(found.error());
        source = std::move(*found);
        return inspected(source);
    }

    Result<void> inspect(const policy::Client& client, const std::string& package, const std::filesystem::path& folder,
                         Watched& into) {
        InspectSource source;
        if (approved_name_ != package + "@" + into.against) { // it is the same for each of them
            auto before = inspected_version(package, into.against, source);
            if (!before) return std::unexpected(before.error());
            approved_ = std::move(*before);
            approved_name_ = package + "@" + into.against;
        }
        const auto after = inspected_version(package, into.version, source);
        if (!after) return std::unexpected(after.error());
        std::optional<lab::Experiment> runs;
        if (options_.runs) {
            auto made = run(source);
            if (!made) return std::unexpected(made.error());
            runs = std::move(*made);
        }
        std::string notes = after->notes;
        if (!options_.notes.empty()) {
            auto read = read_notes(options_.notes, package);
            if (!read) fmt::print(stderr, "release notes are not available: {}\n", printable(read.error().message));
            notes = read ? std::move(*read) : std::string();
        }
        const lab::Diff diff = lab::compare(approved_, *after, notes, diff_lines);
        into.found = after->found_something() || (runs && runs->found_something());
        into.verdict = after->verdict() + (runs ? " " + runs->verdict() : std::string());
        for (const lab::Change& one : diff.changes) {
            into.concealed_new += one.rank <= lab::Rank::marker && one.direction == lab::Direction::fresh ? 1 : 0;
            into.undocumented += one.documented == lab::Documented::no ? 1 : 0;
        }
        return write(client, folder, *after, runs ? &*runs : nullptr, diff, into);
    }

    static Result<lab::Experiment> run(const InspectSource& source) {
        const char* const path = std::getenv("PATH");
        const auto subject = subject_of(source, {"", "", path != nullptr ? path : ""});
        if (!subject) return std::unexpected(subject.error());
        Progress progress("runs");
        lab::ExperimentOptions wanted;
        return lab::experiment(*subject, wanted,
                               [&](std::size_t done, std::size_t planned) { progress.tell(done, planned); });
    }

    // summary.txt last: a round that was broken off looks again.
    Result<void> write(const policy::Client& client, const std::filesystem::path& folder, const lab::Inspection& after,
                       const lab::Experiment* runs, const lab::Diff& diff, const Watched& about) {
        std::error_code code;
        std::filesystem::create_directories(folder, code);
        if (code) return fail(ErrorKind::io, fmt::format("cannot make {}: {}", folder.string(), code.message()));
        const std::string report =
            (runs != nullptr ? lab::to_json(after, lab::to_json(*runs)) : lab::to_json(after)) + "\n";
        std::vector<std::pair<std::string, std::string>> files = {
            {"report.json", report},
            {"report.html", inspect_page(after, runs)},
            {"diff.json", lab::to_json(diff) + "\n"},
        };
        if (after.found_something())
            files.emplace_back("advisory.json", lab::to_osv(lab::draft_of(after, report, wall_ms())));
        auto patch = draft_of_policy(options_.policy, policy_->program().document, client, about.version);
        std::string how = patch ? "patch -p1 < policy.patch" : patch.error().message;
        if (patch) files.emplace_back("policy.patch", std::move(*patch));
        files.emplace_back(
            "summary.txt",
            fmt::format("{} {}, held against {}\n{}\n{} concealed things are new, {} changes are undocumented ({})\n"
                        "Nothing is approved by this: read report.html and diff.json; to approve: {}\n",
                        about.client, about.version, about.against, about.verdict, about.concealed_new,
                        about.undocumented, diff.has_notes ? "by the release notes" : "notes not available", how));
        for (const auto& [name, text] : files)
            if (auto written = replace_file(folder / name, text, 0644); !written) return written;
        return {};
    }

    const WatchOptions& options_;
    const Registry& registry_;
    std::shared_ptr<const policy::Policy> policy_;
    lab::Inspection approved_;
    std::string approved_name_;
};

int watch(const WatchOptions& options) {
    const auto registry = Registry::find(options.registry);
    if (!registry) return complain(registry.error());
    for (;;) {
        const policy::Policy::Loaded loaded = policy::load(options.policy); // anew: an approval ends the watch for it
        if (!loaded.policy) return complain(loaded.mistakes);
        const auto seen = Watch(options, *registry, loaded.policy).round();
        const bool failed = std::ranges::any_of(seen, [](const Watched& one) { return !one.problem.empty(); });
        const bool is_new = std::ranges::any_of(seen, [](const Watched& one) { return one.problem.empty(); });
        if (is_new)
            fmt::print(stderr, "Nothing is approved by this: a person reads the reports and changes the policy.\n");
        else if (!failed && !options.json)
            fmt::print("no new versions of approved clients\n");
        if (options.once) return is_new ? found_something : failed ? not_possible : done;
        std::fflush(stdout);
        std::this_thread::sleep_for(std::chrono::hours(options.hours));
    }
}

} // namespace

Releases releases_of(const std::vector<std::string>& all, const policy::VersionRange& approved) {
    Releases out;
    for (const std::string& one : all)
        if (approved.accepts(one)) out.newest_approved = one;
    // Above all that are named: whether what nobody has seen yet would be approved.
    out.is_open = approved.accepts("999999999.0.0");
    for (const std::string& one : all) {
        const bool is_pre_release = one.find('-') != std::string::npos;
        if (!out.newest_approved.empty() && !is_pre_release && !approved.accepts(one) &&
            compare_versions(one, out.newest_approved) > 0)
            out.fresh.push_back(one);
    }
    if (out.fresh.size() > limits::watched_versions_max) {
        out.left_out = out.fresh.size() - limits::watched_versions_max;
        out.fresh.erase(out.fresh.begin(), out.fresh.begin() + static_cast<std::ptrdiff_t>(out.left_out));
    }
    return out;
}

const bool& add_inspect_watch(Command& inspect, int& exit_code) {
    static WatchOptions options;
    static bool was_named = false;
    Command command = inspect.command("watch", "New versions of the clients that the policy approves: inspected, held "
                                               "against the newest approved one, put before a person");
    command.option("-p,--policy", options.policy, "The policy").show_default();
    command.option("--out", options.out, "Where reports and drafts go, a folder for each version").show_default();
    command.flag("--once", options.once, "One round, then end");
    command.option("--every", options.hours, "Hours between rounds").show_default();
    command.flag("--runs", options.runs, "Run each new version, too (inspect run)");
    command.option("--notes", options.notes,
                   "Release notes: a file, an https://… or \"feed\" (where the catalogue says)");
    command.option("--registry", options.registry, "An npm registry").environment("SALLYPORT_REGISTRY");
    command.option("--platform", options.platform, "Which of the packages of a program is fetched with it")
        .show_default();
    command.flag("--json", options.json, "One object a version");
    command.footer(
        "Each folder holds report.html, report.json, diff.json, policy.patch (the range with this version in "
        "it) and summary.txt.\nNothing is approved by itself. Exit codes of --once: 0 nothing new, 1 there "
        "are new versions, 4 it could not be looked.\n\nExample:\n"
        "  sallyport inspect watch --once --policy policy.yaml --out watched\n");
    command.run([&exit_code] {
        was_named = true;
        exit_code = watch(options);
    });
    return was_named;
}

} // namespace sallyport::cli
