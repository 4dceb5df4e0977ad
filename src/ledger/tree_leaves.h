// The leaves of the tree's files, read in large pieces. One thread.
#pragma once

#include "ledger/tree_files.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace sallyport::ledger {

class TreeLeaves {
public:
    explicit TreeLeaves(TreeReader& tree, std::uint64_t count) : tree_(tree), count_(count) {}
    // Nothing where the file does not reach that far.
    const tlog::Digest* at(std::uint64_t index) {
        if (index >= count_) return nullptr;
        if (index < first_ || index >= first_ + held_.size()) {
            first_ = index;
            held_.clear();
            const auto bytes = tree_.read(0, index, std::min(piece, count_ - index));
            if (!bytes) return nullptr;
            held_.resize(bytes->size() / hash_bytes);
            std::memcpy(held_.data(), bytes->data(), bytes->size());
        }
        return &held_[index - first_];
    }
    std::uint64_t count() const { return count_; }

private:
    static constexpr std::uint64_t piece = 4'096;
    TreeReader& tree_;
    std::uint64_t count_, first_ = 0;
    std::vector<tlog::Digest> held_;
};

} // namespace sallyport::ledger
