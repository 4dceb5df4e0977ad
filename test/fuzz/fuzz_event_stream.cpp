// Server-sent events: what is told does not depend on how the bytes were split, and is what the standard's rules give, applied once
// more here line by line.
#include "http/event_stream.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void append(std::string& all, std::string_view event, std::string_view data) {
    all.append(event).append("\x01").append(data).append("\x02");
}

std::string told(std::string_view bytes, std::size_t piece) {
    sallyport::http::EventStream stream;
    std::string all;
    while (!bytes.empty()) {
        const std::string part(bytes.substr(0, piece)); // its own memory: nothing may be looked at later
        bytes.remove_prefix(part.size());
        stream.feed(part, [&](std::string_view event, std::string_view data) { append(all, event, data); });
    }
    return all;
}

// WHATWG HTML section 9.2.6, for lines that end in LF or CRLF.
std::string by_the_rules(std::string_view bytes) {
    std::string all, event, data;
    while (true) {
        const std::size_t end = bytes.find('\n');
        if (end == std::string_view::npos) return all;
        std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) {
            if (!data.empty()) append(all, event, std::string_view(data).substr(0, data.size() - 1));
            data.clear();
            event.clear();
            continue;
        }
        const std::size_t colon = line.find(':');
        const std::string_view name = line.substr(0, colon);
        std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (name == "event") event = value;
        if (name == "data") data.append(value).append("\n");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string whole = told(bytes, bytes.size() + 1);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, 1 + size % 29})
        if (told(bytes, piece) != whole) std::abort();
    if (size < sallyport::limits::event_bytes_max && by_the_rules(bytes) != whole) std::abort();
    return 0;
}
