// sallyport policy what-if
#include "base/clock.h"
#include "cli/open.h"
#include "cli/policy_commands.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "ledger/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unistd.h>

namespace sallyport::cli {

namespace {

struct WhatIfOptions {
    std::string config, file, since = "7d";
    std::size_t limit = 40;
    bool json = false;
};

void write_json(const ledger::WhatIf& report,
                std::span<const std::pair<const ledger::Shift, ledger::WhatIf::Row>* const> rows,
                const std::string& origin) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("decisions", report.decisions);
    writer.member("same", report.same);
    writer.begin_array("changes");
    for (const auto* row : rows) {
        std::string one;
        json::Writer item(one);
        item.begin_object();
        item.member("change", ledger::name(row->first.kind));
        item.member("person", row->first.person);
        item.member("repository", row->first.repository);
        item.member("rule_before", row->first.rule_before);
        item.member("rule_after", row->first.rule_after);
        item.member("count", row->second.count);
        item.member("example", origin + "/" + std::to_string(row->second.example));
        if (!row->second.sentence.empty()) item.member("sentence", row->second.sentence);
        item.end_object();
        writer.element_raw(one);
    }
    writer.end_array();
    writer.end_object();
    fmt::print("{}\n", out);
}

void print(const ledger::WhatIf& report,
           std::span<const std::pair<const ledger::Shift, ledger::WhatIf::Row>* const> rows, const std::string& origin,
           std::size_t limit) {
    fmt::print("{} decisions, {} as they were recorded\n", report.decisions,
               report.same == report.decisions ? ink(Ink::green, "all") : std::to_string(report.same));
    std::size_t shown = 0;
    for (const auto* row : rows) {
        if (shown++ == limit) {
            fmt::print("… and {} more rows; --limit shows them\n", rows.size() - limit);
            return;
        }
        const auto& [shift, found] = *row;
        const bool refused = shift.kind == ledger::Shift::Kind::newly_refused;
        const auto rule = [](const std::string& id) { return id.empty() ? std::string("no rule") : printable(id); };
        fmt::print("{}  {} x  {}  {}  {} -> {}  ({}/{})\n",
                   ink(refused ? Ink::red : Ink::yellow, ledger::name(shift.kind)), found.count,
                   printable(shift.repository.empty() ? "repository not told" : shift.repository),
                   printable(shift.person), rule(shift.rule_before), rule(shift.rule_after), origin, found.example);
        if (!found.sentence.empty()) fmt::print("    {}\n", ink(Ink::dim, printable(found.sentence)));
    }
}

int what_if(const WhatIfOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const std::int64_t since_ms = parse_time(options.since, wall_ms());
    if (since_ms < 0) {
        [[maybe_unused]] const int told = complain("'" + printable(options.since) +
                                                   "' is no time; write 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z");
        return wrong_use;
    }
    const policy::Policy::Loaded loaded = policy::load(options.file);
    if (!loaded.policy) return complain(loaded.mistakes);
    ledger::WhatIf report;
    const std::int64_t begun_us = monotonic_us();
    const bool watched = ::isatty(STDERR_FILENO) == 1;
    const auto read = ledger::each_judgement(visit->installation.ledger_directory(), since_ms,
                                             [&](std::uint64_t index, const ledger::Judgement& recorded) {
                                                 ledger::decide_again(*loaded.policy, index, recorded, report);
                                                 if (watched && index % 50'000 == 0)
                                                     fmt::print(stderr, "\r{} decisions", report.decisions);
                                                 return true;
                                             });
    if (watched) fmt::print(stderr, "\r\033[K");
    const std::int64_t took_us = std::max<std::int64_t>(monotonic_us() - begun_us, 1);
    if (!options.json)
        fmt::print(stderr, "{} decisions in {} ms ({} a second)\n", report.decisions, took_us / 1000,
                   report.decisions * 1'000'000 / static_cast<std::uint64_t>(took_us));
    if (!read) return complain(read.error());
    std::vector<const std::pair<const ledger::Shift, ledger::WhatIf::Row>*> rows;
    for (const auto& row : report.shifts) rows.push_back(&row);
    std::ranges::sort(rows, [](const auto* a, const auto* b) {
        return std::tie(a->first.kind, b->second.count, a->first) < std::tie(b->first.kind, a->second.count, b->first);
    });
    auto query = ledger::Query::open(visit->installation.ledger_directory(), visit->installation.index_file());
    const std::string origin = query && query->origin() ? *query->origin() : std::string("ledger");
    if (options.json)
        write_json(report, rows, origin);
    else
        print(report, rows, origin, options.limit);
    return report.shifts.empty() ? done : found_something;
}

} // namespace

void add_policy_what_if(Command& group, int& exit_code) {
    static WhatIfOptions options;
    Command command = group.command("what-if", "What another policy would have made of the recorded decisions");
    command.option("new", options.file, "The policy as it would be").required();
    command.option("--since", options.since, "How far back: 24h, 7d, 2026-11-22").show_default();
    command.option("--limit", options.limit, "Rows to show").show_default();
    add_config_option(command, options.config);
    command.flag("--json", options.json, "Print an object");
    command.footer("Exact: an entry holds all that the decision looked at. Persons are pseudonyms. Exit code 1 where "
                   "something would differ.\n\n"
                   "Example:\n  sallyport policy what-if policy.yaml --since 7d\n");
    command.run([&exit_code] { exit_code = what_if(options); });
}

} // namespace sallyport::cli
