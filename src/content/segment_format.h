// The layout of a segment on disk, docs/formats/index.md, as structs. Little-endian, no gaps.
#pragma once

#include "content/document_id.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sallyport::content::segment_format {

static_assert(std::endian::native == std::endian::little, "segments are mapped as they are");

inline constexpr std::string_view magic = "SALLYIDX";
inline constexpr std::uint32_t version = 1;

// Texts have no checksum of their own here: each block has one, which is compared when it is read.
enum Part : std::size_t { texts, blocks, documents, by_id, directory, filter, entries, parts };

struct Section {
    std::uint64_t offset = 0, bytes = 0, checksum = 0;
};

struct Header {
    char magic[8] = {};
    std::uint32_t version = 0;
    std::uint32_t gram_bytes = 0;
    std::uint32_t bucket_bits = 0;   // of a hash, from the top: its place in the directory
    std::uint32_t position_bits = 0; // of an entry, the lower ones
    std::uint64_t documents = 0;
    std::uint64_t positions = 0; // normalised bytes of all documents
    std::uint64_t entries = 0;
    std::uint64_t lines = 0;
    std::array<Section, parts> sections{};
    std::uint64_t checksum = 0; // of the bytes before
};
static_assert(sizeof(Header) == 8 + 16 + 32 + 24 * parts + 8);

struct Document {
    DocumentId id;
    std::uint64_t begin = 0; // position of its first byte among those of all documents, which follow each other
    std::uint32_t size = 0;  // normalised bytes
    std::uint32_t lines = 0;
    std::uint32_t block = 0;
    std::uint32_t in_block = 0; // where its text begins; behind the text, how many bytes each line has, as LEB128
    std::uint32_t lineage = 0;  // the versions of one file have the same: a hash of repository and path
    std::uint32_t window = 0;
};
static_assert(sizeof(Document) == 64);

struct Block {
    std::uint64_t offset = 0; // in the section of texts
    std::uint32_t packed = 0; // bytes there, one zstd frame
    std::uint32_t unpacked = 0;
    std::uint64_t checksum = 0; // of the packed bytes
};
static_assert(sizeof(Block) == 24);

// An entry is a remainder, the surroundings and a position, from the highest bits down, packed without gaps. The remainder is the part
// of a hash below its bucket.
inline constexpr std::uint32_t remainder_bits = 12, surroundings_bits = 12;
inline constexpr std::uint32_t position_bits_max = 33; // so that an entry is read in one load of 8 bytes
inline constexpr std::uint32_t bucket_bits_max = 31;
inline constexpr std::size_t entries_padding = 8;

// A fingerprint that is common (more than limits::index_files_max files) has this entry last, in place of a position.
constexpr std::uint64_t common_position(std::uint32_t position_bits) { return (1ULL << position_bits) - 1; }

// Six bits each for the bytes before and behind a gram. A shared run of 60 bytes holds all of those on one side of its gram, so most of
// the places that share a gram and no more are told by this without their text.
inline constexpr std::size_t side_bytes = 15;
constexpr std::uint32_t side_of(std::string_view bytes) {
    std::uint32_t hash = 0x811C'9DC5;
    for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x0100'0193;
    return (hash ^ hash >> 15) * 0x2C1B'3C6DU >> 26;
}
constexpr std::uint32_t surroundings_of(std::string_view text, std::size_t gram, std::size_t gram_size) {
    const std::size_t before = gram < side_bytes ? gram : side_bytes;
    return side_of(text.substr(gram - before, before)) << 6 |
           side_of(text.substr(gram + gram_size).substr(0, side_bytes));
}
constexpr bool may_surround(std::uint32_t one, std::uint32_t other) {
    return (one ^ other) >> 6 == 0 || ((one ^ other) & 63) == 0;
}

constexpr std::uint64_t bucket_of(std::uint64_t hash, std::uint32_t bucket_bits) {
    return bucket_bits == 0 ? 0 : hash >> (64 - bucket_bits);
}
constexpr std::uint64_t remainder_of(std::uint64_t hash, std::uint32_t bucket_bits) {
    return hash << bucket_bits >> (64 - remainder_bits);
}

// The filter: a Bloom filter whose bits for one hash lie in one word (Putze, Sanders, Singler 2009, "register-blocked").
inline constexpr std::uint32_t filter_bits_per_hash = 10;
constexpr std::uint64_t filter_word(std::uint64_t hash, std::uint64_t words) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(hash) * words >> 64);
}
// Of bits that tell hashes apart and that the word hardly depends on.
constexpr std::uint64_t filter_mask(std::uint64_t hash) {
    return 1ULL << (hash >> 16 & 63) | 1ULL << (hash >> 22 & 63) | 1ULL << (hash >> 28 & 63) |
           1ULL << (hash >> 34 & 63);
}

} // namespace sallyport::content::segment_format
