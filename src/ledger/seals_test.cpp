// What counts as sealed: only what a checkpoint of this ledger covers that so many known witnesses cosigned.
#include "ledger/seals.h"

#include "ledger/checkpoint_file.h"
#include "ledger/folder_test.h"
#include "ledger/verify.h"

#include <gtest/gtest.h>

namespace sallyport::ledger {
namespace {

class SealsTest : public testing::Test {
protected:
    SealsTest() {
        for (const char* name : {"w1.example", "w2.example", "w3.example"})
            witnesses_.push_back(*crypto::NoteSigner::generate(name, crypto::NoteAlgorithm::cosignature));
    }
    void grow(std::size_t size, const std::string& pad = {}) const {
        FastFiles fast;
        auto writer = Writer::open(folder_.options(&fast));
        ASSERT_TRUE(writer);
        for (std::size_t i = (*writer)->recovery().next_index; i < size; ++i)
            ASSERT_TRUE((*writer)->append("{\"entry\":" + std::to_string(i) + pad + "}"));
    }
    // Keeps the newest checkpoint with the cosignatures of the first `count` witnesses.
    void keep(const std::filesystem::path& file, std::size_t count) const {
        auto one = (*read_checkpoint(checkpoint_path(folder_.ledger())))->signed_checkpoint;
        for (std::size_t i = 0; i < count; ++i) crypto::sign(one.note, witnesses_[i]);
        auto writer = CheckpointWriter::open(file, FileOperations::real(), one);
        ASSERT_TRUE(writer);
        ASSERT_TRUE(writer->write(one));
    }
    std::vector<crypto::NoteVerifier> known(std::size_t count) const {
        std::vector<crypto::NoteVerifier> out;
        for (std::size_t i = 0; i < count; ++i) out.push_back(witnesses_[i].verifier());
        return out;
    }
    Seals seals(std::size_t count) const { return read_seals(folder_.ledger(), log_, known(count)); }

    const LedgerFolder folder_;
    std::vector<crypto::NoteSigner> witnesses_;
    std::vector<crypto::NoteVerifier> log_{LedgerFolder::signer()->verifier()};
};

TEST_F(SealsTest, AreWhatTheNewestCheckpointsWithSoManyCosignaturesCover) {
    grow(10);
    EXPECT_EQ(seals(3).entries[0], 10u);
    EXPECT_EQ(seals(3).entries[1], 0u);
    keep(cosigned_path(folder_.ledger(), 2), 2);
    grow(20);
    keep(cosigned_path(folder_.ledger()), 1);
    grow(30);
    const Seals all = seals(3);
    EXPECT_EQ(all.entries[0], 30u);
    EXPECT_EQ(all.entries[1], 20u);
    EXPECT_EQ(all.entries[2], 10u);
    EXPECT_EQ(all.entries[3], 0u);
    EXPECT_TRUE(all.covers(9, 2));
    EXPECT_FALSE(all.covers(10, 2));
    EXPECT_FALSE(all.covers(0, 17));
    EXPECT_EQ(seals(1).entries[2], 0u) << "the second is nobody that this installation names";
    EXPECT_EQ(seals(1).entries[1], 20u);

    const auto keys = [&] {
        auto out = known(3);
        out.push_back(log_.front());
        return out;
    }();
    EXPECT_EQ((*newest_with(folder_.ledger(), keys, 2))->checkpoint.size, 10u);
    EXPECT_EQ((*newest_with(folder_.ledger(), keys, 1))->checkpoint.size, 20u);
    EXPECT_FALSE(*newest_with(folder_.ledger(), keys, 3));
}

TEST_F(SealsTest, NothingIsSealedByWhatIsNotOfThisLedger) {
    grow(10);
    keep(cosigned_path(folder_.ledger(), 2), 2);
    EXPECT_EQ(seals(3).entries[2], 10u);
    const auto kept = folder_.index();
    std::filesystem::copy_file(cosigned_path(folder_.ledger(), 2), kept);
    std::filesystem::remove_all(folder_.ledger());
    grow(30, ",\"other\":1");
    std::filesystem::copy_file(kept, cosigned_path(folder_.ledger(), 2));
    EXPECT_EQ(seals(3).entries[2], 0u) << "of another history";
    std::vector<crypto::NoteVerifier> keys = known(3);
    keys.push_back(log_.front());
    const auto found = verify({.directory = folder_.ledger(), .keys = keys, .seen = {}});
    ASSERT_FALSE(found->problems.empty());
    EXPECT_EQ(found->problems.front().kind, "seen");
    EXPECT_NE(found->problems.front().sentence.find("cosigned-2"), std::string::npos)
        << found->problems.front().sentence;
    log_ = {crypto::NoteSigner::generate("sallyport/k3f9x2ab")->verifier()};
    EXPECT_EQ(seals(3).entries[0], 0u) << "signed by another key";
}

} // namespace
} // namespace sallyport::ledger
