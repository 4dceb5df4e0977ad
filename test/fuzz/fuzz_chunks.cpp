// Chunked bodies: the payload and the end do not depend on how the bytes were split, and are what RFC 9112 section 7.1 says, read
// once more here in the simplest way.
#include "http/framing.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace {

struct Taken {
    std::string payload;
    std::size_t consumed = 0;
    bool done = false;
    bool operator==(const Taken&) const = default;
};

// nullopt: refused.
std::optional<Taken> take(std::string_view bytes, std::size_t piece) {
    sallyport::http::ChunkDecoder decoder(sallyport::ErrorSource::client);
    Taken taken;
    while (!bytes.empty() && !taken.done) {
        std::string_view input = bytes.substr(0, piece);
        bytes.remove_prefix(input.size());
        while (!input.empty() && !taken.done) {
            const auto step = decoder.next(input);
            if (!step) return std::nullopt;
            if (step->consumed > input.size() || (step->consumed == 0 && !step->done)) std::abort();
            taken.payload += step->payload;
            taken.consumed += step->consumed;
            taken.done = step->done;
            input.remove_prefix(step->consumed);
        }
    }
    return taken;
}

// The whole of a body at once; nullopt where it is not one, whole and well-formed.
std::optional<Taken> read_whole(std::string_view bytes) {
    constexpr auto none = std::string_view::npos;
    Taken taken;
    while (true) {
        const std::size_t line = bytes.find("\r\n", taken.consumed);
        if (line == none || line == taken.consumed || line - taken.consumed > 15) return std::nullopt;
        std::uint64_t length = 0;
        const char* const begin = bytes.data() + taken.consumed;
        const auto [end, error] = std::from_chars(begin, bytes.data() + line, length, 16);
        if (error != std::errc() || end != bytes.data() + line) return std::nullopt;
        taken.consumed = line + 2;
        if (length == 0) break;
        if (length > bytes.size() - taken.consumed || bytes.substr(taken.consumed + length, 2) != "\r\n")
            return std::nullopt;
        taken.payload += bytes.substr(taken.consumed, length);
        taken.consumed += length + 2;
    }
    for (std::size_t trailers = 0;;) {
        const std::size_t end = bytes.find("\r\n", taken.consumed);
        if (end == none) return std::nullopt;
        const std::string_view trailer = bytes.substr(taken.consumed, end - taken.consumed);
        taken.consumed = end + 2;
        if (trailer.empty()) break;
        trailers += trailer.size();
        if (trailers > 8 * 1024 || trailer[0] == ' ' || trailer[0] == '\t' ||
            trailer.find_first_of(std::string_view("\r\n\0", 3)) != none)
            return std::nullopt;
    }
    taken.done = true;
    return taken;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = take(bytes, bytes.size() + 1);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, 1 + size % 17})
        if (take(bytes, piece) != whole) std::abort();
    const auto expected = size < 4096 ? read_whole(bytes) : std::nullopt;
    if (expected && whole != expected) std::abort();
    if (size < 4096 && whole && whole->done && !expected) std::abort();
    return 0;
}
