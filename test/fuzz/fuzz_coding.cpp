// Content codings: what is decoded does not depend on how the bytes were split; damaged data ends in an error, nothing goes beyond
// the bound; and libzstd reads nothing else when it has all bytes at once, as a vendor may. The first byte of the input chooses
// the coding and the bound.
#include "http/coding.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace sallyport;

struct Decoded {
    bool whole = false; // without an error
    bool finished = false;
    std::string bytes;
};

Decoded decode(std::string_view coding, std::string_view bytes, std::size_t piece, std::size_t bytes_max) {
    const auto decoder = http::make_decoder(coding, ErrorSource::client);
    Buffer out;
    Decoded decoded;
    do {
        const std::string_view part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        const auto done = decoder->decode(part, out, bytes_max);
        if (out.capacity() > bytes_max + (128u << 10)) std::abort();
        if (!done) {
            if (done.error().kind == ErrorKind::too_large && out.size() <= bytes_max) std::abort();
            return decoded;
        }
        if (out.size() > bytes_max) std::abort();
    } while (!bytes.empty());
    decoded.whole = true;
    decoded.finished = decoder->finished();
    decoded.bytes = out.view();
    // Nothing more changes nothing; where the end is still to come, a decoder may find only now that it never can.
    const bool goes_on = decoder->decode({}, out, bytes_max).has_value();
    if (decoder->finished() != decoded.finished || out.view() != decoded.bytes || (decoded.finished && !goes_on))
        std::abort();
    return decoded;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static constexpr std::string_view codings[] = {"gzip", "br", "zstd", "deflate"};
    const std::string_view coding = codings[data[0] % 4];
    const std::size_t bytes_max = (data[0] & 4) != 0 ? 1000 : 1u << 18;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Decoded whole = decode(coding, bytes, bytes.size() + 1, bytes_max);
    if (coding == "zstd" && whole.whole && whole.finished) {
        std::string once(whole.bytes.size() + 1, '\0');
        const std::size_t length = ZSTD_decompress(once.data(), once.size(), bytes.data(), bytes.size());
        // A reader that refuses it (streaming takes empty blocks of any kind) reads nothing else; one that reads more would.
        if (ZSTD_isError(length) ? ZSTD_getErrorCode(length) == ZSTD_error_dstSize_tooSmall
                                 : once.substr(0, length) != whole.bytes)
            std::abort();
    }
    for (const std::size_t piece : {1 + bytes.size() / 2, size < 2000 ? std::size_t{1} : std::size_t{97}}) {
        const Decoded split = decode(coding, bytes, piece, bytes_max);
        if (split.finished != whole.finished) std::abort();
        // What never ends is refused, wherever that is seen first.
        if (whole.finished && (!split.whole || split.bytes != whole.bytes)) std::abort();
    }
    return 0;
}
