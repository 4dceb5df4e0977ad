// Whether what was found is what the company approved: by its policy, its gateways and the hosts that it allows. Pure.
#pragma once

#include "endpoint/facts_found.h"
#include "policy/model.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

struct Grounds {
    const policy::Document* policy = nullptr; // nothing: none was given
    std::vector<std::string> gateways;        // "gateway.example", "127.0.0.1:8080": as authority_of() makes them
    std::vector<std::string> allowed;         // further hosts, as policy::host_matches takes them
    bool any() const { return policy != nullptr || !gateways.empty(); }
};

// Sets governed, verdict and reason of each.
void judge(std::vector<FoundFact>& facts, const Grounds& grounds);

// Is this address one of the gateways? A gateway without a port is meant at any.
bool is_gateway(std::span<const std::string> gateways, std::string_view address);

// How a client's model calls leave this machine, as far as its settings tell.
enum class WayOut : std::uint8_t { through_gateway, around, not_known };
std::string_view name(WayOut); // "governed", "around the gateway", "not known"
WayOut way_out_of(const std::vector<FoundFact>& facts, std::string_view client);

// A version and a name against "NAME" or "NAME@RANGE".
struct Banned {
    std::string text, client;
    policy::VersionRange versions;
    bool names(std::string_view name, std::string_view version) const;
};
Result<Banned> parse_banned(std::string_view text);

} // namespace sallyport::endpoint
