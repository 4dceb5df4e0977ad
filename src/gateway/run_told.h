// What a launcher tells of a run at its end: how many exchanges, and whom the client contacted besides the gateway.
#pragma once

#include "base/error.h"
#include "ledger/entry.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

inline constexpr std::string_view run_path = "/.well-known/sallyport/run";

struct RunTold {
    struct Host {
        std::string name;
        ledger::NamedHost figures; // without the name
    };
    struct Grant {
        std::string id;
        std::uint64_t uses = 0;
    };
    std::uint64_t exchanges = 0;
    std::vector<Grant> grants;
    std::vector<Host> hosts;
};
// {"exchanges": 3, "hosts": [["packages.acme.example", contacts, refused, names, sent bytes, received bytes], …],
// "grants": [["dev-server", uses], …]}; grants may be missing. Errors (invalid, source
// client). A host is printable ASCII, as receipts write it ("(others)", too).
Result<RunTold> read_run_told(std::string_view text);

} // namespace sallyport::gateway
