// A repository's settings, read for what would send a client elsewhere: each finding is on a line that is there, in order, and a key that
// is given a value on a line of its own is always found, whatever stands before it.
#include "endpoint/redirects.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::endpoint;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto lines = 1 + static_cast<std::size_t>(std::ranges::count(text, '\n'));
    const auto found = redirects_in(text, "f");
    for (const Redirect& one : found)
        if (one.line == 0 || one.line > lines || one.what.empty()) std::abort();
    if (!std::ranges::is_sorted(found, {}, &Redirect::line)) std::abort();
    const auto more = redirects_in(text + "\n\"ANTHROPIC_BASE_URL\": \"x\"", "f");
    if (found.size() < 100 && (more.empty() || more.back().what != "ANTHROPIC_BASE_URL")) std::abort();
    return 0;
}
