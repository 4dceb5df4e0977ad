// A rule file as a stranger would write it: see content/secret_check.h for what must hold.
#include "content/secret_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16 * 1024) return 0; // compiling hundreds of expressions is slow, and finds nothing new
    sallyport::content::fuzz::check_rule_file({reinterpret_cast<const char*>(data), size});
    return 0;
}
