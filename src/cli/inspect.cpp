// sallyport inspect: what a client contains, before it is approved; and what a release changed.
#include "base/file.h"
#include "base/limits.h"
#include "catalog/osv.h"
#include "cli/commands.h"
#include "cli/inspect_notes.h"
#include "cli/inspect_page.h"
#include "cli/inspect_print.h"
#include "cli/inspect_source.h"
#include "cli/inspect_versions.h"
#include "cli/terminal.h"
#include "lab/diff.h"
#include "lab/inspection.h"
#include "lab/osv_draft.h"
#include "lab/report_json.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

constexpr std::size_t diff_lines = 10; // of one subject

struct InspectOptions {
    std::string client, html, registry, platform = "linux-x64";
    std::string from, to, notes, advisory, advisory_id, versions;
    std::uint64_t at_most = limits::bisected_versions_max;
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

// For a person to read, to sign and to import: nothing refuses anything by being written here.
int write_advisory(const lab::Inspection& inspection, const InspectOptions& options) {
    if (!inspection.found_something()) {
        fmt::print(stderr, "no advisory was drafted: nothing concealed was found\n");
        return done;
    }
    if (inspection.package.name.empty() || inspection.package.version.empty())
        return complain("no advisory can be drafted: no package.json says which package and version this is");
    lab::OsvDraft draft = lab::draft_of(inspection, lab::to_json(inspection) + "\n", wall_ms());
    draft.id = advisory_id(options.advisory_id);
    if (const auto written = replace_file(options.advisory, lab::to_osv(draft), 0644); !written)
        return complain(written.error());
    return done;
}

int inspect(const InspectOptions& options) {
    if (options.client.empty()) {
        complain("name a client: a folder, a package, a program, or npm:NAME@VERSION");
        return wrong_use;
    }
    if (!options.advisory_id.empty() && !catalog::is_advisory_id(options.advisory_id)) {
        complain("an advisory's id has letters, digits and -._; got '" + printable(options.advisory_id) + "'");
        return wrong_use;
    }
    if (!options.versions.empty())
        return inspect_versions({options.client, options.versions, options.registry, options.platform, options.advisory,
                                 options.advisory_id, options.at_most, options.json});
    const auto inspection = inspected(options.client, options);
    if (!inspection) return complain(inspection.error());
    if (!options.advisory.empty())
        if (const int failed = write_advisory(*inspection, options); failed != done) return failed;
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
        auto read = read_notes(options.notes, after->package.name);
        if (!read) fmt::print(stderr, "release notes are not available: {}\n", printable(read.error().message));
        notes = read ? std::move(*read) : std::string();
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
    command.option("--advisory", options.advisory, "Draft an advisory (OSV) of what was found, and write it here");
    command.option("--advisory-id", options.advisory_id, "Its id; else one that is made of the report's digest");
    command.option("--all-versions", options.versions,
                   "FROM..TO of npm:NAME: where a finding came and went, by few inspections");
    command.option("--at-most", options.at_most, "Versions to inspect for that").show_default();
    add_common(command, options);
    command.footer(
        "Exit codes: 0 nothing concealed was found, 1 something was, 4 it could not be inspected.\n\nExamples:\n"
        "  sallyport inspect ./acme-code-1.2.3.tgz\n"
        "  sallyport inspect npm:@acme/code@1.2.3 --html report.html\n"
        "  sallyport inspect /usr/local/bin/acme --json\n"
        "  sallyport inspect npm:@acme/code --all-versions 1.2.0..1.3.0 --advisory acme.json\n"
        "  sallyport inspect run ./acme-code-1.2.3.tgz --html report.html\n"
        "  sallyport inspect diff npm:@acme/code@1.2.3 npm:@acme/code@1.2.4 --notes CHANGELOG.md\n");
    const bool& is_run = add_inspect_run(command, exit_code);
    const bool& is_watch = add_inspect_watch(command, exit_code);
    command.run([&exit_code, &is_run, &is_watch] {
        if (options.from.empty() && !is_run && !is_watch) exit_code = inspect(options);
    });
    Command diff =
        command.command("diff", "What changed between two versions, worst first, held against the release notes");
    diff.option("from", options.from, "The older one, as for `inspect`").required();
    diff.option("to", options.to, "The newer one").required();
    diff.option("--notes", options.notes,
                "The release notes: a CHANGELOG or its https://…; \"feed\": where the catalogue says; else those in "
                "the newer package");
    add_common(diff, options);
    diff.footer("Exit codes: 0 nothing concealed is new, 1 something is, 4 it could not be compared.\n\nExample:\n"
                "  sallyport inspect diff acme-1.2.3.tgz acme-1.2.4.tgz --notes CHANGELOG.md\n");
    diff.run([&exit_code] { exit_code = compare(options); });
}

} // namespace sallyport::cli
