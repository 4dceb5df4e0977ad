// Addresses of the internet and networks of them: one form for IPv4 and IPv6, read strictly. No name is looked up.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

// 16 bytes in network order; IPv4 is ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that both forms of it are one address.
struct IpAddress {
    std::array<unsigned char, 16> bytes{};
    bool is_v4() const;
    std::string text() const; // canonical: dotted quad, or RFC 5952
    auto operator<=>(const IpAddress&) const = default;
};
// "192.0.2.7" (four decimal numbers, no leading zero), "2001:db8::7"; no brackets, no zone, nothing that only inet_aton reads.
std::optional<IpAddress> parse_ip_address(std::string_view text);
IpAddress ipv4(std::uint32_t host_order);

struct Network {
    IpAddress base;
    unsigned bits = 128; // of the 16-byte form: of IPv4 96 more than written
    bool holds(const IpAddress& address) const;
};
// "10.0.0.0/8", "fd00::/8", or one address. Bits set behind the prefix are a mistake and read as nothing.
std::optional<Network> parse_network(std::string_view text);

} // namespace sallyport
