// sallyport discover --fleet
#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/plain_file.h"
#include "base/text.h"
#include "cli/discover_commands.h"
#include "cli/terminal.h"
#include "endpoint/line_source.h"
#include "endpoint/report_fleet.h"
#include "json/document.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unistd.h>

namespace sallyport::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t files_max = 1'000'000;
constexpr std::size_t ledger_clients_max = 10'000;
constexpr std::size_t machines_bytes_max = 16u << 20;
constexpr std::size_t told_max = 20;

// What the gateway recorded: client and version to exchanges.
using Recorded = std::map<std::pair<std::string, std::string>, std::uint64_t>;

Result<std::string> read_report_file(const fs::path& path) {
    std::error_code error;
    if (fs::is_symlink(fs::symlink_status(path, error))) return fail(ErrorKind::invalid, "a link");
    const auto file = open_plain_file(path); // a pipe is not waited for
    if (!file) return std::unexpected(file.error());
    ::close(*file);
    return read_file(path, endpoint::report_bytes_max);
}

Result<std::set<std::string>> read_machines(const std::string& file) {
    auto text = read_file(file, machines_bytes_max);
    if (!text) return std::unexpected(text.error());
    std::set<std::string> out;
    std::string_view rest = *text;
    for (std::size_t line = 1; !rest.empty(); ++line) {
        const std::string_view one = trim(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
        if (one.empty() || one.starts_with('#')) continue;
        if (!one.starts_with("machine-") || one.size() != 40)
            return fail(ErrorKind::invalid,
                        fmt::format("{}:{}: no name of a machine, such as machine- and 32 hex digits", file, line));
        out.emplace(one);
    }
    return out;
}

Result<Recorded> read_ledger(const std::string& file) {
    auto lines = endpoint::LineSource::open(file);
    if (!lines) return std::unexpected(lines.error());
    Recorded out;
    std::string_view line;
    bool cut = false;
    for (std::size_t number = 1; lines->next(line, cut); ++number) {
        if (trim(line).empty() && !cut) continue;
        const Buffer raw(line);
        json::Document document;
        const auto wrong = [&] {
            return fail(ErrorKind::invalid,
                        fmt::format("{}:{}: no exchange as `ledger list --json` prints them", file, number));
        };
        if (cut || !document.parse(raw.view())) return wrong();
        const auto client = document.find(0, "client");
        if (client == json::no_node) return wrong();
        std::string scratch;
        const auto word = [&](std::string_view key) {
            const auto node = document.find(client, key);
            return node == json::no_node ? std::string() : std::string(document.text(node, scratch).substr(0, 100));
        };
        if (out.size() < ledger_clients_max) ++out[{word("name"), word("version")}];
    }
    return out;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? "-" : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string date(std::int64_t at_ms) { return at_ms < 0 ? "never" : rfc3339(at_ms).substr(0, 19) + "Z"; }

std::uint64_t machines_with(const endpoint::FleetView& view, const std::string& name, const std::string& version) {
    std::uint64_t out = 0;
    for (const auto& one : view.clients)
        if (one.name == name && one.version == version && !one.is_tool) out += one.machines;
    return out;
}

void print_json(const endpoint::FleetView& view, const Recorded* recorded, std::int64_t now) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("at", rfc3339(now));
    writer.begin_object("reports");
    writer.member("read", view.read);
    writer.member("taken", view.taken);
    writer.begin_object("left_out");
    for (std::size_t i = 0; i < endpoint::left_out_kinds; ++i)
        if (view.left_out[i] != 0) writer.member(name(static_cast<endpoint::LeftOut>(i)), view.left_out[i]);
    writer.end_object();
    writer.begin_array("files_left_out");
    for (const auto& [file, why] : view.told) {
        std::string text;
        json::Writer one(text);
        one.begin_object();
        one.member("file", file);
        one.member("why", name(why));
        one.end_object();
        writer.element_raw(text);
    }
    writer.end_array();
    writer.end_object();
    writer.begin_object("machines");
    writer.member("reported", view.machines);
    writer.member("with_clients", view.with_clients);
    writer.member("all_governed", view.all_governed);
    writer.member("enrolled_without_report", view.enrolled_silent);
    if (view.oldest_ms >= 0) {
        writer.member("oldest_report", rfc3339(view.oldest_ms));
        writer.member("newest_report", rfc3339(view.newest_ms));
    }
    writer.end_object();
    writer.begin_object("coverage");
    writer.member("seen", view.seen);
    writer.member("governed", view.governed);
    writer.member("around", view.around);
    writer.member("not_known", view.not_known);
    if (view.seen == 0)
        writer.member_null("ratio");
    else
        writer.member_raw("ratio",
                          fmt::format("{:.4f}", static_cast<double>(view.governed) / static_cast<double>(view.seen)));
    writer.end_object();
    for (const bool tools : {false, true}) {
        writer.begin_array(tools ? "tools" : "clients");
        for (const auto& row : view.clients) {
            if (row.is_tool != tools) continue;
            std::string text;
            json::Writer one(text);
            one.begin_object();
            one.member(tools ? "tool" : "client", row.name);
            one.member("version", row.version);
            one.member("machines", row.machines);
            if (!tools) {
                one.member("governed", row.governed);
                one.member("around", row.around);
                one.member("not_known", row.not_known);
            }
            one.member("approved", row.approved);
            one.member("not_approved", row.not_approved);
            one.member("cannot_be_judged", row.unclear);
            one.end_object();
            writer.element_raw(text);
        }
        writer.end_array();
    }
    writer.begin_array("banned");
    for (const auto& ban : view.bans) {
        std::string text;
        json::Writer one(text);
        one.begin_object();
        one.member("banned", ban.text);
        one.member("gone", ban.is_gone());
        one.member("machines_with_it", ban.has_it);
        one.member("machines_it_is_gone_from", ban.gone_from);
        one.member("machines_without_a_report_since", ban.silent);
        if (ban.last_seen_ms >= 0) one.member("last_seen", rfc3339(ban.last_seen_ms));
        one.end_object();
        writer.element_raw(text);
    }
    writer.end_array();
    if (recorded != nullptr) {
        writer.begin_array("recorded");
        for (const auto& [client, exchanges] : *recorded) {
            std::string text;
            json::Writer one(text);
            one.begin_object();
            one.member("client", client.first);
            one.member("version", client.second);
            one.member("exchanges", exchanges);
            one.member("machines", machines_with(view, client.first, client.second));
            one.end_object();
            writer.element_raw(text);
        }
        writer.end_array();
    }
    writer.end_object();
    fmt::print("{}\n", out);
}

void print_text(const endpoint::FleetView& view, const Recorded* recorded, bool all) {
    fmt::print("{} reports read: {} machines", view.read, view.machines);
    for (std::size_t i = 0; i < endpoint::left_out_kinds; ++i)
        if (view.left_out[i] != 0) fmt::print(", {} {}", view.left_out[i], name(static_cast<endpoint::LeftOut>(i)));
    fmt::print("\n");
    std::size_t told = 0;
    for (const auto& [file, why] : view.told) {
        if (why == endpoint::LeftOut::superseded && !all) continue;
        if (!all && ++told > told_max) break;
        fmt::print("  left out: {} ({})\n", printable(file), name(why));
    }
    if (view.enrolled_silent != 0) fmt::print("{} machines have never reported\n", view.enrolled_silent);
    fmt::print("\n{} {} of {} clients on machines go through the gateway ({}); {} around it, {} not known\n",
               ink(Ink::bold, "Coverage"), view.governed, view.seen, percent(view.governed, view.seen), view.around,
               view.not_known);
    fmt::print("         {} of {} machines with clients are governed altogether\n\n", view.all_governed,
               view.with_clients);
    fmt::print("{:<24} {:<20} {:>8} {:>9} {:>7} {:>9} {:>13}\n", "client", "version", "machines", "governed", "around",
               "approved", "not approved");
    for (const auto& row : view.clients) {
        if (row.is_tool) continue;
        const std::string refused = fmt::format("{:>13}", row.not_approved);
        fmt::print("{:<24} {:<20} {:>8} {:>9} {:>7} {:>9} {}\n", printable(row.name),
                   printable(row.version.empty() ? "not known" : row.version), row.machines, row.governed, row.around,
                   row.approved, row.not_approved != 0 ? ink(Ink::red, refused) : refused);
    }
    for (const auto& row : view.clients)
        if (row.is_tool)
            fmt::print("{:<24} {:<20} {:>8}   another assistant\n", printable(row.name), printable(row.version),
                       row.machines);
    for (const auto& ban : view.bans) {
        fmt::print("\n{}: {}\n", printable(ban.text),
                   ban.is_gone() ? ink(Ink::green, "gone")
                                 : ink(Ink::red, ban.has_it != 0 ? "still there" : "not shown to be gone"));
        fmt::print(
            "  on {} machines now; {} had it and no longer do; last seen {}; {} machines have not reported since\n",
            ban.has_it, ban.gone_from, date(ban.last_seen_ms), ban.silent);
    }
    if (recorded == nullptr) return;
    fmt::print("\nWhat the gateway recorded, and on how many machines that is installed:\n");
    for (const auto& [client, exchanges] : *recorded) {
        const auto machines = machines_with(view, client.first, client.second);
        fmt::print("  {:<24} {:<20} {:>8} exchanges  {:>6} machines{}\n", printable(client.first),
                   printable(client.second), exchanges, machines,
                   machines == 0 ? ink(Ink::yellow, "  on none that reported") : "");
    }
}

} // namespace

