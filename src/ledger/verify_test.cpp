// Whatever is done to a ledger's files is found and named.
#include "ledger/verify.h"

#include "base/clock.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "ledger/checkpoint_file.h"
#include "ledger/folder_test.h"
#include "ledger/tree_files.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t size = 700;

std::string entry_at(std::uint64_t i) { return "{\"entry\":" + std::to_string(i) + ",\"at\":\"some time\"}"; }

class VerifyTest : public testing::Test {
protected:
    static void grow(const LedgerFolder& folder, std::uint64_t count, const std::string& mark = "") {
        auto options = folder.options();
        options.segment_bytes_max = 6'000;
        auto writer = Writer::open(options);
        ASSERT_TRUE(writer) << writer.error().message;
        for (std::uint64_t i = (*writer)->recovery().next_index; i < count; ++i)
            ASSERT_TRUE((*writer)->append(entry_at(i) + mark));
    }
    void SetUp() override { grow(folder_, size); }
    VerifyOptions options() const {
        return {.directory = folder_.ledger(), .keys = {LedgerFolder::signer()->verifier()}, .seen = {}};
    }
    Verified verified(const VerifyOptions& asked) const {
        auto found = verify(asked);
        EXPECT_TRUE(found) << found.error().message;
        return found ? std::move(*found) : Verified{};
    }
    Verified verified() const { return verified(options()); }
    // "entry 17-17", one a line
    static std::string told(const Verified& found) {
        std::string out;
        for (const Problem& one : found.problems)
            out += one.kind +
                   (one.first ? " " + std::to_string(*one.first) + "-" + std::to_string(*one.last) : std::string()) +
                   "\n";
        return out;
    }
    tlog::SignedCheckpoint checkpoint() const {
        return (*read_checkpoint(checkpoint_path(folder_.ledger())))->signed_checkpoint;
    }
    std::vector<fs::path> files() const {
        std::vector<fs::path> out;
        for (const auto& one : fs::directory_iterator(folder_.ledger())) out.push_back(one.path());
        std::ranges::sort(out);
        return out;
    }
    static void change(const fs::path& file, std::size_t at) {
        auto bytes = *read_file(file, 1u << 30);
        bytes[at] ^= 0x10;
        ASSERT_TRUE(replace_file(file, bytes, 0600));
    }
    // All entries again, as a hand that knows the format would write them: one segment, right checksums.
    void rewrite(const std::vector<std::string>& entries) const {
        for (const SegmentFile& one : *list_segments(folder_.ledger())) fs::remove(one.path);
        Buffer out(encode_segment_header({0, wall_ms(), "k3f9x2ab"}));
        for (std::uint64_t i = 0; i < entries.size(); ++i) append_frame(out, i, entries[i], crypto::crc32c(entries[i]));
        ASSERT_TRUE(replace_file(folder_.ledger() / segment_name(0), out.view(), 0600));
    }
    static std::vector<std::string> entries() {
        std::vector<std::string> out;
        for (std::uint64_t i = 0; i < size; ++i) out.push_back(entry_at(i));
        return out;
    }
    LedgerFolder folder_;
};

TEST_F(VerifyTest, TheWholeLedgerHolds) {
    EXPECT_GT(list_segments(folder_.ledger())->size(), 4u);
    const auto found = verified();
    EXPECT_EQ(told(found), "");
    EXPECT_EQ(found.read, size);
    EXPECT_EQ(found.entries, size);
    EXPECT_EQ(found.checkpoint->checkpoint.size, size);
}

