// Making a company key: used by `key issue` and by the demo.
#pragma once

#include "base/secret.h"
#include "cli/open.h"

namespace sallyport::cli {

struct KeyWish {
    std::string person;
    std::string team;
    std::string label;
    std::string max_class = "trade-secret";
    std::int64_t expires_ms = 0; // wall time; 0: until revoked
    std::string role{};
    std::string access = "developer";
};
struct IssuedKey {
    Secret key; // the only place it ever is
    store::KeyRecord record;
};
Result<IssuedKey> issue_key(Visit& visit, const KeyWish& wish);

} // namespace sallyport::cli
