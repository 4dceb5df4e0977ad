// sallyport inspect: what a client contains, before it is approved; and what a release changed.
#include "base/file.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/inspect_page.h"
#include "cli/inspect_print.h"
#include "cli/inspect_source.h"
#include "cli/terminal.h"
#include "lab/diff.h"
#include "lab/inspection.h"
#include "lab/report_json.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

constexpr std::size_t diff_lines = 10; // of one subject

struct InspectOptions {
    std::string client, html, registry, platform = "linux-x64";
    std::string from, to, notes;
    bool all = false, json = false;
};

Result<lab::Inspection> inspected(const std::string& client, const InspectOptions& options) {
    const auto source = find_client(client, options.registry, options.platform);
    if (!source) return std::unexpected(source.error());
    return cli::inspected(*source);
}

// Exit code of what was written to --html.
int write_page(const std::string& file, const std::string& page) {
    if (const auto written = replace_file(file, page, 0644); !written) return complain(written.error());
    return done;
}

int inspect(const InspectOptions& options) {
    if (options.client.empty()) {
        complain("name a client: a folder, a package, a program, or npm:NAME@VERSION");
        return wrong_use;
    }
    const auto inspection = inspected(options.client, options);
    if (!inspection) return complain(inspection.error());
    if (!options.html.empty())
        if (const int failed = write_page(options.html, inspect_page(*inspection)); failed != done) return failed;
    if (options.json)
        fmt::print("{}\n", lab::to_json(*inspection));
    else
        print(*inspection, options.all);
    return inspection->found_something() ? found_something : done;
}

int compare(const InspectOptions& options) {
    const auto before = inspected(options.from, options);
    if (!before) return complain(before.error());
    const auto after = inspected(options.to, options);
    if (!after) return complain(after.error());
    std::string notes = after->notes;
    if (!options.notes.empty()) {
        auto read = read_file(options.notes, limits::client_manifest_bytes_max);
        if (!read) return complain(read.error());
        notes = std::move(*read);
    }
    const lab::Diff diff = lab::compare(*before, *after, notes, options.all ? limits::client_names_max : diff_lines);
    if (options.json)
        fmt::print("{}\n", lab::to_json(diff));
    else
        print(diff);
    const bool concealed = !diff.changes.empty() && diff.changes.front().rank <= lab::Rank::marker &&
                           diff.changes.front().direction == lab::Direction::fresh;
    return concealed ? found_something : done;
}

void add_common(Command& command, InspectOptions& options) {
    command.option("--registry", options.registry, "An npm registry, for npm:…").environment("SALLYPORT_REGISTRY");
    command.option("--platform", options.platform, "Which of the packages of a program is fetched with it")
        .show_default();
    command.flag("--all", options.all, "Every name, not only groups of them");
    command.flag("--json", options.json, "Print an object");
}

} // namespace

void add_inspect(Command& app, int& exit_code) {
    static InspectOptions options;
    Command command = app.command(
        "inspect", "What a client contains: concealment, hosts, switches; nothing of it is run but by `inspect run`");
    command.option("client", options.client, "A folder, a package (tar, ZIP), a program, or npm:NAME@VERSION");
    command.option("--html", options.html, "Write the report as one page here");
    add_common(command, options);
    command.footer(
        "Exit codes: 0 nothing concealed was found, 1 something was, 4 it could not be inspected.\n\nExamples:\n"
        "  sallyport inspect ./acme-code-1.2.3.tgz\n"
        "  sallyport inspect npm:@acme/code@1.2.3 --html report.html\n"
        "  sallyport inspect /usr/local/bin/acme --json\n"
        "  sallyport inspect run ./acme-code-1.2.3.tgz --html report.html\n"
        "  sallyport inspect diff npm:@acme/code@1.2.3 npm:@acme/code@1.2.4 --notes CHANGELOG.md\n");
    const bool& is_run = add_inspect_run(command, exit_code);
    command.run([&exit_code, &is_run] {
        if (options.from.empty() && !is_run) exit_code = inspect(options);
    });
    Command diff =
        command.command("diff", "What changed between two versions, worst first, held against the release notes");
    diff.option("from", options.from, "The older one, as for `inspect`").required();
    diff.option("to", options.to, "The newer one").required();
    diff.option("--notes", options.notes, "The release notes (a CHANGELOG); else those in the newer package");
    add_common(diff, options);
    diff.footer("Exit codes: 0 nothing concealed is new, 1 something is, 4 it could not be compared.\n\nExample:\n"
                "  sallyport inspect diff acme-1.2.3.tgz acme-1.2.4.tgz --notes CHANGELOG.md\n");
    diff.run([&exit_code] { exit_code = compare(options); });
}

} // namespace sallyport::cli
