#include "ledger/offload.h"

#include "base/file.h"
#include "ledger/checkpoint_file.h"
#include "ledger/folder_test.h"
#include "ledger/query.h"
#include "ledger/recover.h"
#include "ledger/verify.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <tuple>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;

class OffloadTest : public testing::Test {
protected:
    OffloadTest() {
        WriterOptions options = folder_.options();
        options.segment_bytes_max = 4'096;
        const auto writer = Writer::open(options);
        for (int i = 0; i < 400; ++i) {
            std::string entry;
            encode(Stop{1'000 + i, "signal"}, entry);
            EXPECT_TRUE((*writer)->append(entry));
            if (i % 40 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(60)); // groups end segments
        }
        (*writer)->close();
        fs::create_directory(archive());
        const auto segments = list_segments(folder_.ledger());
        EXPECT_GE(segments->size(), 4u);
        count_ = segments->size();
    }

    fs::path archive() const { return folder_.ledger().parent_path() / "archive"; }
    fs::path there() const { return archive() / "k3f9x2ab" / "ledger"; }
    Result<Offloaded> all() { return offload_segments(folder_.ledger(), {archive(), 0}, "k3f9x2ab"); }
    Verified verified() {
        auto found = verify({.directory = folder_.ledger(), .keys = {folder_.signer()->verifier()}, .seen = {}});
        EXPECT_TRUE(found) << found.error().message;
        return *found;
    }
    std::size_t in_folder() const {
        std::size_t count = 0;
        for (const auto& item : fs::directory_iterator(folder_.ledger())) count += item.path().extension() == ".seg";
        return count;
    }

    LedgerFolder folder_;
    std::size_t count_ = 0;
};

TEST_F(OffloadTest, TheOldestGoUntilTheFolderHoldsWhatItMay) {
    const auto before = list_segments(folder_.ledger());
    const auto first = fs::file_size(before->front().path);
    std::uint64_t bytes = 0;
    for (const SegmentFile& file : *before) bytes += fs::file_size(file.path);
    auto moved = offload_segments(folder_.ledger(), {archive(), bytes}, "k3f9x2ab");
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->files, 0u);
    moved = offload_segments(folder_.ledger(), {archive(), bytes - 1}, "k3f9x2ab");
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->files, 1u);
    EXPECT_EQ(moved->bytes, first);
    EXPECT_EQ(moved->left_bytes, bytes - first);
    EXPECT_FALSE(fs::exists(before->front().path));
    const auto after = list_segments(folder_.ledger());
    ASSERT_EQ(after->size(), count_);
    EXPECT_TRUE(after->front().is_offloaded);
    EXPECT_TRUE(verified().ok());
}

TEST_F(OffloadTest, AllButTheLastGoAndAreReadFromThere) {
    auto index = Query::open(folder_.ledger(), folder_.index());
    ASSERT_TRUE(index->update());
    const auto moved = all();
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->files, count_ - 1);
    EXPECT_EQ(in_folder(), 1u);
    EXPECT_TRUE(verified().ok());
    EXPECT_EQ(verified().read, 400u);
    EXPECT_TRUE(index->entry(0));
    const auto again = index->reindex();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->next_index, 400u);
    const auto writer = Writer::open(folder_.options()); // goes on
    ASSERT_TRUE(writer) << writer.error().message;
    EXPECT_EQ((*writer)->recovery().next_index, 400u);
}

TEST_F(OffloadTest, WhereItIsNotMountedThatIsToldAndNothingIsCalledTampered) {
    ASSERT_TRUE(all());
    fs::rename(archive(), archive().string() + ".away");
    const Verified found = verified();
    ASSERT_EQ(found.problems.size(), count_ - 1);
    for (const Problem& one : found.problems) EXPECT_EQ(one.kind, "unreadable") << one.sentence;
    EXPECT_EQ(found.problems.front().first, 0u);
    EXPECT_NE(found.problems.front().sentence.find(there().string()), std::string::npos);
    auto index = Query::open(folder_.ledger(), folder_.index());
    const auto updated = index->update();
    ASSERT_FALSE(updated);
    EXPECT_NE(updated.error().message.find("mount that directory again"), std::string::npos) << updated.error().message;
    EXPECT_TRUE(Writer::open(folder_.options()));                    // what is written needs none of it
    const auto aside = set_aside(folder_.ledger(), "k3f9x2ab", "x"); // nothing is given up that is only out of reach
    ASSERT_FALSE(aside);
    EXPECT_TRUE(fs::exists(checkpoint_path(folder_.ledger())));
    std::ignore = all(); // all that can be moved was
    EXPECT_FALSE(fs::exists(archive())) << "nothing is written below the place of a mount that is not there";
}

