// Goes through all tiles of a log from the root of its checkpoint down, left to right, and believes a tile only where it gives the hash
// that is believed already: the tiles that are not full give the checkpoint's root together, each other tile its hash in the tile above.
//
// Holds one tile a level at a time, whatever the log's size. The work is bounded by the tiles that are there, not by the size that a
// checkpoint claims: below a tile that does not fit nothing is looked for.
#pragma once

#include "tlog/checkpoint.h"
#include "tlog/tile.h"

#include <functional>

namespace sallyport::tlog {

struct TileWalk {
    // A tile as it stands; an error says why it cannot be had, without its name.
    std::function<Result<Hashes>(const TilePlace& place)> tile;
    // The hashes that a tile of level 0 should have, made of the entries. May be empty: then no such tile is made anew.
    std::function<Result<Hashes>(const TilePlace& place)> leaves;
    // A tile that fits, its parent before it; tiles of level 0 come in the order of their entries. An error ends the walk.
    std::function<Result<void>(const TilePlace& place, std::span<const Digest> hashes)> fits;
    // A tile that does not. `is_made_anew`: what stands below it gives what it should have been (fits() follows with that);
    // otherwise nothing below it can be told. An error ends the walk.
    std::function<Result<void>(const TilePlace& place, const std::string& why, bool is_made_anew)> damaged;
};

// `false`: the tiles that are not full do not give the root, whichever of them are made anew; then nothing fits.
Result<bool> walk_tiles(const Checkpoint& checkpoint, const TileWalk& walk);

} // namespace sallyport::tlog
