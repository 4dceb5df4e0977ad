// Any bytes as a ledger entry, as the frames of a segment, as its header: see ledger/entry_check.h for what must hold.
#include "ledger/entry_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::fuzz::check_entry({reinterpret_cast<const char*>(data), size});
    return 0;
}
