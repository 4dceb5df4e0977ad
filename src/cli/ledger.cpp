// sallyport ledger list | show | reindex, and what the other commands of the group share
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/ledger_commands.h"
#include "cli/ledger_print.h"
#include "cli/ledger_source.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "ledger/query.h"
#include "ledger/row_json.h"
#include "policy/names.h"

#include <fmt/format.h>

#include <ranges>

namespace sallyport::cli {

bool take_times(LedgerOptions& options, int& exit_code) {
    const auto take = [&](const std::string& text, std::int64_t& into) {
        if (text.empty()) return true;
        into = parse_time(text, wall_ms());
        if (into >= 0) return true;
        complain("'" + printable(text) + "' is no time; write 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z");
        exit_code = wrong_use;
        return false;
    };
    return take(options.since, options.filter.from_ms) && take(options.until, options.filter.to_ms);
}

std::optional<OpenedLedger> open_ledger(LedgerOptions& options, int& exit_code) {
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return std::nullopt;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return std::nullopt;
    auto query = ledger::Query::open(visit->installation.ledger_directory(), visit->installation.index_file());
    if (!query) {
        exit_code = complain(query.error());
        return std::nullopt;
    }
    if (!take_times(options, exit_code)) return std::nullopt;
    if (auto updated = query->update(); !updated) {
        exit_code = complain(updated.error());
        return std::nullopt;
    }
    return OpenedLedger{config, std::move(*visit), std::move(*query)};
}

namespace {
// Words are literals of the program: they live as long as it does.
auto is_one_of(std::span<const std::string_view> words) {
    return [words](const std::string& text) {
        return std::ranges::find(words, text) != words.end() ? std::string()
                                                             : fmt::format("it is one of: {}", fmt::join(words, ", "));
    };
}
} // namespace

void add_ledger_filters(Command& command, LedgerOptions& options) {
    ledger::ExchangeFilter& filter = options.filter;
    command.option("--since", options.since, "From then on: 24h, 7d, 2026-11-22");
    command.option("--until", options.until, "Before then");
    command.option("--repository", filter.repository, "Of this repository");
    command.option("--class", filter.effective_class, "Of this class").check(is_one_of(policy::class_names));
    command.option("--client", filter.client, "By this client");
    command.option("--model", filter.model, "With this model");
    command.option("--rule", filter.rule, "Determined by this rule");
    command.option("--upstream", filter.upstream, "To this upstream");
    command.option("--vendor", filter.vendor, "To this vendor");
    command.option("--account", filter.account, "By this account");
    command.option("--person", filter.person, "By this person (pseudonym)");
    command.option("--team", filter.team, "By this team");
    command.option("--file", filter.file, "With this file named or found (its path, or the pseudonym)");
}

void add_entry_filters(Command& command, LedgerOptions& options) {
    add_ledger_filters(command, options);
    command.option("--client-version", options.filter.client_version, "By this version of the client");
    command.option("--decision", options.filter.decision, "Decided so: allow, warn, would-refuse, exception, refuse …")
        .check(is_one_of(ledger::decision_words));
    command.option("--finding", options.filter.finding, "With a finding by this rule of inspection");
    command.option("--session", options.filter.session, "Of this conversation (pseudonym)");
    command.option("--key", options.filter.key, "With this company key (its id)");
}

Option add_reason_option(Command& command, std::string& into, const char* about) {
    return command.option("--reason", into, about).check([](const std::string& why) {
        return why.find_first_not_of(" \t") == std::string::npos
                   ? std::string("it is empty; say why, since it is recorded")
                   : std::string();
    });
}

void add_source_options(Command& command, LedgerOptions& options, bool in_pages) {
    add_config_option(command, options.config);
    command
        .option("--gateway", options.gateway,
                "Ask the gateway whose admin listener this is (URL) in place of the files here, with the key in "
                "SALLYPORT_KEY")
        .environment("SALLYPORT_ADMIN");
    command.option("--limit", options.limit, "At most so many")
        .check(
            [](const std::string& text) { return text == "0" ? std::string("it must be 1 or more") : std::string(); })
        .show_default();
    if (in_pages) command.option("--cursor", options.cursor, "Go on behind a page");
    command.flag("--json", options.json, "One object a line");
}

void print_row(const ledger::ExchangeRow& row, const Sealed& sealed) {
    const bool is_refused = row.decision == "refuse" || row.decision.empty();
    const std::string decision = is_refused                ? ink(Ink::red, column("refuse", 13))
                                 : row.decision == "allow" ? ink(Ink::green, column(row.decision, 13))
                                                           : ink(Ink::yellow, column(row.decision, 13));
    const std::string client = row.client_version.empty() ? row.client : row.client + " " + row.client_version;
    const std::string more =
        row.also_claimed.empty() ? "" : fmt::format(" +{}", 1 + std::ranges::count(row.also_claimed, '\n'));
    const std::string unsealed = sealed.is_sealed(row.effective_class, row.last_entry).value_or(true)
                                     ? ""
                                     : ink(Ink::yellow, "  not sealed yet");
    fmt::print("{}  {}{}{}{}{}{}{}\n", ink(Ink::dim, rfc3339(row.at_ms)), decision, column(client, 24),
               column(row.effective_class, 15), column((row.repository.empty() ? "-" : row.repository) + more, 32),
               column(row.model, 22), row.upstream.empty() ? "-" : printable(row.upstream), unsealed);
    if (is_refused && !row.sentence.empty())
        fmt::print("{}{}{}\n", std::string(26, ' '), printable(row.sentence),
                   row.repeats > 0 ? fmt::format(" (asked {} times)", row.repeats + 1) : "");
}

namespace {

int list(LedgerOptions& options) {
    int exit_code = done;
    const auto source = open_source(options, exit_code);
    if (!source) return exit_code;
    const auto page = source->list(options.filter, options.cursor, options.limit);
    if (!page) return complain(page.error());
    const Sealed sealed = source->sealed();
    for (const ledger::ExchangeRow& row : page->rows) {
        if (!options.json) {
            print_row(row, sealed);
            continue;
        }
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        ledger::write_members(writer, source->origin(), row);
        if (const auto is = sealed.is_sealed(row.effective_class, row.last_entry)) writer.member("sealed", *is);
        writer.end_object();
        fmt::print("{}\n", out);
    }
    if (!page->cursor.empty()) fmt::print(stderr, "more: --cursor {}\n", page->cursor);
    if (page->rows.empty() && !options.json) fmt::print("no exchanges recorded here\n");
    return done;
}

int show(LedgerOptions& options) {
    int exit_code = done;
    const auto source = open_source(options, exit_code);
    if (!source) return exit_code;
    if (!options.body.empty()) { // of the last attempt: as it was recorded, byte for byte
        const auto body = source->body(options.id, options.body, options.why, options.by);
        if (!body) return complain(body.error());
        std::fwrite(body->data(), 1, body->size(), stdout);
        return done;
    }
    const auto shown = source->show(options.id);
    if (!shown) return complain(shown.error());
    const Sealed sealed = source->sealed();
    const std::string& cls = shown->exchange.effective_class;
    if (options.json) {
        fmt::print("{}\n", ledger::shown_json(source->origin(), *shown,
                                              [&](std::uint64_t index) { return sealed.is_sealed(cls, index); }));
        return done;
    }
    if (!shown->exchange.exchange.empty()) print_row(shown->exchange, sealed);
    for (const ledger::EntryText& entry : shown->entries) {
        const auto is = sealed.is_sealed(cls, entry.index);
        const std::string seal =
            !is   ? ""
            : *is ? fmt::format("  sealed by {} or more", sealed.cosignatures(cls))
                  : ink(Ink::yellow, fmt::format("  not sealed yet by {}", sealed.cosignatures(cls)));
        fmt::print("{}{}\n  {}\n", ink(Ink::bold, fmt::format("{}/{}", source->origin(), entry.index)), seal,
                   entry.json.empty() ? ink(Ink::dim, "its text takes access auditor, security or data-protection")
                                      : printable(entry.json));
    }
    return done;
}

// A file that is damaged is made anew: it is a cache.
Result<ledger::IndexUpdate> reindexed(const identity::Installation& installation) {
    const auto ledger = installation.ledger_directory(), file = installation.index_file();
    auto query = ledger::Query::open(ledger, file);
    auto done = query ? query->reindex() : Result<ledger::IndexUpdate>(std::unexpected(query.error()));
    if (done || done.error().kind == ErrorKind::unavailable) return done; // in use just now
    query = ledger::Query::discard_and_open(ledger, file);
    return query ? query->reindex() : std::unexpected(query.error());
}

int reindex(LedgerOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    const auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const auto updated = reindexed(visit->installation);
    if (!updated) return complain(updated.error());
    if (options.json)
        fmt::print("{{\"entries\":{},\"next_index\":{}}}\n", updated->entries, updated->next_index);
    else
        fmt::print("{} entries read, the index is built anew\n", updated->entries);
    return done;
}

} // namespace

void add_ledger(Command& app, int& exit_code) {
    static LedgerOptions options;
    Command group = app.command("ledger", "What left, to whom, under which rule");
    group.needs_command();

    Command list_command = group.command("list", "Exchanges, newest first");
    add_source_options(list_command, options);
    add_entry_filters(list_command, options);
    list_command.footer(
        "Examples:\n  sallyport ledger list --since 24h --decision refuse\n  sallyport ledger list --json | head\n"
        "  SALLYPORT_KEY=$(cat my.key) sallyport ledger list --gateway http://127.0.0.1:9090\n");
    list_command.run([&exit_code] { exit_code = list(options); });

    Command show_command = group.command("show", "One exchange with its entries");
    show_command.option("id", options.id, "origin/index of an entry, or the reference shown in a refusal").required();
    add_config_option(show_command, options.config);
    show_command.option("--gateway", options.gateway, "Ask this gateway, as list does").environment("SALLYPORT_ADMIN");
    show_command.flag("--json", options.json, "Print an object");
    const Option reason =
        add_reason_option(show_command, options.why, "Why the body is read; it is recorded, as that it was read");
    show_command.option("--body", options.body, "Its body, byte for byte, on standard output: request or response")
        .one_of({"request", "response"})
        .needs(reason);
    show_command.option("--by", options.by, "Who reads it; else who is at the keyboard");
    show_command.run([&exit_code] { exit_code = show(options); });

    add_ledger_left(group, exit_code);
    add_ledger_verify(group, exit_code);
    add_ledger_bundle(group, exit_code);
    add_ledger_erase(group, exit_code);
    add_ledger_backup(group, exit_code);
    add_ledger_restore(group, exit_code);
    add_ledger_offload(group, exit_code);
    add_ledger_recover(group, exit_code);
    add_ledger_export(group, exit_code);
    add_ledger_report(group, exit_code);
    add_ledger_witness(group, exit_code);
    add_ledger_search(group, exit_code);
    add_ledger_unmask(group, exit_code);

    Command reindex_command = group.command("reindex", "Build the index anew from the entries");
    add_config_option(reindex_command, options.config);
    reindex_command.flag("--json", options.json, "Print an object");
    reindex_command.run([&exit_code] { exit_code = reindex(options); });
}

} // namespace sallyport::cli
