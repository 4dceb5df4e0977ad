#include "tlog/merkle.h"

#include <bit>
#include <cstring>

namespace sallyport::tlog {

namespace {

constexpr std::size_t hash_bytes = std::tuple_size_v<Digest>;

// The hash of entries [begin, end) as section 2.1.1 splits them; begin is a multiple of the largest power of two in it, as there.
Result<Digest> hash_of(std::uint64_t begin, std::uint64_t end, const SubtreeHash& hash) {
    const std::uint64_t count = end - begin;
    if (std::has_single_bit(count)) return hash(static_cast<unsigned>(std::countr_zero(count)), begin / count);
    const std::uint64_t split = begin + std::bit_floor(count);
    const auto left = hash_of(begin, split, hash);
    if (!left) return left;
    const auto right = hash_of(split, end, hash);
    if (!right) return right;
    return node_hash(*left, *right);
}

// PATH of section 2.1.3.1 and SUBPROOF of 2.1.4.1 go down the same way: towards the half that holds what is looked for, noting
// the other half's hash. `down` says where: left (true), right, or that it is there (nullopt).
template <class Down>
Result<std::vector<Digest>> path(std::uint64_t size, const SubtreeHash& hash, std::uint64_t& begin, std::uint64_t& end,
                                 Down&& down) {
    std::vector<Digest> noted;
    begin = 0;
    end = size;
    while (end - begin > 1) {
        const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
        const std::optional<bool> is_left = down(split);
        if (!is_left) break;
        const auto other = *is_left ? hash_of(split, end, hash) : hash_of(begin, split, hash);
        if (!other) return std::unexpected(other.error());
        noted.push_back(*other);
        (*is_left ? end : begin) = split;
    }
    return std::vector<Digest>(noted.rbegin(), noted.rend());
}

} // namespace

Digest leaf_hash(std::string_view entry) { return crypto::sha256(std::string_view("\0", 1), entry); }

Digest node_hash(const Digest& left, const Digest& right) {
    std::array<char, 1 + 2 * hash_bytes> bytes;
    bytes[0] = 1;
    std::memcpy(bytes.data() + 1, left.data(), hash_bytes);
    std::memcpy(bytes.data() + 1 + hash_bytes, right.data(), hash_bytes);
    return crypto::sha256({bytes.data(), bytes.size()});
}

Digest empty_root() { return crypto::sha256({}); }

Result<GrowingTree> GrowingTree::of(std::uint64_t size, const SubtreeHash& hash) {
    GrowingTree tree;
    tree.size_ = size;
    for (unsigned height = 0; height < 64; ++height) {
        if ((size >> height & 1) == 0) continue;
        const auto root = hash(height, (size >> height) - 1);
        if (!root) return std::unexpected(root.error());
        tree.roots_[height] = *root;
    }
    return tree;
}

Digest GrowingTree::root() const {
    if (size_ == 0) return empty_root();
    auto height = static_cast<unsigned>(std::countr_zero(size_));
    Digest root = roots_[height];
    while (++height < 64)
        if ((size_ >> height & 1) != 0) root = node_hash(roots_[height], root);
    return root;
}

Result<Digest> root_of(std::uint64_t size, const SubtreeHash& hash) {
    return size == 0 ? empty_root() : hash_of(0, size, hash);
}

Result<std::vector<Digest>> prove_inclusion(std::uint64_t index, std::uint64_t size, const SubtreeHash& hash) {
    std::uint64_t begin = 0, end = 0;
    return path(size, hash, begin, end, [&](std::uint64_t split) { return std::optional(index < split); });
}

Result<std::vector<Digest>> prove_consistency(std::uint64_t old_size, std::uint64_t size, const SubtreeHash& hash) {
    std::uint64_t begin = 0, end = 0;
    auto proof = path(size, hash, begin, end, [&](std::uint64_t split) -> std::optional<bool> {
        if (old_size == end) return std::nullopt; // this subtree is one that both trees have
        return old_size <= split;
    });
    // Whoever verifies has the old root already, where it is this subtree.
    if (!proof || begin == 0) return proof;
    const auto shared = hash_of(begin, end, hash);
    if (!shared) return std::unexpected(shared.error());
    proof->insert(proof->begin(), *shared);
    return proof;
}

bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> proof,
                      const Digest& root) {
    if (index >= size) return false;
    std::uint64_t node = index, last = size - 1;
    Digest hash = leaf;
    for (const Digest& other : proof) {
        if (last == 0) return false;
        if ((node & 1) != 0 || node == last) {
            hash = node_hash(other, hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, other);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t old_size, const Digest& old_root, std::uint64_t size, const Digest& root,
                        std::span<const Digest> proof) {
    if (old_size > size) return false;
    if (old_size == 0) return proof.empty() && old_root == empty_root() && (size != 0 || root == old_root);
    if (old_size == size) return proof.empty() && old_root == root;
    if (!std::has_single_bit(old_size)) {
        if (proof.empty()) return false;
    }
    std::uint64_t node = old_size - 1, last = size - 1;
    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }
    Digest old_hash = old_root;
    if (!std::has_single_bit(old_size)) {
        old_hash = proof.front();
        proof = proof.subspan(1);
    }
    Digest hash = old_hash;
    for (const Digest& other : proof) {
        if (last == 0) return false;
        if ((node & 1) != 0 || node == last) {
            old_hash = node_hash(other, old_hash);
            hash = node_hash(other, hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, other);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && old_hash == old_root && hash == root;
}

} // namespace sallyport::tlog
