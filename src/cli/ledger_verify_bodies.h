// What `ledger verify --bodies` finds: bodies read and compared with what their entries say of them.
#pragma once

#include "identity/installation.h"
#include "ledger/verify.h"
#include "store/state.h"

#include <cstdint>
#include <vector>

namespace sallyport::cli {

struct BodiesVerified {
    std::uint64_t whole = 0, bytes = 0;    // as recorded
    std::uint64_t erased = 0;              // destroyed since, or past their time
    std::uint64_t not_kept = 0, lost = 0;  // as their entries say
    std::vector<ledger::Problem> problems; // there is another one, or none
};
// Of entries `first` to `end` - 1.
Result<BodiesVerified> verify_bodies(const identity::Installation& installation, store::State& state,
                                     std::uint64_t first, std::uint64_t end);

} // namespace sallyport::cli
