// Server-sent events: what is told does not depend on how the bytes were split.
#include "http/event_stream.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {
std::string told(std::string_view bytes, std::size_t piece) {
    sallyport::http::EventStream stream;
    std::string all;
    while (!bytes.empty()) {
        const std::string_view part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        stream.feed(part, [&](std::string_view event, std::string_view data) { all.append(event).append("\x01").append(data).append("\x02"); });
    }
    return all;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string whole = told(bytes, bytes.size() + 1);
    if (told(bytes, 1) != whole || told(bytes, 7) != whole) std::abort();
    return 0;
}
