// sallyport inspect run: what a client sends, and which of its circumstances change that.
#include "base/file.h"
#include "cli/commands.h"
#include "cli/inspect_page.h"
#include "cli/inspect_print.h"
#include "cli/inspect_source.h"
#include "cli/terminal.h"
#include "lab/report_json.h"
#include "lab/runs_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace sallyport::cli {

namespace {

constexpr std::size_t decoded_max = 24;
constexpr std::int64_t seconds_max = 3'600;

struct RunOptions {
    std::string client, recipe, command, html, registry, platform = "linux-x64";
    std::vector<std::string> variables;
    std::uint64_t runs = 240, repeats = 1, seconds = 60;
    unsigned jobs = 2;
    bool no_pairs = false, no_static = false, switches = false, all = false, json = false;
};

// Texts that the client hides, and places that it compares with: their values are tried.
std::vector<std::string> decoded_of(const lab::Inspection& inspection) {
    std::vector<std::string> out;
    for (const lab::Finding& one : inspection.findings) {
        const bool is_hidden = one.kind == lab::Kind::concealed_text && one.confidence >= lab::Confidence::medium;
        if (!is_hidden && one.kind != lab::Kind::place_comparison) continue;
        if (out.size() < decoded_max && std::ranges::find(out, one.text) == out.end()) out.push_back(one.text);
    }
    return out;
}

lab::ExperimentOptions experiment_options(const RunOptions& options) {
    lab::ExperimentOptions out;
    out.runs_max = options.runs;
    out.repeats = std::max<std::uint64_t>(1, options.repeats);
    out.variables = options.variables;
    out.pairs = !options.no_pairs;
    out.switches = options.switches;
    out.jobs = std::clamp(options.jobs, 1u, 16u);
    out.limits.time_ms = std::clamp<std::int64_t>(static_cast<std::int64_t>(options.seconds), 1, seconds_max) * 1'000;
    return out;
}

int run(const RunOptions& options) {
    if (options.client.empty() == options.command.empty()) {
        complain("name a client (a folder, a package, a program, npm:NAME@VERSION), or a program by --command");
        return wrong_use;
    }
    const auto source = find_client(options.client, options.registry, options.platform);
    if (!source) return complain(source.error());
    std::optional<lab::Inspection> inspection;
    lab::ExperimentOptions wanted = experiment_options(options);
    if (!options.no_static && options.command.empty()) {
        auto made = inspected(*source);
        if (!made) return complain(made.error());
        wanted.decoded = decoded_of(*made);
        inspection = std::move(*made);
    }
    const char* const path = std::getenv("PATH");
    const auto subject = subject_of(*source, {options.recipe, options.command, path != nullptr ? path : ""});
    if (!subject) return complain(subject.error());
    Progress progress("runs");
    auto experiment =
        lab::experiment(*subject, wanted, [&](std::size_t done, std::size_t planned) { progress.tell(done, planned); });
    if (!experiment) return complain(experiment.error());
    experiment->command = options.command.empty() ? options.client : "--command '" + options.command + "'";
    lab::Inspection not_read;
    not_read.path = experiment->command;
    const lab::Inspection& shown = inspection ? *inspection : not_read;
    if (!options.html.empty())
        if (const auto written = replace_file(options.html, inspect_page(shown, &*experiment), 0644); !written)
            return complain(written.error());
    if (options.json)
        fmt::print("{}\n", lab::to_json(shown, lab::to_json(*experiment)));
    else
        print(*experiment, options.all);
    return experiment->found_something() || (inspection && inspection->found_something()) ? found_something : done;
}

} // namespace

const bool& add_inspect_run(Command& inspect, int& exit_code) {
    static RunOptions options;
    static bool was_named = false;
    Command command = inspect.command(
        "run",
        "What a client sends, and which of its circumstances change that: it is run many times, where nothing real "
        "can be reached");
    command.option("client", options.client, "A folder, a package (tar, ZIP), a program, or npm:NAME@VERSION");
    command.option("--command", options.command,
                   "Instead of a client: a program and its arguments (SALLYPORT_INSPECT_BASE tells it the gateway)");
    command.option(
        "--client", options.recipe,
        "How it is started: as claude-code, codex, gemini-cli, qwen-code, opencode, copilot; else by its package");
    command
        .option("--variables", options.variables,
                "Only variables whose names hold this word, such as zone, host, language")
        .one_each();
    command.flag("--no-pairs", options.no_pairs, "No two variables at a time");
    command.flag("--no-static", options.no_static,
                 "Without the static inspection, and the values that it finds hidden");
    command.flag("--switches", options.switches, "Measure each documented off-switch: what it stops");
    command.option("--runs", options.runs, "At most so many runs").show_default();
    command
        .option("--repeats", options.repeats,
                "Runs of each state at first; 7 and more find what is fixed inside of values that differ by themselves")
        .show_default();
    command.option("--jobs", options.jobs, "Runs at a time").show_default();
    command.option("--seconds", options.seconds, "A run that takes longer is ended").show_default();
    command.option("--html", options.html, "Write the report as one page here");
    command.option("--registry", options.registry, "An npm registry, for npm:…").environment("SALLYPORT_REGISTRY");
    command.option("--platform", options.platform, "Which of the packages of a program is fetched with it")
        .show_default();
    command.flag("--all", options.all, "Every place and echo");
    command.flag("--json", options.json, "Print an object");
    command.footer("Exit codes: 0 nothing concealed was found, 1 something was, 4 it could not be run.\n\nExamples:\n"
                   "  sallyport inspect run ./acme-code-1.2.3.tgz --html report.html\n"
                   "  sallyport inspect run npm:@acme/code@1.2.3 --switches\n"
                   "  sallyport inspect run --command 'python3 client.py' --variables zone --variables host\n");
    command.run([&exit_code] {
        was_named = true;
        exit_code = run(options);
    });
    return was_named;
}

} // namespace sallyport::cli
