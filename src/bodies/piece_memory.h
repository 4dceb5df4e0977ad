// Where pieces of bodies are kept already. A fixed number of places: of four that a name may have, the one whose piece was written
// longest ago makes room. What it has forgotten is kept once more, nothing else.
#pragma once

#include "bodies/manifest.h"
#include "crypto/unit_name.h"

#include <array>
#include <bit>
#include <vector>

namespace sallyport::bodies {

class PieceMemory {
public:
    explicit PieceMemory(std::size_t pieces) : sets_(std::bit_ceil(pieces / set_size + 1)) {}

    // Null where it is not known. Valid until remember().
    const Run* find(const crypto::UnitName& name) const {
        for (const Slot& slot : set_of(name))
            if (slot.name == name && slot.run.length != 0) return &slot.run;
        return nullptr;
    }
    void remember(const crypto::UnitName& name, const Run& run) {
        Set& set = set_of(name);
        Slot* oldest = &set.front();
        for (Slot& slot : set)
            if (slot.run.chunk < oldest->run.chunk) oldest = &slot;
        *oldest = {name, run};
    }

private:
    static constexpr std::size_t set_size = 4;
    struct Slot {
        crypto::UnitName name;
        Run run; // length 0: free
    };
    using Set = std::array<Slot, set_size>;
    const Set& set_of(const crypto::UnitName& name) const { return sets_[name.low & (sets_.size() - 1)]; }
    Set& set_of(const crypto::UnitName& name) { return sets_[name.low & (sets_.size() - 1)]; }
    std::vector<Set> sets_;
};

} // namespace sallyport::bodies
