// sallyport ledger aibom | report: what was observed in use, and which controls the entries support.
#include "base/clock.h"
#include "cli/ledger_commands.h"
#include "cli/terminal.h"
#include "handover/controls.h"
#include "handover/inventory.h"
#include "json/writer.h"
#include "ledger/replay.h"

#include <fmt/format.h>

#include <vector>

namespace sallyport::cli {

namespace {

struct ReportOptions {
    std::string config, since, control;
    bool json = false;
};

// Each entry of the time asked for, decoded. The origin where all went well; else the exit code is set.
template <class Add> std::optional<std::string> read_entries(const ReportOptions& options, int& exit_code, Add add) {
    const std::int64_t since_ms = options.since.empty() ? 0 : parse_time(options.since, wall_ms());
    if (since_ms < 0) {
        complain("'" + printable(options.since) + "' is no time; write 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z");
        exit_code = wrong_use;
        return std::nullopt;
    }
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return std::nullopt;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return std::nullopt;
    Progress progress("entries");
    std::uint64_t seen = 0;
    const auto read = ledger::each_entry(visit->installation.ledger_directory(), since_ms,
                                         [&](std::uint64_t index, std::string_view text) -> Result<bool> {
                                             progress.tell(++seen);
                                             const auto entry = ledger::decode(text);
                                             if (!entry) return std::unexpected(entry.error());
                                             if (entry->at_ms() >= since_ms) add(index, *entry);
                                             return true;
                                         });
    if (!read) {
        exit_code = complain(read.error());
        return std::nullopt;
    }
    return visit->installation.origin();
}

int aibom(const ReportOptions& options) {
    int exit_code = done;
    handover::Inventory inventory;
    const auto origin = read_entries(
        options, exit_code, [&](std::uint64_t index, const ledger::Entry& entry) { inventory.add(index, entry); });
    if (!origin) return exit_code;
    fmt::print("{}\n", handover::aibom(inventory, *origin, wall_ms()));
    if (inventory.left_out > 0)
        fmt::print(stderr, "{} sightings are left out: more than {} different ones of a kind\n", inventory.left_out,
                   handover::inventory_rows_max);
    return done;
}

void print_json(const handover::Framework& framework, const handover::Evidence& evidence, const std::string& origin,
                const ReportOptions& options) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("framework", framework.name);
    writer.member("title", framework.title);
    writer.member("caution", framework.caution);
    writer.member("ledger", origin);
    writer.member("made", rfc3339(wall_ms()));
    if (!options.since.empty()) writer.member("since", options.since);
    writer.member("entries", evidence.entries);
    if (evidence.entries > 0) {
        writer.member("first", rfc3339(evidence.first_ms));
        writer.member("last", rfc3339(evidence.last_ms));
    }
    writer.begin_array("controls");
    for (const handover::Control& control : framework.controls) {
        writer.begin_object();
        writer.member("control", control.id);
        writer.member("title", control.title);
        if (control.supports.empty())
            writer.member_null("supports");
        else
            writer.member("supports", control.supports);
        writer.begin_array("evidence");
        for (const handover::Fact fact : control.facts) {
            const auto& row = evidence.of(fact);
            writer.begin_object();
            writer.member("what", handover::name(fact));
            writer.member("sentence", handover::sentence(fact));
            writer.member("count", row.count);
            writer.begin_array("examples");
            for (const std::uint64_t index : row.examples) writer.element(fmt::format("{}/{}", origin, index));
            writer.end_array();
            writer.end_object();
        }
        writer.end_array();
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    fmt::print("{}\n", out);
}

void print(const handover::Framework& framework, const handover::Evidence& evidence, const std::string& origin) {
    fmt::print("{}\n{}\n", ink(Ink::bold, framework.title), framework.caution);
    if (evidence.entries == 0)
        fmt::print("No entries are recorded in this time.\n");
    else
        fmt::print("{} entries of {}, {} to {}\n", evidence.entries, origin, rfc3339(evidence.first_ms),
                   rfc3339(evidence.last_ms));
    for (const handover::Control& control : framework.controls) {
        fmt::print("\n{}  {}\n", ink(Ink::bold, control.id), control.title);
        fmt::print("  {}\n", control.supports.empty() ? "The ledger holds nothing for it."
                                                      : fmt::format("The ledger supports it: {}", control.supports));
        for (const handover::Fact fact : control.facts) {
            const auto& row = evidence.of(fact);
            std::string examples;
            for (const std::uint64_t index : row.examples) examples += fmt::format(" {}/{}", origin, index);
            fmt::print("  {:>8}  {}{}\n", row.count, handover::sentence(fact),
                       examples.empty() ? "" : ink(Ink::dim, "  e.g." + examples));
        }
    }
}

int report(const ReportOptions& options) {
    const handover::Framework* framework = handover::framework_named(options.control);
    if (framework == nullptr) {
        std::string names;
        for (const handover::Framework& one : handover::frameworks())
            names += (names.empty() ? "" : ", ") + std::string(one.name);
        complain("there is no framework '" + printable(options.control) + "'; there are " + names);
        return wrong_use;
    }
    int exit_code = done;
    handover::Evidence evidence;
    const auto origin = read_entries(
        options, exit_code, [&](std::uint64_t index, const ledger::Entry& entry) { evidence.add(index, entry); });
    if (!origin) return exit_code;
    if (options.json)
        print_json(*framework, evidence, *origin, options);
    else
        print(*framework, evidence, *origin);
    return done;
}

} // namespace

void add_ledger_report(Command& group, int& exit_code) {
    static ReportOptions options;
    Command bom = group.command("aibom", "Clients, models, upstreams and plugins observed in use, as CycloneDX");
    add_config_option(bom, options.config);
    bom.option("--since", options.since, "From then on: 24h, 7d, 2026-11-22");
    bom.footer("Example:\n  sallyport ledger aibom --since 30d > aibom.cdx.json\n");
    bom.run([&exit_code] { exit_code = aibom(options); });

    Command command = group.command("report", "Which controls of a framework the entries support");
    add_config_option(command, options.config);
    command.option("--control", options.control, "soc2, iso42001, eu-ai-act, owasp-agentic, mitre-atlas").required();
    command.option("--since", options.since, "From then on: 24h, 7d, 2026-11-22");
    command.flag("--json", options.json, "Print an object");
    command.footer("Example:\n  sallyport ledger report --control soc2 --since 90d\n");
    command.run([&exit_code] { exit_code = report(options); });
}

} // namespace sallyport::cli
