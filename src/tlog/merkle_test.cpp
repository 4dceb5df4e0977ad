#include "tlog/merkle.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sallyport::tlog {
namespace {

std::string hex(const Digest& digest) { return to_hex(crypto::bytes(digest)); }
std::string entry(std::uint64_t i) { return "entry " + std::to_string(i); }

// Section 2.1.1, word for word.
Digest plain_root(std::uint64_t begin, std::uint64_t end) {
    if (begin == end) return crypto::sha256({});
    if (end - begin == 1) return leaf_hash(entry(begin));
    std::uint64_t k = 1;
    while (k * 2 < end - begin) k *= 2;
    return node_hash(plain_root(begin, begin + k), plain_root(begin + k, end));
}

// A tree with all its perfect subtrees.
struct Kept {
    GrowingTree tree;
    std::map<std::pair<unsigned, std::uint64_t>, Digest> subtrees;
    explicit Kept(std::uint64_t size) {
        for (std::uint64_t i = 0; i < size; ++i)
            tree.add(leaf_hash(entry(i)), [this](unsigned height, std::uint64_t index, const Digest& hash) {
                EXPECT_TRUE(subtrees.emplace(std::pair(height, index), hash).second);
            });
    }
    SubtreeHash hashes() const {
        return [this](unsigned height, std::uint64_t index) -> Result<Digest> {
            const auto found = subtrees.find({height, index});
            if (found == subtrees.end()) return fail(ErrorKind::invalid, "no such subtree");
            return found->second;
        };
    }
};

// Values that implementations of RFC 6962 publish for their own tests.
TEST(Merkle, HashesAsPublished) {
    EXPECT_EQ(hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(leaf_hash("")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    EXPECT_EQ(hex(leaf_hash("L123456")), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    EXPECT_EQ(hex(crypto::sha256("\x01N123N456")), "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

// The eight leaves, and the roots of the trees of 1 to 8 of them, by which implementations of RFC 6962 have been checked since its first.
TEST(Merkle, GrowsToThePublishedRoots) {
    using std::string_view_literals::operator""sv;
    constexpr std::string_view leaves[] = {"",
                                           "\0"sv,
                                           "\x10",
                                           "\x20\x21",
                                           "\x30\x31",
                                           "\x40\x41\x42\x43",
                                           "\x50\x51\x52\x53\x54\x55\x56\x57",
                                           "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
    constexpr std::string_view roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    GrowingTree tree;
    for (std::size_t i = 0; i < std::size(leaves); ++i) {
        tree.add(leaf_hash(leaves[i]), [](unsigned, std::uint64_t, const Digest&) {});
        EXPECT_EQ(hex(tree.root()), roots[i]) << i + 1;
    }
}

TEST(Merkle, GrowsToTheRootOfSection211) {
    const Kept kept(70);
    GrowingTree tree;
    for (std::uint64_t size = 0; size <= 70; ++size) {
        EXPECT_EQ(hex(tree.root()), hex(plain_root(0, size))) << size;
        EXPECT_EQ(hex(*root_of(size, kept.hashes())), hex(plain_root(0, size))) << size;
        const auto taken_up = GrowingTree::of(size, kept.hashes());
        ASSERT_TRUE(taken_up);
        EXPECT_EQ(taken_up->root(), tree.root());
        tree.add(leaf_hash(entry(size)), [](unsigned, std::uint64_t, const Digest&) {});
    }
}

TEST(Merkle, EveryInclusionIsProvenAndNothingElse) {
    const Kept kept(33);
    for (std::uint64_t size = 1; size <= 33; ++size) {
        const Digest root = plain_root(0, size);
        for (std::uint64_t index = 0; index < size; ++index) {
            auto proof = prove_inclusion(index, size, kept.hashes());
            ASSERT_TRUE(proof);
            const Digest leaf = leaf_hash(entry(index));
            ASSERT_TRUE(verify_inclusion(index, size, leaf, *proof, root)) << index << " of " << size;
            for (std::uint64_t other = 0; other < size + 2; ++other)
                if (other != index) {
                    ASSERT_FALSE(verify_inclusion(other, size, leaf, *proof, root));
                }
            ASSERT_FALSE(verify_inclusion(index, size, leaf_hash("x"), *proof, root));
            ASSERT_FALSE(verify_inclusion(index, size, leaf, *proof, leaf_hash("y")));
            proof->push_back(leaf);
            ASSERT_FALSE(verify_inclusion(index, size, leaf, *proof, root));
            proof->pop_back();
            for (Digest& hash : *proof) {
                hash[7] ^= 1;
                ASSERT_FALSE(verify_inclusion(index, size, leaf, *proof, root));
                hash[7] ^= 1;
            }
            if (!proof->empty()) {
                proof->pop_back();
                ASSERT_FALSE(verify_inclusion(index, size, leaf, *proof, root));
            }
        }
    }
}

TEST(Merkle, EveryConsistencyIsProvenAndNothingElse) {
    const Kept kept(33);
    for (std::uint64_t size = 1; size <= 33; ++size) {
        const Digest root = plain_root(0, size);
        for (std::uint64_t old = 1; old <= size; ++old) {
            const Digest old_root = plain_root(0, old);
            auto proof = prove_consistency(old, size, kept.hashes());
            ASSERT_TRUE(proof);
            ASSERT_TRUE(verify_consistency(old, old_root, size, root, *proof)) << old << " in " << size;
            for (std::uint64_t other = 1; other < size + 2; ++other)
                if (other != old) {
                    ASSERT_FALSE(verify_consistency(other, old_root, size, root, *proof)) << other << old << size;
                }
            ASSERT_FALSE(verify_consistency(old, leaf_hash("x"), size, root, *proof));
            ASSERT_FALSE(verify_consistency(old, old_root, size, leaf_hash("x"), *proof));
            proof->push_back(root);
            ASSERT_FALSE(verify_consistency(old, old_root, size, root, *proof));
            proof->pop_back();
            for (Digest& hash : *proof) {
                hash[31] ^= 64;
                ASSERT_FALSE(verify_consistency(old, old_root, size, root, *proof));
                hash[31] ^= 64;
            }
            if (!proof->empty()) {
                proof->pop_back();
                ASSERT_FALSE(verify_consistency(old, old_root, size, root, *proof));
            }
        }
    }
    EXPECT_TRUE(verify_consistency(0, empty_root(), 5, plain_root(0, 5), {})) << "the empty tree begins every other";
    EXPECT_FALSE(verify_consistency(0, leaf_hash("x"), 5, plain_root(0, 5), {}));
    EXPECT_FALSE(verify_consistency(0, empty_root(), 0, leaf_hash("x"), {}));
    EXPECT_TRUE(verify_consistency(0, empty_root(), 0, empty_root(), {}));
}

} // namespace
} // namespace sallyport::tlog
