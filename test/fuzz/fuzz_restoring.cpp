// Any bytes as a vendor's answer into which something is put back: however they are split on the way, the same comes out; without a
// placeholder and without what may begin one, just what came; and the value comes out only where a whole placeholder came in. The first byte
// says which dialect, and how long the pieces are.
#include "gateway/restoring.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sallyport;

constexpr std::string_view placeholder = "[[sallyport:github-token:abcdefghij234567abcd]]";
constexpr std::string_view value = "THE-VALUE";
const std::vector<std::string> tools = {"Edit", "apply_patch"};

void check(bool holds) {
    if (!holds) std::abort();
}

gateway::Restoring restoring(dialect::Dialect dialect) {
    std::vector<content::Replacement> known;
    known.push_back({std::string(placeholder), Secret(std::string(value))});
    return {dialect, std::move(known), tools};
}

std::string whole(dialect::Dialect dialect, std::string_view stream, std::size_t piece) {
    gateway::Restoring one = restoring(dialect);
    std::string out;
    for (std::size_t at = 0; at < stream.size(); at += piece) one.feed(stream.substr(at, piece), out);
    one.end(out);
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto dialect = static_cast<dialect::Dialect>(data[0] % 4);
    const std::size_t piece = 1 + data[0] / 4;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string at_once = whole(dialect, stream, std::max<std::size_t>(stream.size(), 1));
    check(at_once == whole(dialect, stream, piece));
    if (!stream.contains('[')) check(at_once == stream);
    if (!stream.contains(value) && !stream.contains("[[sallyport"))
        check(!at_once.contains(value) || stream.contains('['));
    const std::string body = restoring(dialect).body(stream);
    if (!stream.contains(placeholder)) check(body == stream);
    return 0;
}
