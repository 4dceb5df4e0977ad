// Any text under the built-in rules: Hyperscan and RE2 find the same, sorted, disjoint, within the text.
#include "content/secret_check.h"

#include <cstddef>
#include <cstdint>

namespace {

using namespace sallyport::content;

SecretScanner& scanner() {
    static SecretScanner one(SecretRules::compile(built_in_secret_rules().value()).value());
    return one;
}

} // namespace

// Compiling takes longer than libFuzzer grants an input.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    scanner();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_text(scanner(), {reinterpret_cast<const char*>(data), size}, "");
    return 0;
}
