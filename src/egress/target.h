// Whom a request to the proxy asks for (RFC 9112 section 3.2): "host:port" of a CONNECT, or a whole URL. Read strictly, since a client under
// suspicion writes it: one host means one thing to us, to the resolver and to whoever reads the receipt.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::egress {

struct Target {
    std::string host; // lower case: a name, or an address as base/network.h writes it, without brackets
    std::uint16_t port = 0;
    bool is_address = false;
    std::string text() const; // "host:port", with brackets around IPv6
};

// Of a CONNECT. Errors (invalid, source client), each a sentence: user info, a port that is missing or out of range, and whatever is no host
// of policy/egress.h or address in its one form (127.1, 0x7f000001, 017700000001, a%00b, a., [v6%zone] …).
Result<Target> parse_authority(std::string_view text);

struct Url {
    Target target;
    std::string_view path_and_query; // views the text; "/" where it has no path
};
// "http://host[:port]/path?query"; https comes by CONNECT.
Result<Url> parse_url(std::string_view text);

// Whether a Host header says the same as the target; the port may be left out where it is `usual_port`.
bool same_host(std::string_view host_header, const Target& target, std::uint16_t usual_port);

} // namespace sallyport::egress
