// `policy fmt` over a file as a stranger would write it: what is formatted means what it meant, and is left alone the next time; what is
// not has a sentence that says why.
#include "policy/format_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::policy::fuzz::check_format({reinterpret_cast<const char*>(data), size});
    return 0;
}
