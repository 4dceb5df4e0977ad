// Which addresses a name may lead to. A company's inside, this machine, and what a cloud tells its machines are reached by a name that
// resolves to them (DNS rebinding); so addresses are judged after resolution, and the judged one is dialled.
#pragma once

#include "base/network.h"
#include "policy/egress.h"

#include <string_view>

namespace sallyport::egress {

// "a loopback address", "a private address" …; empty for a public one. After the registries of RFC 6890, with the addresses of
// metadata services, and for IPv6 forms that hold an IPv4 address (mapped, NAT64, 6to4, Teredo).
std::string_view not_public(const IpAddress& address);

// Public, or named by the rule.
bool permitted(const policy::EgressRule& rule, const IpAddress& address);

} // namespace sallyport::egress
