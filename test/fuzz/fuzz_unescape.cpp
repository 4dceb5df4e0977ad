// Any bytes as a text that may hold escapes nobody has checked: what is no escape stays; it never grows; a place in the result leads back to a
// place in the text, in order; where the text is the inside of a JSON string both ways of unescaping agree.
#include "base/buffer.h"
#include "json/document.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sallyport;

void check(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string out;
    std::vector<json::SpanPair> spans;
    json::unescape_what_is_escaped(text, out, &spans);
    check(out.size() <= text.size());
    if (!text.contains('\\')) check(out == text);
    std::uint32_t before = 0;
    for (std::uint32_t at = 0; at <= out.size(); ++at) {
        const std::uint32_t raw = json::raw_offset(spans, at);
        check(raw >= before && raw <= text.size());
        before = raw;
    }
    Buffer quoted;
    quoted.append("\"");
    quoted.append(text);
    quoted.append("\"");
    json::Document document;
    if (!document.parse(quoted.view())) return 0;
    std::string checked;
    json::unescape(text, checked);
    check(checked == out);
    return 0;
}
