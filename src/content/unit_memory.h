// What was found in units that were inspected before, by their keyed name: a conversation is sent whole with each turn, and only what
// is new in it is looked at. Bounded; forgets what was not asked for longest, roughly. From any thread.
#pragma once

#include "content/finding.h"
#include "crypto/unit_name.h"

#include <array>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sallyport::content {

class UnitMemory {
public:
    explicit UnitMemory(std::size_t units_max);
    // Appends what was found in the unit; false where it is not known.
    bool recall(const crypto::UnitName& name, std::vector<Found>& into);
    void remember(const crypto::UnitName& name, std::vector<Found> found);
    std::size_t units() const;

private:
    struct Hash {
        std::size_t operator()(const crypto::UnitName& name) const { return name.low; }
    };
    using Map = std::unordered_map<crypto::UnitName, std::vector<Found>, Hash>;
    // Two generations: what is asked for moves to the young one; when that is full, the old one is forgotten.
    struct Shard {
        mutable std::mutex mutex;
        Map young, old;
    };
    Shard& shard(const crypto::UnitName& name) { return shards_[name.high % shards_.size()]; }
    void put(Shard& shard, const crypto::UnitName& name, std::vector<Found> found);

    std::array<Shard, 64> shards_;
    std::size_t generation_max_; // units of one shard
};

} // namespace sallyport::content