TEST_F(VerifyTest, EveryFlippedByteIsFoundAndNamed) {
    std::size_t flips = 0;
    const auto last = list_segments(folder_.ledger())->back().path;
    for (const fs::path& file : files()) {
        const auto whole = *read_file(file, 1u << 30);
        std::uint64_t entry = 0; // that begins at or before `at`, of a segment
        std::vector<std::pair<std::size_t, std::uint64_t>> begins;
        if (file.extension() == ".seg") {
            FrameReader reader(std::string_view(whole).substr(segment_header_bytes), segment_header_bytes,
                               std::stoull(file.stem().string()));
            while (reader.next() == FrameReader::State::entry) begins.emplace_back(reader.offset(), reader.index());
        }
        for (std::size_t at = 0; at < whole.size(); at += at < 80 ? 1 : 61, ++flips) {
            while (!begins.empty() && begins.front().first <= at) {
                entry = begins.front().second;
                begins.erase(begins.begin());
            }
            change(file, at);
            const auto found = verified();
            const bool is_last_mark = at + mark_bytes >= whole.size() && file == last;
            ASSERT_TRUE(!found.ok() || (is_last_mark && found.torn.contains(file.string()))) << file << " at " << at;
            if (found.ok()) {
                ASSERT_TRUE(replace_file(file, whole, 0600));
                continue;
            }
            const Problem& first = found.problems.front();
            EXPECT_TRUE(first.sentence.contains(file.string()) || first.first == entry) << at << ": " << first.sentence;
            ASSERT_TRUE(replace_file(file, whole, 0600));
        }
    }
    EXPECT_EQ(told(verified()), "");
    EXPECT_GT(flips, 1'500u);
}

TEST_F(VerifyTest, AChangedEntryWithRightChecksumsIsNamed) {
    auto changed = entries();
    changed[17] = entry_at(18);
    changed[400].back() = ' ';
    rewrite(changed);
    EXPECT_EQ(told(verified()), "moved 17-17\nentry 400-400\n");
    const auto writer = Writer::open(folder_.options());
    ASSERT_FALSE(writer);
    EXPECT_TRUE(writer.error().message.contains("was changed")) << writer.error().message;
}

TEST_F(VerifyTest, DroppedSwappedAndReplayedEntriesAreNamed) {
    auto dropped = entries();
    dropped.erase(dropped.begin() + 300);
    rewrite(dropped);
    EXPECT_EQ(told(verified()), "missing 699-699\nmoved 300-698\n");
    auto swapped = entries();
    std::swap(swapped[10], swapped[20]);
    rewrite(swapped);
    EXPECT_EQ(told(verified()), "moved 10-10\nmoved 20-20\n");
    auto replayed = entries();
    replayed.insert(replayed.begin() + 5, entry_at(3));
    replayed.pop_back();
    rewrite(replayed);
    EXPECT_EQ(told(verified()), "moved 5-5\nmoved 6-699\n");
}

TEST_F(VerifyTest, ATruncatedLedgerAndAMissingSegmentAreNamed) {
    auto cut = entries();
    cut.resize(650);
    rewrite(cut);
    EXPECT_EQ(told(verified()), "missing 650-699\n");
    fs::remove_all(folder_.ledger());
    grow(folder_, size);
    const auto segments = *list_segments(folder_.ledger());
    fs::remove(segments[1].path);
    EXPECT_EQ(told(verified()), "missing " + std::to_string(segments[1].first_index) + "-" +
                                    std::to_string(segments[2].first_index - 1) + "\n");
    fs::remove(segments.front().path);
    EXPECT_EQ(told(verified()), "missing 0-" + std::to_string(segments[2].first_index - 1) + "\n");
}

// Entries, tree and checkpoint all changed together, by somebody who has the log's key: only what others kept tells.
TEST_F(VerifyTest, ARolledBackOrForkedLedgerIsToldByACheckpointKeptElsewhere) {
    const auto kept = checkpoint();
    auto asked = options();
    asked.seen = {kept};
    EXPECT_EQ(told(verified(asked)), "");
    fs::remove_all(folder_.ledger());
    grow(folder_, 400); // as it was before
    EXPECT_EQ(told(verified()), "");
    EXPECT_EQ(told(verified(asked)), "seen\n");
    grow(folder_, 900, " "); // and went on with other entries
    EXPECT_EQ(told(verified()), "");
    EXPECT_EQ(told(verified(asked)), "seen\n");
    asked.seen = {checkpoint()};
    EXPECT_EQ(told(verified(asked)), "");
}

TEST_F(VerifyTest, TreeAndEntriesChangedTogetherDoNotFitTheCheckpoint) {
    const auto checkpoint_before = *read_file(checkpoint_path(folder_.ledger()), 1u << 20);
    fs::remove_all(folder_.ledger());
    grow(folder_, size, " ");
    ASSERT_TRUE(replace_file(checkpoint_path(folder_.ledger()), checkpoint_before, 0600));
    EXPECT_EQ(told(verified()), "checkpoint\n");
}

TEST_F(VerifyTest, ACheckpointOfAnotherKeyIsNamed) {
    fs::remove(checkpoint_path(folder_.ledger()));
    EXPECT_EQ(told(verified()), "checkpoint\n");
    const auto stranger = *crypto::NoteSigner::generate("sallyport/k3f9x2ab");
    tlog::GrowingTree tree;
    for (std::uint64_t i = 0; i < size; ++i)
        tree.add(tlog::leaf_hash(entry_at(i)), [](unsigned, std::uint64_t, const tlog::Digest&) {});
    ASSERT_TRUE(CheckpointWriter::open(checkpoint_path(folder_.ledger()), FileOperations::real(),
                                       tlog::signed_by(stranger, {"sallyport/k3f9x2ab", size, tree.root()})));
    EXPECT_EQ(told(verified()), "signature\n");
}

TEST_F(VerifyTest, WhatWitnessesCosignedIsTheBeginning) {
    const auto witness = *crypto::NoteSigner::generate("w1.example", crypto::NoteAlgorithm::cosignature);
    auto cosigned = checkpoint();
    crypto::sign(cosigned.note, witness);
    ASSERT_TRUE(CheckpointWriter::open(cosigned_path(folder_.ledger()), FileOperations::real(), cosigned));
    grow(folder_, size + 50);
    auto asked = options();
    EXPECT_EQ(told(verified(asked)), "");
    EXPECT_TRUE(verified(asked).witnesses.empty()) << "nobody is known here";
    asked.keys.push_back(witness.verifier());
    const auto found = verified(asked);
    EXPECT_EQ(told(found), "");
    EXPECT_EQ(found.witnesses, std::vector<std::string>{"w1.example"});
    EXPECT_EQ(found.cosigned->checkpoint.size, size);

    const auto kept = *read_file(cosigned_path(folder_.ledger()), 1u << 20);
    fs::remove_all(folder_.ledger());
    grow(folder_, 300); // rolled back, the cosigned one was forgotten
    ASSERT_TRUE(replace_file(cosigned_path(folder_.ledger()), kept, 0600));
    EXPECT_EQ(told(verified(asked)), "seen\n");
    grow(folder_, size + 50, " ");
    EXPECT_EQ(told(verified(asked)), "seen\n") << "and went on otherwise";
    fs::remove(cosigned_path(folder_.ledger()));
    cosigned.note.signatures.back().bytes[20] ^= 1;
    ASSERT_TRUE(CheckpointWriter::open(cosigned_path(folder_.ledger()), FileOperations::real(), cosigned));
    EXPECT_EQ(told(verified(asked)), "signature\n");
}

TEST_F(VerifyTest, OnlyWhatIsNewerIsReadWhereACheckpointWasVerifiedBefore) {
    const auto monday = checkpoint();
    grow(folder_, size + 100);
    auto asked = options();
    asked.verified = monday;
    auto found = verified(asked);
    EXPECT_EQ(told(found), "");
    EXPECT_EQ(found.read, 100u);
    change(list_segments(folder_.ledger())->back().path, segment_header_bytes + 20);
    EXPECT_FALSE(verified(asked).ok());
    asked.verified = tlog::signed_by(*LedgerFolder::signer(), {"sallyport/k3f9x2ab", 500, tlog::leaf_hash("x")});
    EXPECT_TRUE(told(verified(asked)).starts_with("seen\n")) << "it is not what was verified";
}

TEST_F(VerifyTest, WhileTheGatewayWrites) {
    auto writer = Writer::open(folder_.options());
    ASSERT_TRUE(writer);
    for (std::uint64_t i = size; i < size + 3'000; ++i) {
        ASSERT_TRUE((*writer)->append(entry_at(i)));
        if (i % 300 != 0) continue;
        EXPECT_EQ(told(verified()), "") << i;
    }
}

} // namespace
} // namespace sallyport::ledger
