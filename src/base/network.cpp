#include "base/network.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <system_error>

namespace sallyport {

namespace {
constexpr std::array<unsigned char, 12> v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::size_t text_bytes_max = 45; // INET6_ADDRSTRLEN without its NUL
} // namespace

bool IpAddress::is_v4() const { return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes.begin()); }

std::string IpAddress::text() const {
    char out[INET6_ADDRSTRLEN] = {};
    if (is_v4())
        ::inet_ntop(AF_INET, bytes.data() + 12, out, sizeof out);
    else
        ::inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
    return out;
}

IpAddress ipv4(std::uint32_t host_order) {
    IpAddress address;
    std::copy(v4_prefix.begin(), v4_prefix.end(), address.bytes.begin());
    for (unsigned i = 0; i < 4; ++i) address.bytes[12 + i] = static_cast<unsigned char>(host_order >> (24 - 8 * i));
    return address;
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
    if (text.empty() || text.size() > text_bytes_max || text.find('\0') != std::string_view::npos) return {};
    const std::string terminated(text);
    IpAddress address;
    if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
    address = ipv4(0);
    if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + 12) == 1) return address;
    return {};
}

bool Network::holds(const IpAddress& address) const {
    const std::size_t whole = bits / 8;
    if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin()))
        return false;
    const unsigned left = bits % 8;
    return left == 0 || ((base.bytes[whole] ^ address.bytes[whole]) >> (8 - left)) == 0;
}

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto base = parse_ip_address(text.substr(0, slash));
    if (!base) return {};
    Network network{*base, 128};
    if (slash == std::string_view::npos) return network;
    const std::string_view digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    if (code != std::errc() || end != digits.data() + digits.size() || bits > (is_v4 ? 32u : 128u) ||
        (digits.size() > 1 && digits[0] == '0'))
        return {};
    network.bits = is_v4 ? 96 + bits : bits;
    for (unsigned bit = network.bits; bit < 128; ++bit)
        if ((base->bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return {};
    return network;
}

} // namespace sallyport
