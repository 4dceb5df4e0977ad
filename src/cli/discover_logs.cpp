// sallyport discover --logs and --rules
#include "base/clock.h"
#include "base/text.h"
#include "cli/discover_commands.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"
#include "endpoint/closing_rules.h"
#include "endpoint/line_source.h"
#include "endpoint/network_logs.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <netdb.h>
#include <sys/socket.h>

namespace sallyport::cli {

using endpoint::HostKind;
using endpoint::HostRow;
using endpoint::LogTally;

namespace {

constexpr std::size_t sources_told_max = 20;

bool is_around(const HostRow& row) {
    return (row.kind == HostKind::vendor || row.kind == HostKind::third_party) && row.contacts + row.asked != 0;
}

void print_json(const LogTally& tally) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_object("lines");
    writer.member("read", tally.lines);
    writer.member("damaged", tally.damaged);
    writer.member("addresses_only", tally.addresses_only);
    writer.member("approved", tally.allowed);
    writer.member("from_the_gateway", tally.from_gateway);
    writer.member("of_other_hosts", tally.unrelated);
    writer.member("beyond_the_limit", tally.beyond);
    writer.end_object();
    writer.begin_array("hosts");
    for (const auto& [host, row] : tally.hosts()) {
        std::string text;
        json::Writer one(text);
        one.begin_object();
        one.member("host", host);
        one.member("kind", name(row.kind));
        if (row.known != nullptr) {
            one.member("whose", row.known->whose);
            one.member("tier", row.known->tier);
            one.member("source", row.known->source);
        }
        one.member("verdict", is_around(row) ? "around the gateway" : "noted");
        one.member("contacts", row.contacts);
        one.member("asked", row.asked);
        one.member("blocked", row.blocked);
        one.member("first", rfc3339(row.first_ms));
        one.member("last", rfc3339(row.last_ms));
        one.member("sources", static_cast<std::uint64_t>(row.sources.size()));
        if (row.more_sources) one.member("more_sources", true);
        one.begin_array("from");
        std::size_t told = 0;
        for (const std::string& source : row.sources)
            if (++told <= sources_told_max) one.element(source);
        one.end_array();
        one.end_object();
        writer.element_raw(text);
    }
    writer.end_array();
    writer.end_object();
    fmt::print("{}\n", out);
}

void print_text(const LogTally& tally) {
    std::vector<std::pair<std::string_view, const HostRow*>> rows;
    for (const auto& [host, row] : tally.hosts()) rows.emplace_back(host, &row);
    std::ranges::sort(rows, {}, [](const auto& one) {
        return std::tuple(!is_around(*one.second), -static_cast<std::int64_t>(one.second->contacts + one.second->asked),
                          one.first);
    });
    if (!rows.empty())
        fmt::print("{:<4} {:<40} {:<12} {:>9} {:>9} {:>8} {:>8}  {:<10} {:<10}  {}\n", "", "host", "kind", "contacts",
                   "asked for", "blocked", "sources", "first", "last", "whose (how it is known)");
    for (const auto& [host, row] : rows) {
        const std::string whose =
            row->known == nullptr ? "" : fmt::format("{} ({})", row->known->whose, row->known->tier);
        fmt::print("{} {:<40} {:<12} {:>9} {:>9} {:>8} {:>8}  {:<10} {:<10}  {}\n",
                   is_around(*row) ? ink(Ink::red, "no  ") : ink(Ink::dim, "    "), printable(host), name(row->kind),
                   row->contacts, row->asked, row->blocked,
                   fmt::format("{}{}", row->sources.size(), row->more_sources ? "+" : ""),
                   rfc3339(row->first_ms).substr(0, 10), rfc3339(row->last_ms).substr(0, 10), whose);
    }
    fmt::print("{} lines: {} of other hosts, {} approved, {} from the gateway", tally.lines, tally.unrelated,
               tally.allowed, tally.from_gateway);
    if (tally.addresses_only != 0) fmt::print(", {} with addresses only, which name no host", tally.addresses_only);
    if (tally.damaged != 0) fmt::print(", {}", ink(Ink::yellow, fmt::format("{} damaged", tally.damaged)));
    if (tally.beyond != 0) fmt::print(", {} of hosts beyond the limit, counted under their pattern", tally.beyond);
    fmt::print("\n");
}

// The addresses that the closed hosts have at this moment; asks the resolver of this machine.
std::vector<std::string> addresses_of(const std::vector<std::string_view>& hosts) {
    std::vector<std::string> out;
    Progress progress("hosts asked for");
    std::uint64_t asked = 0;
    for (const std::string_view host : hosts) {
        progress.tell(++asked);
        if (host.starts_with('*')) continue;
        addrinfo wanted{}, *found = nullptr;
        wanted.ai_socktype = SOCK_STREAM;
        if (::getaddrinfo(std::string(host).c_str(), nullptr, &wanted, &found) != 0) continue;
        for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
            char text[NI_MAXHOST];
            if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0 &&
                endpoint::kind_of_host(text) == HostKind::other) // never a local one: a resolver that blocks says such
                out.emplace_back(text);
        }
        ::freeaddrinfo(found);
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

} // namespace

