// Any bytes as a JSON text: see json/json_check.h for what must hold.
#include "json/json_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::fuzz::check_json({reinterpret_cast<const char*>(data), size});
    return 0;
}
