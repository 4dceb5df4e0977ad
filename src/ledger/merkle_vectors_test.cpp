// The proofs of transparency-dev/merkle, right ones and wrong ones of many kinds, judged by tlog/merkle.h. They are not part of this
// repository: SALLYPORT_MERKLE_VECTORS names the folder testdata of theirs. (Here, because tlog/ reads no JSON.)
#include "base/buffer.h"
#include "base/file.h"
#include "json/document.h"
#include "tlog/lines.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;

class Vector {
public:
    explicit Vector(const fs::path& file) : raw_(*read_file(file, 1u << 20)) {
        is_read_ = document_.parse(raw_.view()).has_value();
    }
    bool is_read() const { return is_read_; }
    std::string_view member(std::string_view name) const {
        const auto node = document_.find(document_.root(), name);
        return node == json::no_node ? std::string_view() : document_.raw_value(node);
    }
    // Theirs are strings of any length. What is no hash of 32 bytes is stood for by one that is nothing else's, since all that can be
    // asked of it is whether it is equal.
    static tlog::Digest hash_of(std::string_view base64) {
        const auto hash = tlog::read_hash(base64);
        return hash ? *hash : crypto::sha256("no hash: ", base64);
    }
    tlog::Digest hash(std::string_view name) const { return hash_of(member(name)); }
    std::optional<std::uint64_t> number(std::string_view name) const { return tlog::read_decimal(member(name)); }
    std::vector<tlog::Digest> proof() const {
        std::vector<tlog::Digest> out;
        const auto list = document_.find(document_.root(), "proof");
        if (list == json::no_node || document_[list].kind == json::Kind::null) return out;
        for (auto i = document_.first_child(list); i != json::no_node; i = document_.next_sibling(i))
            out.push_back(hash_of(document_.raw_value(i)));
        return out;
    }

private:
    Buffer raw_;
    json::Document document_;
    bool is_read_ = false;
};

bool is_included(const Vector& one) {
    const auto index = one.number("leafIdx"), size = one.number("treeSize");
    const auto leaf = tlog::read_hash(one.member("leafHash")); // of which they ask the size too
    return index && size && leaf && tlog::verify_inclusion(*index, *size, *leaf, one.proof(), one.hash("root"));
}

bool is_consistent(const Vector& one) {
    const auto then = one.number("size1"), now = one.number("size2");
    return then && now && tlog::verify_consistency(*then, one.hash("root1"), *now, one.hash("root2"), one.proof());
}

TEST(MerkleVectors, AreJudgedAsTheirAuthorsDo) {
    const char* const folder = std::getenv("SALLYPORT_MERKLE_VECTORS");
    if (folder == nullptr) GTEST_SKIP() << "SALLYPORT_MERKLE_VECTORS does not name the folder testdata of them";
    std::size_t count = 0, right = 0, differing = 0;
    for (const std::string kind : {"inclusion", "consistency"})
        for (const auto& file : fs::recursive_directory_iterator(fs::path(folder) / kind)) {
            if (file.path().extension() != ".json") continue;
            const Vector one(file.path());
            ASSERT_TRUE(one.is_read()) << file.path();
            const bool holds = kind == "inclusion" ? is_included(one) : is_consistent(one);
            const bool is_right = one.member("wantErr") == "false";
            ++count;
            right += is_right;
            // "The empty tree is consistent with any" (tlog/merkle.h) was theirs too once; now they ask for no such proof.
            if (holds && kind == "consistency" && one.number("size1") == 0u && one.proof().empty())
                ++differing;
            else
                EXPECT_EQ(holds, is_right) << file.path() << ": " << one.member("desc");
        }
    std::printf("%zu vectors, %zu of them right proofs; %zu differ, of the empty tree\n", count, right, differing);
    EXPECT_GE(count, 196u);
    EXPECT_LE(differing, 1u);
}

} // namespace
} // namespace sallyport::ledger
