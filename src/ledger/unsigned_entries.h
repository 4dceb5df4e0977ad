// Entries that no signature covers yet: they can only be held against what a gateway does.
//
// A gateway that stops signs its `stop` entry last, and one that starts signs its `start` before anything else is recorded (Writer): behind
// a stop that was signed there is nothing but starts that a crash kept from being signed. Whatever else stands there was put there by
// somebody who has no key. And no gateway records anything twice, but for acts.
#pragma once

#include "base/error.h"
#include "ledger/segment.h"
#include "ledger/tree_leaves.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::ledger {

// The first entry behind the `signed_size` ones that are in a checkpoint which no gateway wrote; nothing where that cannot be said.
Result<std::optional<std::uint64_t>> foreign_entry(std::span<const SegmentFile> segments, std::uint64_t signed_size);

// Those that were recorded before and stand there once more. One thread.
class RepeatedEntries {
public:
    // Of entries that no checkpoint covers, in order; at most a million are remembered.
    void add(std::uint64_t index, const tlog::Digest& leaf, std::string_view entry);
    struct Repeated {
        std::uint64_t index = 0, before = 0;
    };
    // With those that stand before all of them.
    std::vector<Repeated> found(TreeLeaves& before);

private:
    std::map<tlog::Digest, std::uint64_t> seen_;
    std::vector<Repeated> found_;
};

} // namespace sallyport::ledger