int discover_logs(const FoundOptions& options) {
    if (options.files.empty()) {
        complain("--logs needs the logs, such as: sallyport discover --logs zeek ssl.log");
        return wrong_use;
    }
    const auto grounds = grounds_of(options);
    if (!grounds) {
        complain(grounds.error());
        return wrong_use;
    }
    LogTally tally(grounds->allowed, grounds->gateways,
                   options.show_sources ? std::string() : crypto::random_bytes(32));
    Progress progress("lines");
    for (const std::string& file : options.files) {
        auto lines = endpoint::LineSource::open(file);
        if (!lines) return complain(lines.error());
        endpoint::LogReader reader(*endpoint::log_kind(options.logs), wall_ms());
        endpoint::LogLine line;
        std::string_view text;
        for (bool cut = false; lines->next(text, cut); progress.tell(tally.lines))
            if (cut || !trim(text).empty())
                tally.add(cut ? endpoint::LineKind::damaged : reader.read(text, line), line);
        if (lines->failed()) return complain("reading " + file + " ended by an error; what it held so far is not told");
    }
    if (options.json)
        print_json(tally);
    else
        print_text(tally);
    if (tally.lines != 0 && tally.damaged == tally.lines)
        return complain("no line is one of a " + options.logs + " log");
    return std::ranges::any_of(tally.hosts(), [](const auto& one) { return is_around(one.second); }) ? found_something
                                                                                                     : done;
}

int discover_rules(const FoundOptions& options) {
    const auto grounds = grounds_of(options);
    if (!grounds) {
        complain(grounds.error());
        return wrong_use;
    }
    endpoint::ClosingOptions wanted{grounds->gateways, grounds->allowed, {}, rfc3339(wall_ms()).substr(0, 10)};
    if (options.rules == "nftables" && options.resolve) {
        wanted.addresses = addresses_of(endpoint::closed_hosts(wanted));
        if (wanted.addresses.empty())
            return complain("no host has an address here; without --resolve the rules come without addresses");
    }
    const std::string text = options.rules == "nftables" ? endpoint::nftables_rules(wanted)
                             : options.rules == "dns"    ? endpoint::dns_rules(wanted)
                             : options.rules == "pac"    ? endpoint::pac_rules(wanted)
                                                         : endpoint::squid_rules(wanted);
    if (!options.json) {
        fmt::print("{}", text);
        return done;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("rules", options.rules);
    writer.begin_array("hosts");
    for (const std::string_view host : endpoint::closed_hosts(wanted)) writer.element(host);
    writer.end_array();
    writer.begin_array("addresses");
    for (const std::string& address : wanted.addresses) writer.element(address);
    writer.end_array();
    writer.member("text", text);
    writer.end_object();
    fmt::print("{}\n", out);
    return done;
}

} // namespace sallyport::cli
