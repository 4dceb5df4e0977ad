// What a witness's last checkpoint says of a ledger that starts.
#include "gateway/witnesses.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using tlog::Digest;

// Roots of a tree of the entries "0", "1", …, and the tree.
struct Tree {
    explicit Tree(std::string_view history = {}) {
        for (int i = 0; i < 20; ++i) {
            tree.add(tlog::leaf_hash(std::string(history) + std::to_string(i)),
                     [&](unsigned height, std::uint64_t, const Digest& hash) { levels[height].push_back(hash); });
            roots.push_back(tree.root());
        }
    }
    tlog::SubtreeHash hashes() const {
        return [this](unsigned height, std::uint64_t index) -> Result<Digest> {
            if (index >= levels[height].size()) return fail(ErrorKind::invalid, "the tree ends before");
            return levels[height][index];
        };
    }
    tlog::GrowingTree tree;
    std::vector<std::vector<Digest>> levels{64};
    std::vector<Digest> roots{tlog::empty_root()};
};

TEST(Contradiction, IsNoneWhereTheLedgerGoesOn) {
    const Tree tree;
    for (std::uint64_t size = 0; size <= 20; ++size)
        EXPECT_EQ(contradiction({"log", size, tree.roots[size]}, "w", 20, tree.hashes()), "") << size;
}

TEST(Contradiction, TellsBothSizesAndWhoSaysSo) {
    const Tree tree, other("x");
    const std::string rolled_back =
        contradiction({"log", 12, tree.roots[12]}, "the witness w1.acme.example", 11, tree.hashes());
    EXPECT_TRUE(rolled_back.starts_with("this ledger was rolled back or forked: it has 11 entries, and the witness "
                                        "w1.acme.example has seen 12. "))
        << rolled_back;
    const std::string forked = contradiction({"log", 12, other.roots[12]}, "the witness w", 20, tree.hashes());
    EXPECT_TRUE(forked.starts_with("this ledger was rolled back or forked: it has 20 entries, and the witness w has "
                                   "seen 12, which are not its first. "))
        << forked;
    EXPECT_NE(contradiction({"log", 0, tree.roots[1]}, "w", 20, tree.hashes()), "") << "a root of nothing";
    EXPECT_NE(contradiction({"log", 12, tree.roots[12]}, "w", 20, {}), "") << "the witness itself said no";
    EXPECT_EQ(contradiction({"log", 20, tree.roots[20]}, "w", 30, tree.hashes()), "");
    EXPECT_NE(contradiction({"log", 25, tree.roots[20]}, "w", 30, tree.hashes()), "") << "what cannot be looked up";
}

} // namespace
} // namespace sallyport::gateway
