// Rules that close the direct ways to vendors, for what a company has: nftables, DNS (a response policy zone), PAC, Squid. Each text says
// what it cannot stop. Pure; the hosts are those of known_hosts.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

struct ClosingOptions {
    std::vector<std::string> gateways;  // as authority_of() makes them: the way that stays open
    std::vector<std::string> allowed;   // hosts that stay open, as policy::host_matches takes them
    std::vector<std::string> addresses; // of the closed hosts, for nftables; where they were asked for
    std::string date;                   // of the addresses and of the zone: "2026-11-28"
};
// The hosts that are closed, in order: vendors and third parties that are not allowed.
std::vector<std::string_view> closed_hosts(const ClosingOptions& options);

std::string nftables_rules(const ClosingOptions& options);
std::string dns_rules(const ClosingOptions& options);
std::string pac_rules(const ClosingOptions& options);
std::string squid_rules(const ClosingOptions& options);

} // namespace sallyport::endpoint
