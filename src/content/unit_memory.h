// What was found in units that were inspected before, by their keyed name: a conversation is sent whole with each turn, and only what
// is new in it is looked at. Bounded; forgets what was not asked for longest, roughly. From any thread.
#pragma once

#include "content/finding.h"
#include "crypto/unit_name.h"

#include <array>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace sallyport::content {

// To whom a unit left: of one speaker (a person's conversation) the upstreams, as bits.
struct Left {
    std::uint64_t speaker = 0;
    std::uint32_t upstreams = 0;
    bool changed = false; // not as it came: something in it was redacted, withheld or normalised
};

struct Recalled {
    enum class As : std::uint8_t {
        unknown,
        current,  // findings under these very rules
        outdated, // under older ones, and the unit has left since: what was done to it then stays done
    };
    As as = As::unknown;
    Left left;
};

class UnitMemory {
public:
    explicit UnitMemory(std::size_t units_max);
    // Appends what was found in the unit to lists that are empty, unless it is unknown. `epoch`: Rules::epoch().
    Recalled recall(const crypto::UnitName& name, std::uint64_t epoch, std::vector<Found>& into, Sources& sources);
    void remember(const crypto::UnitName& name, std::uint64_t epoch, const Left& left, std::vector<Found> found,
                  const Sources& sources);
    // It is about to be sent. `acted_on`: what newer rules found was acted on this time, so it is a finding like any other from now on.
    // `let_through`: findings that are not acted on, also where nobody disputes them any more (their `begin` and `rule` count).
    void leave(const crypto::UnitName& name, const Left& to, bool acted_on, std::span<const Found> let_through);
    std::size_t units() const;

private:
    struct Hash {
        std::size_t operator()(const crypto::UnitName& name) const { return name.low; }
    };
    struct Known {
        std::vector<Found> found;
        std::unique_ptr<const Sources> sources; // hardly any unit has some
        std::uint64_t epoch = 0;
        Left left; // the last one: another speaker takes its place
    };
    using Map = std::unordered_map<crypto::UnitName, Known, Hash>;
    // Two generations: what is asked for moves to the young one; when that is full, the old one is forgotten.
    struct Shard {
        mutable std::mutex mutex;
        Map young, old;
    };
    Shard& shard(const crypto::UnitName& name) { return shards_[name.high % shards_.size()]; }
    void make_room(Shard& shard) const;
    Known* find(Shard& shard, const crypto::UnitName& name) const;

    std::array<Shard, 64> shards_;
    std::size_t generation_max_; // units of one shard
};

} // namespace sallyport::content
