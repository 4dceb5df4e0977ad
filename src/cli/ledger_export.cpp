// sallyport ledger export | import: the ledger as a log that others' programs read, and others' logs read here (C2SP tlog-tiles).
#include "base/limits.h"
#include "cli/ledger_commands.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "ledger/export_log.h"
#include "ledger/import_log.h"
#include "tlog/lines.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct LogOptions {
    std::string config, ledger, folder;
    std::vector<std::string> keys;
    bool json = false;
};

void write_checkpoint(json::Writer& writer, const tlog::Checkpoint& one) {
    writer.begin_object("checkpoint");
    writer.member("origin", one.origin);
    writer.member("size", one.size);
    writer.member("root", tlog::hash_text(one.root));
    writer.end_object();
}

int export_ledger(const LogOptions& options) {
    int exit_code = done;
    auto place = open_place(options.config, options.ledger, options.keys, exit_code);
    if (!place) return exit_code;
    std::optional<Progress> progress("entries");
    const auto made = ledger::export_log({.directory = place->directory,
                                          .target = options.folder,
                                          .keys = std::move(place->keys),
                                          .progress = [&](std::uint64_t entries) { progress->tell(entries); }});
    progress.reset();
    if (!made) return complain(made.error());
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("directory", options.folder);
        write_checkpoint(writer, made->checkpoint);
        writer.member("files_written", made->files_written);
        writer.member("files_kept", made->files_kept);
        writer.member("files_mended", made->files_mended);
        writer.end_object();
        fmt::print("{}\n", out);
        return done;
    }
    fmt::print("{}: {} entries of {}; {} files written, {} were there\n", printable(options.folder),
               made->checkpoint.size, printable(made->checkpoint.origin), made->files_written, made->files_kept);
    if (made->files_mended > 0)
        fmt::print("{}\n",
                   ink(Ink::yellow, fmt::format("{} of the written ones were there and were not what was signed",
                                                made->files_mended)));
    return done;
}

void print_json(const ledger::Imported& found) {
    std::string out;
    json::Writer writer(out);
    const auto list = [&](std::string_view name, std::span<const std::string> texts) {
        writer.begin_array(name);
        for (const std::string& text : texts) writer.element(text);
        writer.end_array();
    };
    writer.begin_object();
    writer.member("ok", found.ok());
    if (found.checkpoint) write_checkpoint(writer, found.checkpoint->checkpoint);
    list("signers", found.signers);
    list("witnesses", found.witnesses);
    writer.member("has_entries", found.has_entries);
    writer.member("entries", found.entries);
    writer.begin_array("trusted");
    for (const ledger::EntryRange& range : found.trusted)
        writer.element_raw(fmt::format("[{},{}]", range.first, range.last));
    writer.end_array();
    writer.member("trusted_left_out", found.trusted_left_out);
    write_problems(writer, found.problems);
    writer.member("problems_left_out", found.problems_left_out);
    writer.end_object();
    fmt::print("{}\n", out);
}

void print(const ledger::Imported& found) {
    for (const ledger::Problem& one : found.problems)
        fmt::print("{} {}\n", ink(Ink::red, column(one.kind, 11)), printable(one.sentence));
    if (found.problems_left_out > 0) fmt::print("and {} more\n", found.problems_left_out);
    const std::string_view what = found.has_entries ? "entries" : "hashes of entries";
    if (found.ok()) {
        fmt::print("{} {} {} of {} fit its checkpoint; signed by {}; witnesses: {}\n", ink(Ink::green, "whole"),
                   found.entries, what, printable(found.checkpoint->checkpoint.origin),
                   printable(fmt::format("{}", fmt::join(found.signers, ", "))),
                   found.witnesses.empty() ? "none" : printable(fmt::format("{}", fmt::join(found.witnesses, ", "))));
    } else if (found.trusted.empty()) {
        fmt::print("nothing fits the checkpoint\n");
    } else {
        std::string ranges;
        for (const ledger::EntryRange& range : found.trusted)
            ranges += fmt::format("{}{} to {}", ranges.empty() ? "" : ", ", range.first, range.last);
        if (found.trusted_left_out > 0) ranges += fmt::format(" and {} more", found.trusted_left_out);
        fmt::print("{} {} fit the checkpoint\n", what, ranges);
    }
    if (!found.has_entries)
        fmt::print("{}\n", ink(Ink::yellow, "the entries are not in a form that is read here (tile/data, and no "
                                            "tile/entries): only the tiles were verified"));
}

int import_log(const LogOptions& options) {
    ledger::ImportOptions asked{.directory = options.folder, .keys = {}};
    for (const std::string& key : options.keys)
        if (auto added = add_keys(key, asked.keys); !added) return complain(added.error());
    std::optional<Progress> progress("entries");
    asked.progress = [&](std::uint64_t entries) { progress->tell(entries); };
    const auto found = ledger::import_log(asked);
    progress.reset();
    if (!found) return complain(found.error());
    if (options.json)
        print_json(*found);
    else
        print(*found);
    return found->ok() ? done : found_something;
}

} // namespace

void add_ledger_export(Command& group, int& exit_code) {
    static LogOptions options;
    Command export_command =
        group.command("export", "The whole ledger as a log that other programs read (C2SP tlog-tiles)");
    add_config_option(export_command, options.config);
    export_command
        .option("directory", options.folder, "Write it here; what is there of this ledger already is gone on with")
        .required();
    export_command.option("--ledger", options.ledger, "The ledger in this folder, wherever it came from; needs --key");
    export_command
        .option("--key", options.keys, "The log's verifier key, or a file of them; else the installation's own")
        .one_each();
    export_command.flag("--json", options.json, "Print an object");
    export_command.footer("Examples:\n  sallyport ledger export /srv/log      # again each night: only what is new is "
                          "written\n  sallyport ledger import /srv/log --key \"$(sallyport ledger key)\"\n");
    export_command.run([&exit_code] { exit_code = export_ledger(options); });

    Command import_command =
        group.command("import", "Verify a log in a folder, by whatever program it was written (C2SP tlog-tiles)");
    import_command.option("directory", options.folder, "The folder that holds 'checkpoint' and 'tile'").required();
    import_command.option("--key", options.keys, "The log's or a witness's verifier key, or a file of them")
        .required()
        .one_each();
    import_command.flag("--json", options.json, "Print an object");
    import_command.footer("Example:\n  sallyport ledger import ./mirror --key example.com/log+1c2d3e4f+AQ…\n"
                          "Exit code 1: something does not fit.\n");
    import_command.run([&exit_code] { exit_code = import_log(options); });
}

} // namespace sallyport::cli
