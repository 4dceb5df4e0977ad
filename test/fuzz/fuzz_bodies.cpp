// What the packs of bodies hold, as damage or a stranger may leave it: a manifest that is read is written again as it was, a head of a
// pack too, and sealed bytes that this key did not seal are never opened.
#include "bodies/chunk.h"
#include "bodies/pack.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace bodies = sallyport::bodies;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    constexpr std::uint64_t own = 1'000;
    if (const auto runs = bodies::decode_manifest(input, own)) {
        std::string again;
        bodies::encode(*runs, own, again);
        const auto twice = bodies::decode_manifest(again, own);
        if (!twice || *twice != *runs || again.size() > input.size()) std::abort();
    }
    if (const auto head = bodies::decode_pack_header(input, "fuzz.pack"); !head && head.error().message.empty())
        std::abort();
    static const sallyport::crypto::SealingKey key{sallyport::Secret(std::string(32, 'k'))};
    if (bodies::open_chunk(key, own, input)) std::abort();
    return 0;
}
