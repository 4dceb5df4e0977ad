#include "tlog/tile_walk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace sallyport::tlog {

namespace {

constexpr std::string_view other_hash = "does not give the hash that stands for it in the tile above";
constexpr std::string_view other_root = "does not give the checkpoint's root";

// The tiles of a tree that are not full: one a level at most. They hold the roots of all perfect subtrees that the tree is made of.
using Edge = std::array<const Hashes*, tile_levels>;

Digest root_with(std::uint64_t size, const Edge& edge) {
    const auto hash = [&](unsigned height, std::uint64_t index) -> Result<Digest> {
        const unsigned level = height / tile_height, within = height % tile_height;
        const std::uint64_t offset = (index << within) - partial_tile(size, level).index * tile_width;
        return subtree_root(std::span(*edge[level]).subspan(offset, 1ULL << within));
    };
    return GrowingTree::of(size, hash)->root();
}

class Walk {
public:
    Walk(const Checkpoint& checkpoint, const TileWalk& calls) : checkpoint_(checkpoint), calls_(calls) {}
    Result<bool> run();

private:
    Result<Hashes> made_anew(const TilePlace& place) const;
    bool find_edge();
    Result<void> descend(const TilePlace& place, std::span<const Digest> hashes) const;

    const Checkpoint& checkpoint_;
    const TileWalk& calls_;
    struct Level {
        TilePlace place;
        Result<Hashes> found, made;
        bool is_made = false; // the one to be believed
        const Hashes& hashes() const { return is_made ? *made : *found; }
    };
    std::vector<Level> edge_; // lowest level first
};

Result<Hashes> Walk::made_anew(const TilePlace& place) const {
    if (place.level == 0) {
        if (calls_.leaves) return calls_.leaves(place);
        return fail(ErrorKind::unavailable, "");
    }
    Hashes out;
    for (std::uint64_t i = 0; i < place.width; ++i) {
        auto below = calls_.tile(place.child(i));
        if (!below) below = made_anew(place.child(i));
        if (!below) return below;
        out.push_back(subtree_root(*below));
    }
    return out;
}

// Which of the tiles at the edge, as they stand or made anew, give the root? As few of them as can be are taken for damaged.
bool Walk::find_edge() {
    const auto gives_root = [&](std::uint64_t made) {
        Edge chosen{};
        for (std::size_t i = 0; i < edge_.size(); ++i) {
            Level& level = edge_[i];
            level.is_made = (made >> i & 1) != 0;
            if (!(level.is_made ? level.made : level.found)) return false;
            chosen[level.place.level] = &level.hashes();
        }
        return root_with(checkpoint_.size, chosen) == checkpoint_.root;
    };
    if (gives_root(0)) return true;
    for (Level& level : edge_) level.made = made_anew(level.place);
    std::vector<std::uint64_t> choices((1ULL << edge_.size()) - 1);
    for (std::size_t i = 0; i < choices.size(); ++i) choices[i] = i + 1;
    std::ranges::sort(choices, {}, [](std::uint64_t choice) { return std::pair(std::popcount(choice), choice); });
    return std::ranges::any_of(choices, gives_root);
}

Result<void> Walk::descend(const TilePlace& place, std::span<const Digest> hashes) const {
    if (auto told = calls_.fits(place, hashes); !told) return told;
    if (place.level == 0) return {};
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        const TilePlace child = place.child(i);
        auto tile = calls_.tile(child);
        if (!tile || subtree_root(*tile) != hashes[i]) {
            const std::string why = tile ? std::string(other_hash) : tile.error().message;
            tile = made_anew(child);
            const bool fits = tile && subtree_root(*tile) == hashes[i];
            if (auto told = calls_.damaged(child, why, fits); !told) return told;
            if (!fits) continue;
        }
        if (auto gone = descend(child, *tile); !gone) return gone;
    }
    return {};
}

Result<bool> Walk::run() {
    for (unsigned level = 0; level < tile_levels; ++level)
        if (const TilePlace place = partial_tile(checkpoint_.size, level); place.width > 0)
            edge_.push_back({place, calls_.tile(place), Hashes(), false});
    if (!find_edge()) {
        // Where something is missing that is the reason, otherwise nothing says which of them it is.
        for (const Level& level : edge_)
            if (!level.found)
                if (auto told = calls_.damaged(level.place, level.found.error().message, false); !told)
                    return std::unexpected(told.error());
        return false;
    }
    for (const Level& level : edge_)
        if (level.is_made)
            if (auto told = calls_.damaged(level.place,
                                           level.found ? std::string(other_root) : level.found.error().message, true);
                !told)
                return std::unexpected(told.error());
    for (auto level = edge_.rbegin(); level != edge_.rend(); ++level)
        if (auto gone = descend(level->place, level->hashes()); !gone) return std::unexpected(gone.error());
    return true;
}

} // namespace

Result<bool> walk_tiles(const Checkpoint& checkpoint, const TileWalk& walk) {
    return checkpoint.size == 0 ? Result<bool>(checkpoint.root == empty_root()) : Walk(checkpoint, walk).run();
}

} // namespace sallyport::tlog
