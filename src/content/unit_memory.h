// What was found in units that were inspected before, by their keyed name: a conversation is sent whole with each turn, and only what
// is new in it is looked at. Bounded; forgets what was not asked for longest, roughly. From any thread.
#pragma once

#include "content/finding.h"
#include "crypto/unit_name.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sallyport::content {

// How a unit left last: of one speaker (a person's conversation) to one upstream.
struct Left {
    std::uint64_t speaker = 0;
    std::uint32_t upstream = 0; // its bit
    std::uint32_t at = 0;       // the sequence number of the rules then: what is found later was not known
    bool changed = false;       // something in it was redacted, withheld or normalised
    bool withheld = false;      // so that it did not leave at all
    std::vector<std::uint32_t>
        let_through; // where findings begin that were known and told only: disputed, or told before
    bool operator==(const Left&) const = default;
};

struct Recalled {
    bool known = false;         // under these very rules
    std::uint32_t sequence = 0; // of these rules, in the order in which the memory saw them
};

class UnitMemory {
public:
    explicit UnitMemory(std::size_t units_max);
    // Appends what was found in the unit to lists that are empty, unless it was inspected under other rules and never left, and how it left
    // by this speaker. `epoch`: Rules::epoch().
    Recalled recall(const crypto::UnitName& name, std::uint64_t epoch, std::uint64_t speaker, std::vector<Found>& into,
                    Sources& sources, std::vector<Left>& lefts);
    void remember(const crypto::UnitName& name, std::uint64_t epoch, std::vector<Found> found, const Sources& sources);
    // Known, but to be inspected each time.
    void remember_unfound(const crypto::UnitName& name);
    // It is about to be sent. In the place of how it left to that upstream by that speaker before; the newest lefts_max are kept.
    void leave(const crypto::UnitName& name, Left left);
    std::size_t units() const;

    static constexpr std::size_t lefts_max = 16; // of one unit

private:
    struct Hash {
        std::size_t operator()(const crypto::UnitName& name) const { return name.low; }
    };
    struct Known {
        std::vector<Found> found;
        std::unique_ptr<const Sources> sources; // hardly any unit has some
        std::uint64_t epoch = 0;                // 0: none
        std::vector<Left> lefts;                // the newest last
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
    std::uint32_t sequence_of(std::uint64_t epoch);

    std::mutex epochs_mutex_;
    std::vector<std::uint64_t> epochs_; // as they were seen; few
    std::atomic<std::uint64_t> newest_ = 0;
    std::array<Shard, 64> shards_;
    std::size_t generation_max_; // units of one shard
};

} // namespace sallyport::content
