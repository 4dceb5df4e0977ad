// sallyport ledger backup: a copy of the installation's data, while the gateway runs.
#include "backup/backup.h"
#include "cli/ledger_commands.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "tlog/lines.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct BackupOptions {
    std::string config, to, since;
    bool json = false;
};

void print_json(const BackupOptions& options, const backup::BackupMade& made) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("backup", options.to);
    writer.member("ok", made.verified.ok());
    writer.member("log", made.manifest.checkpoint.origin);
    writer.member("entries", made.manifest.checkpoint.size);
    writer.member("root", tlog::hash_text(made.manifest.checkpoint.root));
    writer.member("files", static_cast<std::uint64_t>(made.manifest.files.size()));
    writer.member("copied_bytes", made.copied_bytes);
    writer.member("linked_bytes", made.linked_bytes);
    writer.member("offloaded_files", made.offloaded_files);
    write_problems(writer, made.verified.problems);
    writer.end_object();
    fmt::print("{}\n", out);
}

void print(const BackupOptions& options, const backup::BackupMade& made) {
    fmt::print("{}: {} entries, {} files, {} bytes copied{}\n", printable(options.to), made.manifest.checkpoint.size,
               made.manifest.files.size(), made.copied_bytes,
               made.linked_bytes != 0 ? fmt::format(", {} the same as before", made.linked_bytes) : "");
    if (made.offloaded_files != 0)
        fmt::print("{} files lie where they were offloaded to and are not in it: back that directory up as well\n",
                   made.offloaded_files);
    for (const ledger::Problem& one : made.verified.problems)
        fmt::print("{} {}\n", ink(Ink::red, column(one.kind, 11)), printable(one.sentence));
    fmt::print("{}\n", ink(Ink::dim, "Keys and names are not in it: installation.key, ledger.key, body-keys.db, "
                                     "names.db (docs/operations.md)"));
}

int make(const BackupOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const auto made = backup::make_backup(
        {.installation = visit->installation, .state = *visit->state, .to = options.to, .since = options.since});
    if (!made) return complain(made.error());
    if (options.json)
        print_json(options, *made);
    else
        print(options, *made);
    return made->verified.ok() ? done : found_something;
}

} // namespace

void add_ledger_backup(Command& group, int& exit_code) {
    static BackupOptions options;
    Command command = group.command("backup", "Copy the installation's data into a new folder, while the gateway runs");
    add_config_option(command, options.config);
    command.option("directory", options.to, "The folder, which is not there yet").required();
    command.option("--since", options.since,
                   "An earlier backup on the same file system: what is the same is linked, not copied");
    command.flag("--json", options.json, "Print an object");
    command.footer("Never in it, since an erasure must hold against every backup: installation.key, ledger.key, "
                   "body-keys.db, names.db.\nExit code 1: it was made, but the ledger in it does not hold, or was not "
                   "wholly there to be read.\nExample:\n  sallyport ledger backup /backup/2026-11-28 --since "
                   "/backup/2026-11-27\n");
    command.run([&exit_code] { exit_code = make(options); });
}

} // namespace sallyport::cli
