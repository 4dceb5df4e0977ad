// What an act says of a hold: read back from a ledger's state that somebody may have written to.
#include "store/holds.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::store;
    const auto hold = hold_from_words({reinterpret_cast<const char*>(data), size});
    if (!hold) return 0;
    const auto back = hold_from_words(words_of(*hold)); // what is taken is written the same way and comes back
    if (!back || back->matter != hold->matter || back->repository != hold->repository || back->person != hold->person ||
        back->from_ms != hold->from_ms || back->to_ms != hold->to_ms)
        std::abort();
    return 0;
}
