// sallyport ledger list | show | reindex, and what the other commands of the group share
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/kept.h"
#include "cli/ledger_commands.h"
#include "cli/sealed.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "ledger/query.h"

#include <fmt/format.h>

#include <ranges>

namespace sallyport::cli {

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
    const auto take_time = [&](const std::string& text, std::int64_t& into) {
        if (text.empty()) return true;
        into = parse_time(text, wall_ms());
        if (into >= 0) return true;
        complain("'" + printable(text) + "' is no time; write 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z");
        exit_code = wrong_use;
        return false;
    };
    if (!take_time(options.since, options.filter.from_ms) || !take_time(options.until, options.filter.to_ms))
        return std::nullopt;
    if (auto updated = query->update(); !updated) {
        exit_code = complain(updated.error());
        return std::nullopt;
    }
    return OpenedLedger{config, std::move(*visit), std::move(*query)};
}

ledger::Unseal unsealer(Visit& visit) {
    return [&visit](std::string_view pseudonym) -> std::optional<std::string> {
        auto name = visit.pseudonyms->name_of(*visit.state, pseudonym);
        return name ? *name : std::nullopt;
    };
}

void add_ledger_filters(Command& command, LedgerOptions& options) {
    command.option("--since", options.since, "From then on: 24h, 7d, 2026-11-22");
    command.option("--until", options.until, "Before then");
    command.option("--repository", options.filter.repository, "Of this repository");
    command.option("--class", options.filter.effective_class, "Of this class");
    command.option("--client", options.filter.client, "By this client");
    command.option("--model", options.filter.model, "With this model");
    command.option("--decision", options.filter.decision, "Decided so: allow, warn, would-refuse, refuse");
    command.option("--rule", options.filter.rule, "Determined by this rule");
    command.option("--upstream", options.filter.upstream, "To this upstream");
    command.option("--person", options.filter.person, "By this person (pseudonym)");
    command.option("--team", options.filter.team, "By this team");
    command.option("--limit", options.limit, "At most so many").show_default();
    command.flag("--json", options.json, "One object a line");
}

