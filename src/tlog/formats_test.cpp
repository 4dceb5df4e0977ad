#include "tlog/checkpoint.h"
#include "tlog/lines.h"
#include "tlog/proof_file.h"
#include "tlog/tile.h"

#include <gtest/gtest.h>

namespace sallyport::tlog {
namespace {

const crypto::NoteSigner& signer() {
    static const crypto::NoteSigner made = *crypto::NoteSigner::generate("log.example/1");
    return made;
}

TEST(Checkpoint, ReadsTheSpecificationsExample) {
    // The text of C2SP tlog-checkpoint v1.0.0; its signatures are of a key that is not published.
    const std::string text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
                             "\xE2\x80\x94 example.com/behind-the-sofa "
                             "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
                             "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    const auto read = parse_signed_checkpoint(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->checkpoint.origin, "example.com/behind-the-sofa");
    EXPECT_EQ(read->checkpoint.size, 20'852'163u);
    EXPECT_EQ(crypto::encode(read->note), text);
    EXPECT_EQ(encode(read->checkpoint), read->note.text);
}

TEST(Checkpoint, IsTheLogsOnlyWithItsSignature) {
    const auto signed_one = signed_by(signer(), {"log.example/1", 3, leaf_hash("x")});
    const auto read = parse_signed_checkpoint(crypto::encode(signed_one.note));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->checkpoint, signed_one.checkpoint);
    EXPECT_TRUE(check_signatures(*read, std::vector{signer().verifier()}));
    const auto other = crypto::NoteSigner::generate("log.example/1"), stranger = crypto::NoteSigner::generate("b");
    EXPECT_FALSE(check_signatures(*read, std::vector{other->verifier()})) << "the same name, another key";
    EXPECT_FALSE(check_signatures(signed_by(*stranger, signed_one.checkpoint), std::vector{stranger->verifier()}))
        << "a signature by somebody else";
    auto changed = *read;
    changed.note.text[14] = '4';
    EXPECT_FALSE(check_signatures(changed, std::vector{signer().verifier()}));
}

TEST(Checkpoint, RefusesWhatIsNone) {
    const std::string root = hash_text(leaf_hash("x"));
    ASSERT_TRUE(parse_checkpoint("a\n1\n" + root + "\n"));
    for (const std::string& text :
         {"a\n1\n" + root, "\n1\n" + root + "\n", "a\n01\n" + root + "\n", "a\n-1\n" + root + "\n",
          "a\n\n" + root + "\n", "a\n1x\n" + root + "\n", "a\n99999999999999999999\n" + root + "\n",
          "a\n1\n" + root + "\nextension\n", "a\n1\n" + root.substr(4) + "\n", "a\n0\n" + root + "\n",
          std::string("a\n1\n\n"), std::string()})
        EXPECT_FALSE(parse_checkpoint(text)) << text;
}

TEST(ProofFile, ComesBackAndProves) {
    GrowingTree tree;
    std::vector<std::vector<Digest>> levels(8);
    for (const char* entry : {"a", "b", "c"})
        tree.add(leaf_hash(entry),
                 [&](unsigned height, std::uint64_t, const Digest& hash) { levels[height].push_back(hash); });
    const SubtreeHash hashes = [&](unsigned height, std::uint64_t index) {
        return Result<Digest>(levels[height][index]);
    };
    const EntryProof proof{1, *prove_inclusion(1, 3, hashes), signed_by(signer(), {"log.example/1", 3, tree.root()})};
    const std::string text = encode(proof);
    const auto read = parse_proof(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(encode(*read), text);
    EXPECT_TRUE(proves(*read, "b"));
    EXPECT_FALSE(proves(*read, "a"));
    const std::size_t second = text.find('\n') + 1;
    EXPECT_TRUE(parse_proof(text.substr(0, second) + "extra aGVsbG8=\n" + text.substr(second)));
    for (const std::string& broken :
         {text.substr(1), text.substr(0, second) + "extra *\n" + text.substr(second), text.substr(0, second),
          text.substr(0, second) + "index 01" + text.substr(second + 7), text.substr(0, text.find("\n\n") + 2)})
        EXPECT_FALSE(parse_proof(broken)) << broken;
}

TEST(Tile, IsNamedAsTheSpecificationSays) {
    EXPECT_EQ(tile_path(0, 1'234'067), "tile/0/x001/x234/067");
    EXPECT_EQ(tile_path(3, 0), "tile/3/000");
    EXPECT_EQ(tile_path(1, 999, 17), "tile/1/999.p/17");
    EXPECT_EQ(tile_path(std::nullopt, 1'000), "tile/entries/x001/000");
}

} // namespace
} // namespace sallyport::tlog
