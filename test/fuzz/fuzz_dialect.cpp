// Any bytes as a request body of any dialect: see dialect/dialect_check.h for what must hold.
#include "dialect/dialect_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::fuzz::check_dialect({reinterpret_cast<const char*>(data), size});
    return 0;
}