namespace {

void member_if(json::Writer& writer, std::string_view key, const std::string& value) {
    if (!value.empty()) writer.member(key, value);
}

// Of all its entries so far.
std::optional<bool> is_sealed(const Sealed& sealed, const ledger::ExchangeRow& row) {
    return sealed.is_sealed(row.effective_class, row.last_entry);
}

void write_row(json::Writer& writer, const std::string& origin, const ledger::ExchangeRow& row, const Sealed& sealed) {
    writer.member("id", origin + "/" + std::to_string(row.first_entry));
    writer.member("exchange", row.exchange);
    writer.member("at", rfc3339(row.at_ms));
    writer.begin_object("client");
    writer.member("name", row.client);
    writer.member("version", row.client_version);
    writer.end_object();
    writer.begin_object("repository");
    writer.member("id", row.repository);
    writer.member("class", row.effective_class);
    writer.member("evidence", row.evidence);
    if (!row.also_claimed.empty()) {
        writer.begin_array("also_claimed");
        for (const auto part : std::views::split(row.also_claimed, '\n')) writer.element(std::string_view(part));
        writer.end_array();
    }
    writer.end_object();
    member_if(writer, "person", row.person);
    member_if(writer, "team", row.team);
    member_if(writer, "machine", row.machine);
    member_if(writer, "session", row.session);
    member_if(writer, "key", row.key);
    writer.member("dialect", row.dialect);
    writer.member("operation", row.operation);
    writer.member("model", row.model);
    writer.member("stream", row.stream);
    writer.member("decision", row.decision);
    member_if(writer, "rule", row.rule);
    member_if(writer, "refused_by", row.refused_by);
    member_if(writer, "reason", row.sentence);
    member_if(writer, "upstream", row.upstream);
    member_if(writer, "vendor", row.vendor);
    member_if(writer, "account", row.account);
    writer.member("attempts", row.attempts);
    if (row.status >= 0) writer.member("status", row.status);
    member_if(writer, "ended", row.ended);
    member_if(writer, "stop_reason", row.stop_reason);
    member_if(writer, "error", row.error);
    for (const auto& [name, value] :
         {std::pair{"sent_bytes", row.sent_bytes}, std::pair{"answer_bytes", row.answer_bytes},
          std::pair{"input_tokens", row.input_tokens}, std::pair{"output_tokens", row.output_tokens},
          std::pair{"cache_read_tokens", row.cache_read_tokens},
          std::pair{"cache_write_tokens", row.cache_write_tokens}, std::pair{"total_ms", row.total_ms}})
        if (value >= 0) writer.member(name, value);
    writer.member("repeats", row.repeats);
    if (const auto is = is_sealed(sealed, row)) writer.member("sealed", *is);
}

void print_row(const ledger::ExchangeRow& row, const Sealed& sealed) {
    const bool is_refused = row.decision == "refuse" || row.decision.empty();
    const std::string decision = is_refused                ? ink(Ink::red, column("refuse", 13))
                                 : row.decision == "allow" ? ink(Ink::green, column(row.decision, 13))
                                                           : ink(Ink::yellow, column(row.decision, 13));
    const std::string client = row.client_version.empty() ? row.client : row.client + " " + row.client_version;
    const std::string more =
        row.also_claimed.empty() ? "" : fmt::format(" +{}", 1 + std::ranges::count(row.also_claimed, '\n'));
    const std::string unsealed = is_sealed(sealed, row).value_or(true) ? "" : ink(Ink::yellow, "  not sealed yet");
    fmt::print("{}  {}{}{}{}{}{}{}\n", ink(Ink::dim, rfc3339(row.at_ms)), decision, column(client, 24),
               column(row.effective_class, 15), column((row.repository.empty() ? "-" : row.repository) + more, 32),
               column(row.model, 22), row.upstream.empty() ? "-" : printable(row.upstream), unsealed);
    if (is_refused && !row.sentence.empty())
        fmt::print("{}{}{}\n", std::string(26, ' '), printable(row.sentence),
                   row.repeats > 0 ? fmt::format(" (asked {} times)", row.repeats + 1) : "");
}

int list(LedgerOptions& options) {
    int exit_code = done;
    auto opened = open_ledger(options, exit_code);
    if (!opened) return exit_code;
    auto page = opened->query.list(options.filter, options.cursor, options.limit);
    if (!page) return complain(page.error());
    const ledger::Unseal unseal = unsealer(opened->visit);
    const Sealed sealed = Sealed::open(*opened->config, opened->visit.installation);
    for (ledger::ExchangeRow& row : page->rows) {
        if (options.names) ledger::unmask(row, unseal);
        if (!options.json) {
            print_row(row, sealed);
            continue;
        }
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        write_row(writer, opened->visit.installation.origin(), row, sealed);
        writer.end_object();
        fmt::print("{}\n", out);
    }
    if (!page->cursor.empty()) fmt::print(stderr, "more: --cursor {}\n", page->cursor);
    if (page->rows.empty() && !options.json) fmt::print("no exchanges recorded here\n");
    return done;
}

// Of the exchange's last attempt: as it was recorded, byte for byte, on standard output. Who reads a body is recorded first.
int show_body(LedgerOptions& options, OpenedLedger& opened, const ledger::Shown& shown) {
    const auto kept = KeptReader::open(opened.visit);
    if (!kept) return complain(kept.error());
    std::optional<ledger::Body> wanted;
    std::uint64_t index = 0;
    for (const ledger::EntryText& entry : shown.entries) {
        const auto read = ledger::decode(entry.json);
        if (!read) return complain(read.error());
        const auto* intent = read->as<ledger::Intent>();
        const auto* outcome = read->as<ledger::Outcome>();
        if (intent != nullptr) (*kept)->belongs_to(*intent);
        if (options.body == "request" && intent != nullptr) wanted = intent->sent, index = entry.index;
        if (options.body == "response" && outcome != nullptr) wanted = outcome->answer, index = entry.index;
    }
    if (!wanted) return complain("the exchange has no " + options.body + " that is recorded");
    if (auto told = (*kept)->record(options.by, options.why, fmt::format("{} of entry {}", options.body, index)); !told)
        return complain(told.error());
    const auto body = (*kept)->body(*wanted);
    if (!body) return complain(body.error());
    std::fwrite(body->data(), 1, body->size(), stdout);
    return done;
}

std::string_view sealed_member(std::optional<bool> is) {
    return !is ? "" : *is ? "\"sealed\":true," : "\"sealed\":false,";
}

int show(LedgerOptions& options) {
    int exit_code = done;
    auto opened = open_ledger(options, exit_code);
    if (!opened) return exit_code;
    auto shown = opened->query.show(options.id);
    if (!shown) return complain(shown.error());
    if (!options.body.empty()) return show_body(options, *opened, *shown);
    if (options.names) ledger::unmask(shown->exchange, unsealer(opened->visit));
    const std::string& origin = opened->visit.installation.origin();
    const Sealed sealed = Sealed::open(*opened->config, opened->visit.installation);
    const std::string& cls = shown->exchange.effective_class;
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.begin_object("exchange");
        write_row(writer, origin, shown->exchange, sealed);
        writer.end_object();
        writer.begin_array("entries");
        for (const ledger::EntryText& entry : shown->entries)
            writer.element_raw(fmt::format("{{\"id\":\"{}/{}\",{}\"entry\":{}}}", origin, entry.index,
                                           sealed_member(sealed.is_sealed(cls, entry.index)), entry.json));
        writer.end_array();
        writer.end_object();
        fmt::print("{}\n", out);
        return done;
    }
    print_row(shown->exchange, sealed);
    for (const ledger::EntryText& entry : shown->entries) {
        const auto is = sealed.is_sealed(cls, entry.index);
        const std::string seal =
            !is   ? ""
            : *is ? fmt::format("  sealed by {} or more", sealed.cosignatures(cls))
                  : ink(Ink::yellow, fmt::format("  not sealed yet by {}", sealed.cosignatures(cls)));
        fmt::print("{}{}\n  {}\n", ink(Ink::bold, fmt::format("{}/{}", origin, entry.index)), seal,
                   printable(entry.json));
    }
    return done;
}

