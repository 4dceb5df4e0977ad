// The manifest that tells of which pieces a kept body is, alone and inside of a chunk: any bytes are read or refused with a sentence, in
// memory that is in proportion to them; what is read names no chunk that is newer, is written again to the same runs, and is no longer
// than it was; a chunk gives back what was sealed in it, for its own number only.
//
//   input = number of the chunk, u64 little-endian   length of the manifest u8, 255: all   manifest   bytes
#include "bodies/chunk.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace bodies = sallyport::bodies;

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

void check_runs(std::string_view manifest, std::uint64_t own, const std::vector<bodies::Run>& runs) {
    check(runs.size() <= manifest.size() / 3);
    for (const bodies::Run& run : runs) check(run.chunk <= own && run.length != 0);
    std::string again;
    bodies::encode(runs, own, again);
    const auto twice = bodies::decode_manifest(again, own);
    check(twice && *twice == runs && again.size() <= manifest.size());
    std::vector<bodies::Run> joined;
    std::uint64_t before = 0, after = 0;
    for (const bodies::Run& run : runs) {
        if (std::uint64_t{run.offset} + run.length > UINT32_MAX) return; // no chunk is so large
        bodies::add_run(joined, run);
        before += run.length;
    }
    for (const bodies::Run& run : joined) after += run.length;
    check(before == after || joined.size() < runs.size());
}

void check_chunk(std::uint64_t number, std::string_view manifest, std::string_view bytes) {
    static const sallyport::crypto::SealingKey key{sallyport::Secret(std::string(32, 'k'))};
    static bodies::ChunkWriter writer;
    const auto sealed = writer.seal(key, number, manifest, bytes);
    check(sealed.has_value());
    check(!bodies::open_chunk(key, number + 1, *sealed));
    const auto opened = bodies::open_chunk(key, number, *sealed);
    const auto runs = bodies::decode_manifest(manifest, number);
    if (manifest.empty()) return check(opened && opened->runs.empty() && opened->bytes == bytes);
    check(opened.has_value() == runs.has_value());
    if (!opened) return check(!opened.error().message.empty());
    check(opened->runs == *runs && opened->bytes == bytes);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::uint64_t own = 0;
    if (size <= sizeof own) return 0;
    std::memcpy(&own, data, sizeof own);
    const std::size_t length = data[sizeof own];
    const std::string_view rest(reinterpret_cast<const char*>(data) + sizeof own + 1, size - sizeof own - 1);
    const std::string_view manifest = rest.substr(0, length == 255 ? rest.size() : length);
    const auto runs = bodies::decode_manifest(manifest, own);
    if (runs)
        check_runs(manifest, own, *runs);
    else
        check(!runs.error().message.empty());
    check_chunk(own, manifest, rest.substr(manifest.size()));
    return 0;
}
