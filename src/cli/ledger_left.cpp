// sallyport ledger left: which code left, to whom, how often, and how it is known.
#include "base/clock.h"
#include "base/file.h"
#include "cli/ledger_source.h"
#include "cli/left_page.h"
#include "cli/terminal.h"
#include "ledger/row_json.h"

#include <fmt/format.h>

#include <set>

namespace sallyport::cli {

namespace {

struct LeftOptions : LedgerOptions {
    std::string html;
    bool csv = false;
};

// RFC 4180; what a spreadsheet would take for a formula begins with an apostrophe.
std::string cell(std::string_view text) {
    std::string out = "\"";
    if (!text.empty() && std::string_view("=+-@\t\r").contains(text.front())) out += '\'';
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

void print_csv(std::span<const ledger::FileRow> rows) {
    fmt::print("repository,file,lines,how_known,vendor,account,upstream,model,client,rule,class,persons,count,"
               "characters,first,last\r\n");
    for (const ledger::FileRow& row : rows)
        fmt::print("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", cell(row.repository), cell(row.file),
                   cell(row.lines), cell(ledger::how_known(row)), cell(row.vendor), cell(row.account),
                   cell(row.upstream), cell(row.model), cell(row.client), cell(row.rule), cell(row.effective_class),
                   row.persons, row.count, row.characters, rfc3339(row.first_ms), rfc3339(row.last_ms));
}

void print(std::span<const ledger::FileRow> rows) {
    std::string repository = "\n";
    std::set<std::string> files;
    for (const ledger::FileRow& row : rows) {
        if (row.repository != repository)
            fmt::print("{}\n",
                       ink(Ink::bold, row.repository.empty() ? "repository not told" : printable(row.repository)));
        repository = row.repository;
        files.insert(row.repository + "\n" + row.file);
        const std::string where = printable(row.file) + (row.lines.empty() ? "" : ":" + row.lines);
        const bool verified = row.how == "verified";
        fmt::print("  {}\n    {} to {}{}, {}, by {} {} with {}, {} to {}, {} {}\n", where,
                   ink(verified ? Ink::red : Ink::yellow, ledger::how_known(row)),
                   printable(row.vendor.empty() ? row.upstream : row.vendor),
                   row.account.empty() ? "" : " (" + printable(row.account) + ")", printable(row.model), row.persons,
                   row.persons == 1 ? "person" : "persons", printable(row.client), rfc3339(row.first_ms),
                   rfc3339(row.last_ms), row.count, row.count == 1 ? "time" : "times");
    }
    fmt::print("{}\n", ink(Ink::dim, fmt::format("{} files; verified: compared byte by byte; named: the client's word",
                                                 files.size())));
}

int left(LeftOptions& options) {
    if (static_cast<int>(options.json) + static_cast<int>(options.csv) + static_cast<int>(!options.html.empty()) > 1) {
        [[maybe_unused]] const int told = complain("one of --json, --csv and --html at a time");
        return wrong_use;
    }
    int exit_code = done;
    const auto source = open_source(options, exit_code);
    if (!source) return exit_code;
    auto page = source->left(options.filter, options.cursor, options.limit, false);
    if (!page) return complain(page.error());
    std::vector<ledger::FileRow>& rows = page->rows;
    std::ranges::sort(rows, {}, [](const ledger::FileRow& row) {
        return std::tie(row.repository, row.file, row.how, row.last_ms, row.last_entry);
    });
    if (!options.html.empty()) {
        std::string asked = options.filter.repository.empty() ? "all repositories" : options.filter.repository;
        if (!options.since.empty()) asked += ", since " + options.since;
        asked += ", as of " + rfc3339(wall_ms());
        if (!page->cursor.empty()) asked += fmt::format("; only {} rows, --limit shows more", options.limit);
        const auto apart = source->left(options.filter, options.cursor, options.limit, true);
        if (!apart) return complain(apart.error());
        if (auto written = replace_file(options.html, left_page(rows, apart->rows, asked), 0600); !written)
            return complain(written.error());
        fmt::print("{}\n", printable(options.html));
    } else if (options.csv) {
        print_csv(rows);
    } else if (options.json) {
        for (const ledger::FileRow& row : rows) {
            std::string out;
            json::Writer writer(out);
            writer.begin_object();
            ledger::write_members(writer, source->origin(), row);
            writer.end_object();
            fmt::print("{}\n", out);
        }
    } else {
        print(rows);
    }
    if (!page->cursor.empty()) fmt::print(stderr, "more: --cursor {}\n", page->cursor);
    constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
    if (options.filter.from_ms % day_ms != 0 || options.filter.to_ms % day_ms != 0)
        fmt::print(stderr, "files are summed by day: of the days of --since and --until all is counted (UTC)\n");
    return done;
}

} // namespace

void add_ledger_left(Command& group, int& exit_code) {
    static LeftOptions options;
    options.limit = 10'000;
    Command command = group.command("left", "Which files left, which of their lines, to whom, how it is known");
    add_source_options(command, options);
    add_ledger_filters(command, options);
    command.flag("--csv", options.csv, "A table for a spreadsheet");
    command.option("--html", options.html, "Write one page that needs nothing else to this file");
    command.footer("Files are summed by day: --since and --until count whole days (UTC). Attempts that came to no "
                   "connection are left\n"
                   "out; those under way, or cut off by the gateway's end, are counted: they may have left.\n\n"
                   "Examples:\n  sallyport ledger left --repository git.acme.example/web/site --since 7d\n"
                   "  sallyport ledger left --since 30d --html left.html\n");
    command.run([&exit_code] { exit_code = left(options); });
}

} // namespace sallyport::cli