int reindex(LedgerOptions& options) {
    int exit_code = done;
    auto opened = open_ledger(options, exit_code);
    if (!opened) return exit_code;
    const auto updated = opened->query.reindex();
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
    add_config_option(list_command, options.config);
    add_ledger_filters(list_command, options);
    list_command.option("--cursor", options.cursor, "Go on behind a page");
    list_command.flag("--names", options.names, "Names instead of pseudonyms");
    list_command.footer(
        "Examples:\n  sallyport ledger list --since 24h --decision refuse\n  sallyport ledger list --json | head\n");
    list_command.run([&exit_code] { exit_code = list(options); });

    Command show_command = group.command("show", "One exchange with its entries");
    add_config_option(show_command, options.config);
    show_command.option("id", options.id, "origin/index of an entry, or the reference shown in a refusal").required();
    show_command.flag("--json", options.json, "Print an object");
    show_command.flag("--names", options.names, "Names instead of pseudonyms");
    show_command.option("--body", options.body, "Its body, byte for byte, on standard output: request or response")
        .one_of({"request", "response"});
    show_command.option("--reason", options.why, "Why the body is read; it is recorded, as that it was read");
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

    Command reindex_command = group.command("reindex", "Build the index anew from the entries");
    add_config_option(reindex_command, options.config);
    reindex_command.flag("--json", options.json, "Print an object");
    reindex_command.run([&exit_code] { exit_code = reindex(options); });
}

} // namespace sallyport::cli
