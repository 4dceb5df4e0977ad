// What one body added, as it stands on the disk: compressed (zstd, RFC 8878), then sealed (AES-256-GCM). docs/formats/bodies.md.
//
//   sealed  = of: dictionary u8   zstd frame        context: "body" and the chunk's number, 8 bytes little-endian
//   content = manifest length (LEB128)   manifest   bytes
#pragma once

#include "bodies/manifest.h"
#include "crypto/crypto.h"

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::bodies {

// One thread: its memory is used again.
class ChunkWriter {
public:
    ChunkWriter();
    ~ChunkWriter();
    ChunkWriter(const ChunkWriter&) = delete;
    ChunkWriter& operator=(const ChunkWriter&) = delete;
    Result<std::string> seal(const crypto::SealingKey& key, std::uint64_t number, std::string_view manifest,
                             std::string_view bytes);

private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

struct OpenChunk {
    std::vector<Run> runs; // empty: it is only part of other bodies
    std::string bytes;
};
// Fails where it is damaged, was sealed with another key or for another number, or is larger than any that is written.
Result<OpenChunk> open_chunk(const crypto::SealingKey& key, std::uint64_t number, std::string_view sealed);

} // namespace sallyport::bodies
