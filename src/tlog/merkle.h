// The Merkle tree of RFC 9162 section 2.1 (the same as RFC 6962's) over SHA-256: it commits to a list of entries, shows that one is in
// it (inclusion), and that a longer list begins with a shorter one (consistency).
//
// A *perfect subtree* covers the 2^height entries from index * 2^height on; the tree of any size is made of perfect ones.
#pragma once

#include "base/error.h"
#include "crypto/crypto.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::tlog {

using crypto::Digest;

Digest leaf_hash(std::string_view entry);
Digest node_hash(const Digest& left, const Digest& right);
Digest empty_root(); // of no entries

// The hash of a perfect subtree.
using SubtreeHash = std::function<Result<Digest>(unsigned height, std::uint64_t index)>;

// A tree that grows: only the roots of the perfect subtrees that it is made of are kept (at most 64).
class GrowingTree {
public:
    GrowingTree() = default;
    // As if `size` leaves had been added; their subtrees come from elsewhere.
    static Result<GrowingTree> of(std::uint64_t size, const SubtreeHash& hash);

    // Tells of each perfect subtree that this leaf completes, the leaf itself first: complete(height, index, hash).
    template <class Complete> void add(Digest hash, const Complete& complete) {
        unsigned height = 0;
        for (complete(height, size_, hash); (size_ >> height & 1) != 0; complete(height, size_ >> height, hash)) {
            hash = node_hash(roots_[height], hash);
            ++height;
        }
        roots_[height] = hash;
        ++size_;
    }
    std::uint64_t size() const { return size_; }
    Digest root() const;

private:
    std::uint64_t size_ = 0;
    std::array<Digest, 64> roots_{}; // [h] counts where bit h of the size is set
};

Result<Digest> root_of(std::uint64_t size, const SubtreeHash& hash);
// From the leaf's sibling up. `index` < `size`.
Result<std::vector<Digest>> prove_inclusion(std::uint64_t index, std::uint64_t size, const SubtreeHash& hash);
// 0 < `old_size` <= `size`; of equal sizes it is empty.
Result<std::vector<Digest>> prove_consistency(std::uint64_t old_size, std::uint64_t size, const SubtreeHash& hash);

// Sections 2.1.3.2 and 2.1.4.2. The empty tree is consistent with any, without a proof.
bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> proof,
                      const Digest& root);
bool verify_consistency(std::uint64_t old_size, const Digest& old_root, std::uint64_t size, const Digest& root,
                        std::span<const Digest> proof);

} // namespace sallyport::tlog