TEST_F(OffloadTest, AnEntryThatIsChangedWhileOtherSegmentsAreOutOfReachIsFound) {
    ASSERT_TRUE(offload_segments(folder_.ledger(), {archive(), 4'096}, "k3f9x2ab"));
    const auto last = list_segments(folder_.ledger())->back();
    fs::rename(archive(), archive().string() + ".away");
    Buffer bytes;
    ASSERT_TRUE(read_part(last.path, 0, 1u << 20, bytes));
    std::string text(bytes.view());
    text[text.size() / 2] ^= 1;
    ASSERT_TRUE(replace_file(last.path, text, 0600));
    bool found = false;
    for (const Problem& one : verified().problems) found = found || one.kind != "unreadable";
    EXPECT_TRUE(found);
}

TEST_F(OffloadTest, ACrashAtAnyPointLeavesAFileInOnePlaceAtLeast) {
    const auto segments = list_segments(folder_.ledger());
    const auto first = segments->front().path;
    const std::string bytes = *read_file(first, 1u << 20);
    ASSERT_TRUE(all());
    const std::string list = *read_file(offloaded_list(folder_.ledger()), 1u << 20);
    // Listed, not removed yet: the one in the folder is read, and the next pass removes it.
    ASSERT_TRUE(replace_file(first, bytes, 0600));
    EXPECT_EQ(list_segments(folder_.ledger())->size(), count_);
    EXPECT_FALSE(list_segments(folder_.ledger())->front().is_offloaded);
    EXPECT_TRUE(verified().ok());
    ASSERT_TRUE(all());
    EXPECT_FALSE(fs::exists(first));
    EXPECT_TRUE(verified().ok());
    // Copied, not listed yet; and a copy that was cut short.
    ASSERT_TRUE(replace_file(first, bytes, 0600));
    fs::remove(offloaded_list(folder_.ledger()));
    for (std::size_t i = 1; i + 1 < segments->size(); ++i) {
        auto rebuilt = rebuild_offloaded(folder_.ledger(), archive(), "k3f9x2ab");
        ASSERT_TRUE(rebuilt) << rebuilt.error().message;
    }
    ASSERT_TRUE(replace_file(there() / ("." + first.filename().string() + ".part"), "half", 0600));
    ASSERT_TRUE(all());
    EXPECT_TRUE(verified().ok());
    EXPECT_EQ(in_folder(), 1u);
    const auto rebuilt = rebuild_offloaded(folder_.ledger(), archive(), "k3f9x2ab");
    ASSERT_TRUE(rebuilt) << rebuilt.error().message;
    EXPECT_EQ(*parse_offloaded(list, "list"), *rebuilt);
}

TEST_F(OffloadTest, WhatIsDamagedThereIsNotTakenForWhatWasMoved) {
    ASSERT_TRUE(all());
    const auto files = read_offloaded(folder_.ledger());
    std::string text = *read_file(files->front().path, 1u << 20);
    text[100] ^= 1;
    ASSERT_TRUE(replace_file(files->front().path, text, 0600));
    EXPECT_FALSE(verified().ok());
    EXPECT_NE(verified().problems.front().kind, "unreadable");
    EXPECT_FALSE(rebuild_offloaded(folder_.ledger(), archive(), "k3f9x2ab"));
}

TEST(OffloadedList, ComesBackAsItWasWritten) {
    const std::vector<OffloadedFile> files = {
        {{1, crypto::sha256("a")}, "00000000000000000000.seg", "/mnt/an archive/x.seg"},
        {{2, crypto::sha256("b")}, "00000000000000000007.seg", "/mnt/y.seg"},
    };
    EXPECT_EQ(*parse_offloaded(encode(files), "list"), files);
    for (const char* bad : {"x\n", "\n", "no newline"}) EXPECT_FALSE(parse_offloaded(bad, "list"));
    EXPECT_FALSE(parse_offloaded(encode({files[0], files[0]}), "list")) << "one name, two places";
    EXPECT_TRUE(parse_offloaded("", "list")->empty());
}

} // namespace
} // namespace sallyport::ledger
