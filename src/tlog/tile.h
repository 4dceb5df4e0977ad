// The files of a log (C2SP tlog-tiles), without a disk: their names, which of them a tree of a size has, and what is in them.
//
//   tile/0/x001/234        256 hashes of a level one after the other, 32 bytes each: a full tile. Level 0 holds leaves, a hash of
//                          level L + 1 is the root of a full tile of level L
//   tile/0/x001/234.p/17   the last tile of a level that is not full: its 17 hashes
//   tile/entries/x001/234  as many entries as the tile of level 0 has hashes, each behind its length (u16, big-endian)
#pragma once

#include "tlog/merkle.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::tlog {

inline constexpr unsigned tile_height = 8;
inline constexpr std::uint64_t tile_width = 256;
inline constexpr unsigned tile_levels = 8;              // of 2^64 entries; level 7 never fills a tile
inline constexpr std::size_t logged_bytes_max = 0xFFFF; // one entry
inline constexpr std::size_t entry_head_bytes = 2;      // its length
inline constexpr std::size_t entry_bundle_bytes_max = tile_width * (entry_head_bytes + logged_bytes_max);
inline constexpr std::size_t tile_bytes_max = tile_width * std::tuple_size_v<Digest>;

using Hashes = std::vector<Digest>;

// `width` 256: a full tile; `level` nothing: of entries.
std::string tile_path(std::optional<unsigned> level, std::uint64_t index, std::uint64_t width = tile_width);

struct TilePlace {
    unsigned level = 0;
    std::uint64_t index = 0;
    std::uint64_t width = tile_width;
    bool operator==(const TilePlace&) const = default;
    std::string path() const { return tile_path(level, index, width); }
    std::string entries_path() const { return tile_path(std::nullopt, index, width); } // of level 0
    // Entries [first(), end()) stand below it.
    std::uint64_t first() const { return index * tile_width << tile_height * level; }
    std::uint64_t end() const { return first() + (width << tile_height * level); }
    TilePlace child(std::uint64_t i) const { return {level - 1, index * tile_width + i, tile_width}; } // i < width
};
// The tile of a level that is not full, in a tree of that size; of width 0 where there is none.
constexpr TilePlace partial_tile(std::uint64_t size, unsigned level) {
    const std::uint64_t hashes = size >> tile_height * level;
    return {level, hashes / tile_width, hashes % tile_width};
}

// What tile_path() wrote, and nothing else: no other form of a number, no tile of width 0.
struct TileName {
    TilePlace place; // of level 0 where it is of entries
    bool is_of_entries = false;
};
std::optional<TileName> parse_tile_path(std::string_view path);

std::string encode(std::span<const Digest> tile);
Result<Hashes> read_tile(std::string_view bytes, std::uint64_t width);
Digest subtree_root(std::span<const Digest> hashes); // of a power of two of them

// `entry` has at most logged_bytes_max bytes.
void append_entry(std::string& bundle, std::string_view entry);
struct EntryBundle {
    std::vector<std::string_view> entries; // at most as many as asked for; they point into the bytes
    std::string problem;                   // empty where the bytes are these entries and nothing else
};
// `is_prefix`: what stands behind the entries is no problem.
EntryBundle read_entries(std::string_view bytes, std::uint64_t count, bool is_prefix = false);

} // namespace sallyport::tlog
