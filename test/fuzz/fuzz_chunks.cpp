// Chunked bodies: the payload and the end do not depend on how the bytes were split.
#include "http/framing.h"

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
            taken.payload += step->payload;
            taken.consumed += step->consumed;
            taken.done = step->done;
            input.remove_prefix(step->consumed);
        }
    }
    return taken;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = take(bytes, bytes.size() + 1);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}})
        if (take(bytes, piece) != whole) std::abort();
    return 0;
}
