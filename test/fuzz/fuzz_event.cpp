// Any bytes as an event of an answer: see dialect/event_check.h for what must hold.
#include "dialect/event_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::fuzz::check_event({reinterpret_cast<const char*>(data), size});
    return 0;
}
