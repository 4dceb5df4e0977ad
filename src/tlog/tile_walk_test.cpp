// A log's tiles are believed only as far as its checkpoint vouches for them; what is damaged is named, what is below it still read.
#include "tlog/tile_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace sallyport::tlog {
namespace {

// A log in memory: tiles by their path, of entries "entry 0", "entry 1", …
struct Log {
    explicit Log(std::uint64_t size) : checkpoint{"log.example/1", size, {}}, entries(size) {
        GrowingTree tree;
        std::map<unsigned, Hashes> levels;
        for (std::uint64_t i = 0; i < size; ++i)
            tree.add(leaf(i), [&](unsigned height, std::uint64_t, const Digest& hash) {
                if (height % tile_height == 0) levels[height / tile_height].push_back(hash);
            });
        checkpoint.root = tree.root();
        for (const auto& [level, hashes] : levels)
            for (std::uint64_t at = 0; at < hashes.size(); at += tile_width) {
                const std::uint64_t width = std::min(tile_width, hashes.size() - at);
                tiles[TilePlace{level, at / tile_width, width}.path()] = {
                    hashes.begin() + static_cast<long>(at), hashes.begin() + static_cast<long>(at + width)};
            }
    }
    static Digest leaf(std::uint64_t index) { return leaf_hash("entry " + std::to_string(index)); }

    // "tile/1/000 made", one a line; where the entries are not to be had, nothing of level 0 is made anew.
    std::string walk(bool with_entries = true) {
        std::string told;
        next = fitting = 0;
        read = 0;
        TileWalk calls{
            .tile = [this](const TilePlace& place) -> Result<Hashes> {
                ++read;
                const auto found = tiles.find(place.path());
                if (found == tiles.end()) return fail(ErrorKind::unavailable, "is missing");
                return found->second;
            },
            .leaves = {},
            .fits = [this](const TilePlace& place, std::span<const Digest> hashes) -> Result<void> {
                if (place.level != 0) return {};
                EXPECT_GE(place.first(), next);
                next = place.end();
                fitting += place.width;
                for (std::uint64_t i = 0; i < place.width; ++i) EXPECT_EQ(hashes[i], leaf(place.first() + i));
                return {};
            },
            .damaged = [&](const TilePlace& place, const std::string& why, bool is_made_anew) -> Result<void> {
                EXPECT_FALSE(why.empty());
                told += place.path() + (is_made_anew ? " made" : " lost") + "\n";
                return {};
            }};
        if (with_entries)
            calls.leaves = [this](const TilePlace& place) -> Result<Hashes> {
                if (place.end() > entries) return fail(ErrorKind::unavailable, "is missing");
                Hashes out;
                for (std::uint64_t i = 0; i < place.width; ++i) out.push_back(leaf(place.first() + i));
                return out;
            };
        const auto fits = walk_tiles(checkpoint, calls);
        EXPECT_TRUE(fits);
        return told + (*fits ? "" : "root\n");
    }

