// Hosts of those who serve models, of their clients' other traffic, and of third parties that pass requests on to them: the one table
// for judging addresses found on a machine or in logs, and for the rules that close the direct ways. Each row says how we know it.
// Immutable; all of it is static.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::endpoint {

enum class HostKind : std::uint8_t {
    vendor,      // answers model calls
    service,     // of a vendor or client: telemetry, sign-in, updates, lists of models
    third_party, // takes model calls and passes them on to vendors
    local,       // loopback and private addresses
    other,       // nothing is known of it
};
std::string_view name(HostKind); // "vendor", "service", "third party", "local", "other"

struct KnownHost {
    std::string_view pattern; // as policy::host_matches takes it: a name, or "*.suffix" (never the suffix itself)
    HostKind kind;
    std::string_view whose;
    std::string_view tier;   // of evidence: "measured", "vendor-statement", "reported", "community"
    std::string_view source; // with its date
};
std::span<const KnownHost> known_hosts();
// In lower case; nullptr where none matches. An exact name comes before a pattern.
const KnownHost* known_host(std::string_view host);
HostKind kind_of_host(std::string_view host);

// The host of "https://user:x@Host:443/path?q", "host:443" or "host", in lower case and without brackets; empty where there is none.
std::string host_of(std::string_view address);
// The same with ":port" where one is named.
std::string authority_of(std::string_view address);
// The address as it may be shown: without user, query and fragment; parts of the path that could be secrets are "…".
std::string shown_address(std::string_view address);

} // namespace sallyport::endpoint
