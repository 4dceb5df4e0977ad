// The exact bytes of bodies that were kept. Reads what the packs hold, also while a gateway writes. One thread.
#pragma once

#include "base/error.h"
#include "bodies/chunk.h"
#include "bodies/pack.h"
#include "store/body_keys.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace sallyport::bodies {

class Reader {
public:
    Reader(std::filesystem::path directory, store::BodyKeys& keys, const crypto::SealingKey& wrapping)
        : directory_(std::move(directory)), keys_(keys), wrapping_(wrapping) {}

    // The body of which chunk `number` tells. The error says where it is not there any more: erased (refused), lost in a crash or
    // damaged (invalid), larger than limits (too_large). Compare its digest with the entry's.
    Result<std::string> body(std::uint64_t number);

    // The same in parts, for who looks at each part once: of which runs the body is, and one run's bytes, valid until the next call.
    Result<std::vector<Run>> runs(std::uint64_t number);
    Result<std::string_view> bytes(const Run& run);
    // Before reading on after a while: keys may have been destroyed meanwhile. Nothing that they opened stays either.
    void forget_keys() {
        held_keys_.clear();
        chunks_.clear();
    }

private:
    struct Pack {
        std::uint64_t end = 0; // one past its last chunk
        std::map<std::uint64_t, ChunkPlace> places;
    };
    Result<const OpenChunk*> chunk(std::uint64_t number);
    Result<std::pair<std::filesystem::path, ChunkPlace>> place_of(std::uint64_t number);
    Result<const crypto::SealingKey*> key(std::uint64_t id);

    std::filesystem::path directory_;
    store::BodyKeys& keys_;
    const crypto::SealingKey& wrapping_;
    std::map<std::filesystem::path, Pack> packs_;
    std::map<std::uint64_t, crypto::SealingKey> held_keys_;
    std::map<std::uint64_t, OpenChunk> chunks_; // of the body that is put together
};

} // namespace sallyport::bodies
