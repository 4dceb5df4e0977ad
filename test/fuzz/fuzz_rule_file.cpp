// A rule file as a stranger would write it: see content/secret_check.h for what must hold.
#include "content/secret_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

// Repetitions of repetitions take Hyperscan seconds to compile, more under ASan: slow, but no mistake. One of the two stays small.
bool is_slow(std::string_view text) {
    std::size_t large = 0;
    for (auto at = text.find('{'); at != text.npos; at = text.find('{', at + 1)) {
        const auto digits = text.find_first_not_of("0123456789,", at + 1);
        large += std::min(digits, text.size()) - at > 2;
    }
    return text.size() > 4096 || large > 2;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (!is_slow(text)) sallyport::content::fuzz::check_rule_file(text);
    return 0;
}
