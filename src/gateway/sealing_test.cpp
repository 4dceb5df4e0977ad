// How long entries wait for cosignatures, and what is refused for it.
#include "gateway/sealing.h"

#include "base/clock.h"
#include "ledger/checkpoint_file.h"
#include "ledger/entry.h"
#include "ledger/entry_samples_test.h"
#include "ledger/folder_test.h"

#include <gtest/gtest.h>

#include <thread>

namespace sallyport::gateway {
namespace {

using policy::Class;

policy::Sealing asked_for(std::uint8_t customer, std::uint8_t trade_secret, std::int64_t within_ms) {
    return {{0, 0, customer, 0, trade_secret}, within_ms};
}

class SealingTest : public testing::Test {
protected:
    Sealing make() const {
        return Sealing({folder_.ledger(), {ledger::LedgerFolder::signer()->verifier()}, [this] { return size_; }});
    }
    // Intents of this class, `age_ms` old.
    void record(Class cls, std::int64_t age_ms, std::size_t count = 1) {
        ledger::FastFiles fast;
        auto writer = ledger::Writer::open(folder_.options(&fast));
        ASSERT_TRUE(writer);
        for (std::size_t i = 0; i < count; ++i) {
            auto intent = ledger::samples::intent();
            intent.at_ms = wall_ms() - age_ms;
            intent.judgement.effective_class = cls;
            std::string entry;
            ledger::encode(intent, entry);
            ASSERT_TRUE((*writer)->append(entry));
        }
        (*writer)->close();
        size_ = (*writer)->figures().next_index;
    }
    void cosign() const {
        auto one = (*ledger::read_checkpoint(ledger::checkpoint_path(folder_.ledger())))->signed_checkpoint;
        crypto::sign(one.note, witness_);
        auto writer = ledger::CheckpointWriter::open(ledger::cosigned_path(folder_.ledger(), 1),
                                                     ledger::FileOperations::real(), one);
        ASSERT_TRUE(writer && writer->write(one));
    }
    const ledger::LedgerFolder folder_;
    crypto::NoteSigner witness_ = *crypto::NoteSigner::generate("w1.example", crypto::NoteAlgorithm::cosignature);
    std::vector<crypto::NoteVerifier> witnesses_{witness_.verifier()};
    std::uint64_t size_ = 0;
};

TEST_F(SealingTest, WhatWaitsTooLongStopsItsClassAlone) {
    Sealing sealing = make();
    const auto asked = asked_for(1, 2, 20);
    ASSERT_TRUE(sealing.use(asked, witnesses_));
    sealing.recorded(Class::customer, 5);
    sealing.recorded(Class::internal, 6);
    EXPECT_EQ(sealing.problem(asked, Class::customer), "");
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    const std::string why = sealing.problem(asked, Class::customer);
    EXPECT_TRUE(why.starts_with("what was recorded of class customer has waited 0 s for the cosignature of witnesses, "
                                "and the policy gives it 0 s (sealed_within)"))
        << why;
    EXPECT_EQ(sealing.problem(asked, Class::trade_secret), "");
    EXPECT_EQ(sealing.problem(asked, Class::internal), "");
    EXPECT_EQ(sealing.problem(asked_for(0, 2, 20), Class::customer), "") << "another policy asks for none";
    EXPECT_EQ(sealing.problem(asked_for(1, 2, 0), Class::customer), "") << "or gives it any time";
    sealing.sealed(1, 5);
    EXPECT_NE(sealing.problem(asked, Class::customer), "") << "entry 5 is the sixth";
    sealing.sealed(1, 6);
    EXPECT_EQ(sealing.problem(asked, Class::customer), "");
}

TEST_F(SealingTest, FewerCosignaturesThanAreAskedForSealNothing) {
    Sealing sealing = make();
    const auto asked = asked_for(1, 2, 20);
    ASSERT_TRUE(sealing.use(asked, witnesses_));
    sealing.recorded(Class::trade_secret, 3);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    sealing.sealed(1, 100);
    EXPECT_NE(sealing.problem(asked, Class::trade_secret), "");
    sealing.sealed(2, 100);
    EXPECT_EQ(sealing.problem(asked, Class::trade_secret), "");
    sealing.recorded(Class::trade_secret, 99); // told late
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_EQ(sealing.problem(asked, Class::trade_secret), "");
}

TEST_F(SealingTest, AStartKnowsWhatWasNotSealedBefore) {
    record(Class::internal, 3'600'000);
    record(Class::customer, 1'800'000);
    record(Class::customer, 600'000);
    const auto asked = asked_for(1, 1, 900'000);
    {
        Sealing sealing = make();
        ASSERT_TRUE(sealing.use(asked, witnesses_));
        EXPECT_TRUE(sealing.problem(asked, Class::customer).contains("has waited 30 min"))
            << sealing.problem(asked, Class::customer);
        EXPECT_EQ(sealing.problem(asked, Class::trade_secret), "") << "there are none";
        const auto figures = sealing.figures();
        ASSERT_EQ(figures.size(), 2u);
        EXPECT_EQ(figures[0].cls, Class::customer);
        EXPECT_NEAR(static_cast<double>(figures[0].oldest_seconds), 1'800, 60);
        EXPECT_EQ(figures[1].oldest_seconds, 0u);
        sealing.sealed(1, 3);
        EXPECT_EQ(sealing.problem(asked, Class::customer), "");
        EXPECT_EQ(sealing.figures()[0].oldest_seconds, 0u);
    }
    cosign();
    record(Class::customer, 60'000);
    Sealing sealing = make();
    ASSERT_TRUE(sealing.use(asked, witnesses_));
    EXPECT_EQ(sealing.problem(asked, Class::customer), "");
    EXPECT_NEAR(static_cast<double>(sealing.figures()[0].oldest_seconds), 60, 30) << "only what is behind the seal";
    const crypto::NoteVerifier other =
        crypto::NoteSigner::generate("w2.example", crypto::NoteAlgorithm::cosignature)->verifier();
    Sealing stranger = make();
    ASSERT_TRUE(stranger.use(asked, {&other, 1}));
    EXPECT_NE(stranger.problem(asked, Class::customer), "") << "who sealed it is not named here";
}

TEST_F(SealingTest, AReloadThatAsksForMoreLooksBack) {
    record(Class::trade_secret, 1'200'000);
    Sealing sealing = make();
    ASSERT_TRUE(sealing.use(asked_for(1, 0, 900'000), witnesses_));
    const auto more = asked_for(1, 1, 900'000);
    EXPECT_EQ(sealing.problem(more, Class::trade_secret), "");
    ASSERT_TRUE(sealing.use(more, witnesses_));
    EXPECT_NE(sealing.problem(more, Class::trade_secret), "");
    ASSERT_TRUE(sealing.use(asked_for(1, 0, 900'000), witnesses_));
    EXPECT_EQ(sealing.figures().size(), 1u);
}

TEST_F(SealingTest, SpansOfManyEntriesAreBounded) {
    Sealing sealing = make();
    const auto asked = asked_for(1, 0, 20);
    ASSERT_TRUE(sealing.use(asked, witnesses_));
    for (std::uint64_t i = 0; i < 100'000; ++i) sealing.recorded(Class::customer, i);
    sealing.sealed(1, 99'999);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_NE(sealing.problem(asked, Class::customer), "");
    sealing.sealed(1, 100'000);
    EXPECT_EQ(sealing.problem(asked, Class::customer), "");
}

} // namespace
} // namespace sallyport::gateway