    Checkpoint checkpoint;
    std::uint64_t entries;
    std::map<std::string, Hashes> tiles;
    std::uint64_t next = 0, fitting = 0, read = 0;
};

TEST(TileWalk, GivesAllLeavesInTheirOrder) {
    for (const std::uint64_t size : {0, 1, 2, 3, 255, 256, 257, 511, 512, 700, 65'535, 65'536, 65'537, 65'536 + 700}) {
        Log log(size);
        EXPECT_EQ(log.walk(), "") << size;
        EXPECT_EQ(log.fitting, size);
        EXPECT_EQ(log.read, log.tiles.size()) << size;
    }
}

TEST(TileWalk, NamesEachDamagedTileAndGoesOnBelowIt) {
    for (const std::uint64_t size : {1ULL, 256ULL, 700ULL, 65'536ULL + 700}) {
        Log log(size);
        std::size_t number = 0;
        for (auto& [path, hashes] : log.tiles) {
            if (hashes.size() == tile_width && path.starts_with("tile/0/") && number++ % 40 != 0) continue;
            const Hashes whole = hashes;
            hashes[hashes.size() / 2][7] ^= 1;
            EXPECT_EQ(log.walk(), path + " made\n") << size;
            EXPECT_EQ(log.fitting, size);
            Log without = log;
            without.tiles.erase(path);
            EXPECT_EQ(without.walk(), path + " made\n") << size;
            EXPECT_EQ(without.fitting, size);
            hashes = whole;
        }
    }
}

TEST(TileWalk, LosesOnlyWhatADamagedTileHadWhereNothingTellsItAgain) {
    Log log(65'536 + 700);
    log.tiles.at("tile/0/003")[17][0] ^= 1;
    EXPECT_EQ(log.walk(false), "tile/0/003 lost\n");
    EXPECT_EQ(log.fitting, log.checkpoint.size - tile_width);
    log.tiles.at("tile/1/000")[3][0] ^= 1; // of two that are damaged, neither can be made anew by the other
    EXPECT_EQ(log.walk(false), "tile/1/000 lost\n");
    EXPECT_EQ(log.fitting, 700u);
    log.tiles.at("tile/0/258.p/188")[1][1] ^= 1;
    EXPECT_EQ(log.walk(false), "root\n");
    EXPECT_EQ(log.fitting, 0u);
}

TEST(TileWalk, NeedsNothingButTheEntries) {
    Log log(65'536 + 700);
    log.tiles.clear();
    const std::string told = log.walk();
    EXPECT_EQ(std::ranges::count(told, '\n'), 3 + 256 + 1 + 2) << "all of them are missing, and made anew";
    EXPECT_FALSE(told.contains("lost"));
    EXPECT_EQ(log.fitting, log.checkpoint.size);
}

TEST(TileWalk, BelievesNoTileOfAnotherLog) {
    Log log(700);
    log.checkpoint.root = Log(699).checkpoint.root;
    EXPECT_EQ(log.walk(), "root\n");
    EXPECT_EQ(log.fitting, 0u);
}

TEST(TileWalk, ASizeThatNothingStandsBehindCostsNothing) {
    Log log(700);
    for (const std::uint64_t size : {~0ULL, 1ULL << 63, 1ULL << 56, 1ULL << 40, 1ULL << 32}) {
        log.checkpoint.size = size;
        EXPECT_NE(log.walk(), "") << size;
        EXPECT_LT(log.read, 3'000u);
    }
    // The root and the topmost tile are right, nothing else is there.
    const Digest one = leaf_hash("x");
    log.tiles = {{"tile/7/000.p/128", Hashes(128, one)}};
    log.checkpoint = {"log.example/1", 1ULL << 63, subtree_root(Hashes(128, one))};
    const std::string told = log.walk();
    EXPECT_EQ(std::ranges::count(told, '\n'), 128) << told;
    EXPECT_LT(log.read, 3'000u);
}

TEST(EntryBundle, ComesBackAndIsReadToItsEndOnly) {
    std::string bundle;
    const std::string long_one(logged_bytes_max, 'x');
    for (const std::string_view entry : {std::string_view("a"), std::string_view(), std::string_view(long_one)})
        append_entry(bundle, entry);
    const auto read = read_entries(bundle, 3);
    EXPECT_EQ(read.problem, "");
    EXPECT_EQ(read.entries, (std::vector<std::string_view>{"a", "", long_one}));
    EXPECT_EQ(read_entries(bundle, 2).problem, "has 65537 bytes behind its 2 entries");
    EXPECT_EQ(read_entries(bundle, 2, true).problem, "");
    EXPECT_EQ(read_entries(bundle, 4).problem, "ends within entry 4 of 4");
    EXPECT_EQ(read_entries(std::string_view(bundle).substr(0, 4), 3).problem, "ends within entry 2 of 3");
    EXPECT_EQ(read_entries(std::string_view(bundle).substr(0, 1'000), 3).entries.size(), 2u);
}

TEST(Checkpoint, ExtensionLinesAreReadOverOnlyWhereThatIsAsked) {
    const std::string plain = encode(Checkpoint{"a", 1, leaf_hash("x")}), more = plain + "time 17\n";
    EXPECT_FALSE(parse_checkpoint(more));
    const auto read = parse_checkpoint(more, Extensions::read_over);
    ASSERT_TRUE(read);
    EXPECT_EQ(encode(*read), plain);
    EXPECT_TRUE(parse_checkpoint(plain, Extensions::read_over));
    EXPECT_FALSE(parse_checkpoint(plain + "\n", Extensions::read_over));
    EXPECT_FALSE(parse_checkpoint(plain + "no end", Extensions::read_over));
}

} // namespace
} // namespace sallyport::tlog
