#include "egress/address.h"

#include <algorithm>
#include <vector>

namespace sallyport::egress {

namespace {

struct Kind {
    const char* network;
    std::string_view what;
};
// The first that holds it counts.
constexpr Kind kinds[] = {
    {"169.254.169.254", "the address of a cloud's metadata service"},
    {"100.100.100.200", "the address of a cloud's metadata service"},
    {"168.63.129.16", "the address of a cloud's host service"},
    {"fd00:ec2::254", "the address of a cloud's metadata service"},
    {"127.0.0.0/8", "a loopback address"},
    {"0.0.0.0/8", "an unspecified address"},
    {"10.0.0.0/8", "a private address"},
    {"172.16.0.0/12", "a private address"},
    {"192.168.0.0/16", "a private address"},
    {"100.64.0.0/10", "a shared address (carrier-grade NAT)"},
    {"169.254.0.0/16", "a link-local address"},
    {"192.0.0.0/24", "a reserved address"},
    {"192.0.2.0/24", "an address for documentation"},
    {"198.51.100.0/24", "an address for documentation"},
    {"203.0.113.0/24", "an address for documentation"},
    {"198.18.0.0/15", "an address for measurements"},
    {"192.88.99.0/24", "a reserved address"},
    {"224.0.0.0/4", "a multicast address"},
    {"240.0.0.0/4", "a reserved address"},
    {"::1", "a loopback address"},
    {"::", "an unspecified address"},
    {"::/96", "an IPv6 form of an IPv4 address"},
    {"64:ff9b::/96", "a NAT64 address"},
    {"64:ff9b:1::/48", "a NAT64 address"},
    {"2002::/16", "a 6to4 address"},
    {"2001::/32", "a Teredo address"},
    {"2001:db8::/32", "an address for documentation"},
    {"3fff::/20", "an address for documentation"},
    {"100::/64", "a reserved address"},
    {"2001::/23", "a reserved address"},
    {"5f00::/16", "a reserved address"},
    {"fc00::/7", "a private address"},
    {"fe80::/10", "a link-local address"},
    {"fec0::/10", "a private address"},
    {"ff00::/8", "a multicast address"},
};

} // namespace

std::string_view not_public(const IpAddress& address) {
    static const std::vector<Network> networks = [] {
        std::vector<Network> read;
        for (const Kind& kind : kinds) read.push_back(parse_network(kind.network).value());
        return read;
    }();
    for (std::size_t i = 0; i < networks.size(); ++i)
        if (networks[i].holds(address)) return kinds[i].what;
    // Of IPv6 only what is given out to anybody (2000::/3).
    if (!address.is_v4() && address.bytes[0] >> 5 != 1) return "a reserved address";
    return {};
}

bool permitted(const policy::EgressRule& rule, const IpAddress& address) {
    return not_public(address).empty() ||
           std::ranges::any_of(rule.addresses, [&](const Network& network) { return network.holds(address); });
}

} // namespace sallyport::egress
