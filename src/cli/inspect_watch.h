// What a registry has of a client, seen from a policy.
#pragma once

#include "policy/version.h"

#include <string>
#include <vector>

namespace sallyport::cli {

struct Releases {
    std::string newest_approved;    // empty: none is
    std::vector<std::string> fresh; // released ones above it that are not approved, the newest few
    std::size_t left_out = 0;       // of these, older than the newest few
    bool is_open = false;           // whatever comes is approved
};
// `all` in their order.
Releases releases_of(const std::vector<std::string>& all, const policy::VersionRange& approved);

} // namespace sallyport::cli