int discover_fleet(const FoundOptions& options) {
    endpoint::FleetOptions wanted{.now_ms = wall_ms(), .gateways = {}, .banned = {}, .since_ms = {}, .machines = {}};
    const auto grounds = grounds_of(options);
    if (!grounds) {
        complain(grounds.error());
        return wrong_use;
    }
    wanted.gateways = grounds->gateways;
    for (const std::string& text : options.banned) {
        auto banned = endpoint::parse_banned(text);
        if (!banned) {
            complain(banned.error());
            return wrong_use;
        }
        wanted.banned.push_back(std::move(*banned));
    }
    if (!options.since.empty()) {
        wanted.since_ms = parse_time(options.since, wanted.now_ms);
        if (*wanted.since_ms < 0) {
            complain("--since " + options.since + " is no time, such as 2026-11-22 or 7d");
            return wrong_use;
        }
    }
    if (!options.machines.empty()) {
        auto machines = read_machines(options.machines);
        if (!machines) return complain(machines.error());
        wanted.machines = std::move(*machines);
    }
    Recorded recorded;
    if (!options.ledger.empty()) {
        auto read = read_ledger(options.ledger);
        if (!read) return complain(read.error());
        recorded = std::move(*read);
    }
    std::error_code error;
    std::vector<std::string> files;
    for (auto at = fs::directory_iterator(options.fleet, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        if (files.size() >= files_max)
            return complain(fmt::format("{} holds more than {} files; merge a part of them", options.fleet, files_max));
        std::error_code ignored;
        if (!at->is_directory(ignored)) files.push_back(at->path().filename().string());
    }
    if (error) return complain("cannot read the folder " + options.fleet + ": " + error.message());
    std::ranges::sort(files);
    endpoint::Fleet fleet(std::move(wanted));
    const std::int64_t now = wall_ms();
    {
        Progress progress("reports");
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (auto added = fleet.add(files[i], read_report_file(fs::path(options.fleet) / files[i])); !added)
                return complain(added.error());
            progress.tell(i + 1);
        }
    }
    const endpoint::FleetView view = fleet.view();
    const Recorded* against = options.ledger.empty() ? nullptr : &recorded;
    if (options.json)
        print_json(view, against, now);
    else
        print_text(view, against, options.all);
    const bool clean = std::ranges::all_of(view.bans, &endpoint::FleetView::Ban::is_gone) && view.around == 0 &&
                       std::ranges::all_of(view.clients, [](const auto& row) { return row.not_approved == 0; }) &&
                       view.left_out[static_cast<std::size_t>(endpoint::LeftOut::bad_signature)] == 0;
    return clean ? done : found_something;
}

} // namespace sallyport::cli
