// The files of a log as a stranger would offer them. Any bytes as a bundle of entries, read and written again; and any bytes in the
// place of one file of a log of 700 entries: only hashes that its checkpoint vouches for are believed.
//
//   input = which file (1 byte)   entries or hashes to expect (1 byte, 0 for 256)   bytes
#include "tlog/tile_walk.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;
using namespace sallyport::tlog;

constexpr std::uint64_t size = 700;

void check(bool holds) {
    if (!holds) std::abort();
}

struct Log {
    Log() {
        GrowingTree tree;
        std::map<unsigned, Hashes> levels;
        for (std::uint64_t i = 0; i < size; ++i)
            tree.add(leaf_hash(std::to_string(i)), [&](unsigned height, std::uint64_t, const Digest& hash) {
                if (height % tile_height == 0) levels[height / tile_height].push_back(hash);
            });
        checkpoint = {"log.example/1", size, tree.root()};
        leaves = levels[0];
        for (const auto& [level, hashes] : levels)
            for (std::uint64_t at = 0; at < hashes.size(); at += tile_width) {
                const auto tile = std::span(hashes).subspan(at, std::min(tile_width, hashes.size() - at));
                files.emplace_back(TilePlace{level, at / tile_width, tile.size()}.path(), encode(tile));
            }
    }
    Checkpoint checkpoint;
    Hashes leaves;
    std::vector<std::pair<std::string, std::string>> files;
};

void check_entries(std::string_view bytes, std::uint64_t count) {
    const EntryBundle bundle = read_entries(bytes, count), prefix = read_entries(bytes, count, true);
    std::string again;
    for (const std::string_view entry : bundle.entries) append_entry(again, entry);
    check(bundle.entries.size() <= count && bytes.starts_with(again));
    check(!bundle.problem.empty() || (bundle.entries.size() == count && again == bytes));
    check(prefix.entries == bundle.entries && prefix.problem.empty() == (prefix.entries.size() == count));
    if (const auto tile = read_tile(bytes, count)) check(encode(*tile) == bytes);
}

void check_walk(std::size_t changed, std::string_view bytes) {
    static const Log log;
    std::uint64_t next = 0;
    const auto file = [&](const std::string& path) -> Result<std::string_view> {
        for (std::size_t i = 0; i < log.files.size(); ++i)
            if (log.files[i].first == path) return i == changed % log.files.size() ? bytes : log.files[i].second;
        return fail(ErrorKind::unavailable, "is missing");
    };
    TileWalk calls{.tile = [&](const TilePlace& place) -> Result<Hashes> {
                       const auto found = file(place.path());
                       if (!found) return std::unexpected(found.error());
                       return read_tile(*found, place.width);
                   },
                   .leaves = {},
                   .fits = [&](const TilePlace& place, std::span<const Digest> hashes) -> Result<void> {
                       if (place.level != 0) return {};
                       check(place.first() >= next && place.end() <= size && hashes.size() == place.width);
                       next = place.end();
                       for (std::uint64_t i = 0; i < place.width; ++i)
                           check(hashes[i] == log.leaves[place.first() + i]);
                       return {};
                   },
                   .damaged = [&](const TilePlace&, const std::string& why, bool) -> Result<void> {
                       check(!why.empty());
                       return {};
                   }};
    check(walk_tiles(log.checkpoint, calls).has_value());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    if (length < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, length - 2);
    check_entries(bytes, data[1] == 0 ? tile_width : data[1]);
    check_walk(data[0], bytes);
    return 0;
}
