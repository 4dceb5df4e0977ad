// Made-up policies and requests of any size, for measurements and tests only: the program never calls this. The same seed gives the
// same text on every machine.
//
// A policy of n rules looks like one of a large company: n/4 repositories (exact, by folder, by pattern), 200 teams, 20 upstreams,
// 50 model patterns, 30 plugins, 6 clients with version ranges; mostly allow rules by class and team, some refuse rules.
#pragma once

#include "policy/facts.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::policy {

std::string synthetic_policy(std::size_t rules, std::uint64_t seed);

// A request against such a policy: owns the texts that facts() views.
struct SyntheticRequest {
    std::string team, client, version, repository, model;
    std::vector<std::string> plugin_names;
    std::vector<std::string_view> plugins; // views of plugin_names
    Evidence evidence = Evidence::claimed;
    AccountKind account = AccountKind::company;
    std::uint32_t references = 0;
    Facts facts() const;
};
std::vector<SyntheticRequest> synthetic_requests(std::size_t count, std::size_t rules, std::uint64_t seed);

} // namespace sallyport::policy
