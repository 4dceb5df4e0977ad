// Any bytes as a JSON text: see check_json.h for what must hold.
#include "check_json.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::fuzz::check_json({reinterpret_cast<const char*>(data), size});
    return 0;
}
