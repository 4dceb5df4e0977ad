// Content codings: damaged data ends in an error, never beyond the bound.
#include "http/coding.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport;
    constexpr std::size_t bytes_max = 1u << 20;
    if (size == 0) return 0;
    static constexpr std::string_view codings[] = {"gzip", "br", "zstd", "deflate"};
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto decoder = http::make_decoder(codings[data[0] % 4], ErrorSource::client);
    Buffer out;
    const std::size_t half = bytes.size() / 2;
    if (decoder->decode(bytes.substr(0, half), out, bytes_max)) static_cast<void>(decoder->decode(bytes.substr(half), out, bytes_max));
    if (out.size() > bytes_max + (64u << 10)) std::abort();
    return 0;
}
