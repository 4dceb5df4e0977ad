#include "ledger/writer.h"

#include "base/limits.h"
#include "ledger/folder_test.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>
#include <tuple>

namespace sallyport::ledger {
namespace {

// The real file system with faults on demand. Set before or between the calls of the writer's thread.
class Faults : public FileOperations {
public:
    int create(const std::filesystem::path& file) override { return opened(file, FileOperations::create(file)); }
    int open(const std::filesystem::path& file) override { return opened(file, FileOperations::open(file)); }
    std::ptrdiff_t write(int descriptor, std::string_view bytes, std::uint64_t offset) override {
        if (!is_segment_[static_cast<std::size_t>(descriptor)]) return FileOperations::write(descriptor, bytes, offset);
        if (hold_) {
            held_ = true;
            held_.notify_all();
            hold_.wait(true);
        }
        ++writes_;
        if (interrupt_ && writes_ % 2 == 0) return errno = EINTR, -1;
        if (offset >= room_end_) return errno = write_error_, -1;
        bytes = bytes.substr(0, std::min<std::uint64_t>(write_bytes_max_, room_end_ - offset));
        return FileOperations::write(descriptor, bytes, offset);
    }
    int sync(int descriptor) override {
        ++syncs_;
        if (sync_fails_) return errno = EIO, -1;
        return FileOperations::sync(descriptor);
    }
    int reserve(int descriptor, std::uint64_t offset, std::uint64_t bytes) override {
        if (const int error = reserve_error_; error != 0) return errno = error, -1;
        return FileOperations::reserve(descriptor, offset, bytes);
    }
    int rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
        if (rename_fails_) return errno = ENOSPC, -1;
        return FileOperations::rename(from, to);
    }

    std::atomic<bool> hold_ = false, held_ = false, interrupt_ = false, sync_fails_ = false, rename_fails_ = false;
    std::atomic<int> reserve_error_ = 0, write_error_ = ENOSPC, writes_ = 0, syncs_ = 0;
    // Faults of writing are the segments'; the tree and the checkpoint have tests of their own.
    int opened(const std::filesystem::path& file, int descriptor) {
        if (descriptor >= 0) is_segment_[static_cast<std::size_t>(descriptor)] = file.string().contains(".seg");
        return descriptor;
    }
    std::array<std::atomic<bool>, 4'096> is_segment_{};
    std::atomic<std::uint64_t> room_end_ = UINT64_MAX, write_bytes_max_ = UINT64_MAX;
};

std::string numbered(std::size_t i) { return "{\"entry\":" + std::to_string(i) + "}"; }

void expect_numbered(const std::filesystem::path& ledger, std::size_t count) {
    const Found found = read_ledger(ledger);
    EXPECT_EQ(found.problem, "");
    ASSERT_EQ(found.entries.size(), count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(found.entries[i], numbered(i));
}

TEST(Writer, GivesEachEntryTheNextIndexAlsoAfterAReopen) {
    const LedgerFolder folder;
    for (std::size_t round = 0; round < 3; ++round) {
        auto writer = Writer::open(folder.options());
        ASSERT_TRUE(writer) << writer.error().message;
        EXPECT_EQ((*writer)->recovery().next_index, round * 10);
        EXPECT_EQ((*writer)->recovery().torn_bytes, 0u);
        for (std::size_t i = round * 10; i < round * 10 + 10; ++i) EXPECT_EQ(*(*writer)->append(numbered(i)), i);
    }
    expect_numbered(folder.ledger(), 30);
}

TEST(Writer, CompletesADurableEntryAfterASync) {
    const LedgerFolder folder;
    Faults files;
    auto writer = Writer::open(folder.options(&files));
    for (std::size_t i = 0; i < 5; ++i) {
        const int before = files.syncs_;
        Waiter waiter;
        EXPECT_EQ(*(*writer)->append_durable(numbered(i), waiter.completion()), i);
        EXPECT_TRUE(waiter.wait());
        EXPECT_GT(files.syncs_, before);
    }
    expect_numbered(folder.ledger(), 5); // while the writer is open
}

TEST(Writer, WritesManyEntriesAtOnce) {
    const LedgerFolder folder;
    auto options = folder.options();
    options.write_ms = 60'000;
    auto writer = Writer::open(options);
    for (std::size_t i = 0; i < 1'000; ++i) ASSERT_TRUE((*writer)->append(numbered(i)));
    (*writer)->close();
    EXPECT_EQ((*writer)->figures().groups, 1u);
    EXPECT_EQ((*writer)->figures().entries, 1'000u);
    EXPECT_EQ((*writer)->figures().synced_index, 1'000u);
    EXPECT_FALSE((*writer)->append("{}"));
    expect_numbered(folder.ledger(), 1'000);
}

TEST(Writer, KeepsTheOrderOfIndexesUnderManyThreads) {
    const LedgerFolder folder;
    auto options = folder.options();
    options.segment_bytes_max = 20'000;
    auto writer = Writer::open(options);
    std::vector<std::string> by_index(4'000);
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 1'000; ++i) {
                const std::string entry = std::to_string(t) + ":" + std::to_string(i);
                Waiter waiter;
                const auto index =
                    i % 100 == 0 ? (*writer)->append_durable(entry, waiter.completion()) : (*writer)->append(entry);
                by_index[*index] = entry;
                if (i % 100 == 0) {
                    EXPECT_TRUE(waiter.wait());
                }
            }
        });
    for (auto& thread : threads) thread.join();
    (*writer)->close();
    EXPECT_EQ(read_ledger(folder.ledger()).entries, by_index);
    EXPECT_GT(list_segments(folder.ledger())->size(), 2u);
}

TEST(Writer, BeginsANewSegmentAtTheLimit) {
    const LedgerFolder folder;
    auto options = folder.options();
    options.segment_bytes_max = 2'000;
    auto writer = Writer::open(options);
    for (std::size_t i = 0; i < 500; ++i) ASSERT_TRUE((*writer)->append(numbered(i)));
    (*writer)->close();
    for (const auto& segment : *list_segments(folder.ledger()))
        EXPECT_LT(std::filesystem::file_size(segment.path), 2'000 + 100 + 2 * mark_bytes);
    expect_numbered(folder.ledger(), 500);
}

TEST(Writer, RefusesAnEntryThatIsEmptyOrTooLarge) {
    const LedgerFolder folder;
    auto writer = Writer::open(folder.options());
    EXPECT_FALSE((*writer)->append(""));
    EXPECT_TRUE((*writer)->append(std::string(limits::entry_bytes_max, 'x')));
    const auto refused = (*writer)->append(std::string(limits::entry_bytes_max + 1, 'x'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
    EXPECT_EQ(*(*writer)->append("{}"), 1u);
}

TEST(Writer, SaysWhenTheDiskIsTooSlowAndTakesClosingEntriesALittleLonger) {
    const LedgerFolder folder;
    Faults files;
    auto options = folder.options(&files);
    options.queue_bytes_max = 10'000;
    auto writer = Writer::open(options);
    files.hold_ = true;
    const std::string entry(1'000, 'x');
    std::size_t taken = 0;
    while ((*writer)->append(entry)) ++taken;
    EXPECT_GE(taken, 9u);
    EXPECT_NE((*writer)->append(entry).error().message.find("not keeping up"), std::string::npos);
    EXPECT_TRUE((*writer)->append(entry, Admission::closing));
    files.hold_ = false;
    files.hold_.notify_all();
    (*writer)->close();
    EXPECT_EQ(read_ledger(folder.ledger()).entries.size(), taken + 1);
}

TEST(Writer, SurvivesInterruptedAndShortWrites) {
    const LedgerFolder folder;
    Faults files;
    files.interrupt_ = true;
    files.write_bytes_max_ = 3;
    auto writer = Writer::open(folder.options(&files));
    ASSERT_TRUE(writer) << writer.error().message;
    for (std::size_t i = 0; i < 200; ++i) ASSERT_TRUE((*writer)->append(numbered(i)));
    (*writer)->close();
    expect_numbered(folder.ledger(), 200);
}

// The error, and where the room ends: in a mark, between mark and frame, in a frame.
class FullDisk : public testing::TestWithParam<std::tuple<int, std::uint64_t>> {};

TEST_P(FullDisk, RefusesNewEntriesInWordsAndLosesNothingWhenThereIsRoomAgain) {
    const LedgerFolder folder;
    Faults files;
    auto options = folder.options(&files);
    options.retry_ms = 1;
    auto writer = Writer::open(options);
    Waiter before;
    ASSERT_TRUE((*writer)->append_durable(numbered(0), before.completion()));
    ASSERT_TRUE(before.wait());
    EXPECT_TRUE((*writer)->health().ok);

    files.write_error_ = std::get<0>(GetParam());
    files.room_end_ = segment_header_bytes + std::get<1>(GetParam());
    std::size_t count = 1;
    while (!(*writer)->full()) {
        Waiter waiter;
        if (!(*writer)->append_durable(numbered(count), waiter.completion())) break;
        ++count;
        if (!waiter.wait()) break;
    }
    const auto refused = (*writer)->append(numbered(count));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_NE(refused.error().message.find("cannot be written"), std::string::npos);
    EXPECT_FALSE((*writer)->health().ok);
    Waiter closing;
    ASSERT_TRUE((*writer)->append_durable(numbered(count++), closing.completion(), Admission::closing));
    EXPECT_FALSE(closing.wait()) << "there is no room for it";

    files.room_end_ = UINT64_MAX;
    while ((*writer)->full()) std::this_thread::yield();
    Waiter again;
    ASSERT_TRUE((*writer)->append_durable(numbered(count++), again.completion()));
    EXPECT_TRUE(again.wait());
    (*writer)->close();
    expect_numbered(folder.ledger(), count);
}
INSTANTIATE_TEST_SUITE_P(EachError, FullDisk,
                         testing::Combine(testing::Values(ENOSPC, EDQUOT, EIO), testing::Values(200, 215, 225)));

TEST(Writer, KeepsRoomForClosingEntriesWhenNoMoreCanBeReserved) {
    const LedgerFolder folder;
    Faults files;
    auto options = folder.options(&files);
    options.retry_ms = 1;
    auto writer = Writer::open(options);
    files.reserve_error_ = ENOSPC;
    const std::string entry(5'000, 'x');
    std::size_t count = 0;
    while (!(*writer)->full()) {
        Waiter waiter;
        if (!(*writer)->append_durable(entry, waiter.completion())) break;
        EXPECT_TRUE(waiter.wait());
        ++count;
    }
    EXPECT_FALSE((*writer)->append(entry));
    Waiter closing;
    ASSERT_TRUE((*writer)->append_durable(entry, closing.completion(), Admission::closing));
    EXPECT_TRUE(closing.wait());
    files.reserve_error_ = 0;
    while ((*writer)->full()) std::this_thread::yield();
    EXPECT_TRUE((*writer)->append(entry));
    (*writer)->close();
    EXPECT_EQ(read_ledger(folder.ledger()).entries.size(), count + 2);
}

TEST(Writer, WorksWhereTheFileSystemCannotReserve) {
    const LedgerFolder folder;
    Faults files;
    files.reserve_error_ = EOPNOTSUPP;
    auto writer = Writer::open(folder.options(&files));
    ASSERT_TRUE((*writer)->append(numbered(0)));
    EXPECT_TRUE((*writer)->health().ok);
    (*writer)->close();
    expect_numbered(folder.ledger(), 1);
}

TEST(Writer, GoesOnInTheOldSegmentWhileANewOneCannotBegin) {
    const LedgerFolder folder;
    Faults files;
    auto options = folder.options(&files);
    options.retry_ms = 1;
    options.segment_bytes_max = 500;
    auto writer = Writer::open(options);
    files.rename_fails_ = true;
    std::size_t count = 0;
    for (; !(*writer)->full(); ++count) {
        Waiter waiter;
        if (!(*writer)->append_durable(numbered(count), waiter.completion())) break;
        EXPECT_TRUE(waiter.wait());
    }
    Waiter closing;
    ASSERT_TRUE((*writer)->append_durable(numbered(count++), closing.completion(), Admission::closing));
    EXPECT_TRUE(closing.wait());
    files.rename_fails_ = false;
    while ((*writer)->full()) std::this_thread::yield();
    ASSERT_TRUE((*writer)->append(numbered(count++)));
    (*writer)->close();
    EXPECT_GE(list_segments(folder.ledger())->size(), 2u);
    expect_numbered(folder.ledger(), count);
}

TEST(WriterDeathTest, EndsTheProcessWhenASyncFails) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            const LedgerFolder folder;
            Faults files;
            auto writer = Writer::open(folder.options(&files));
            files.sync_fails_ = true;
            Waiter waiter;
            if ((*writer)->append_durable("{}", waiter.completion())) waiter.wait();
        },
        testing::ExitedWithCode(70), "the disk failed to keep .*seg");
}

TEST(Writer, RefusesTheLedgerOfAnotherInstallation) {
    const LedgerFolder folder;
    {
        ASSERT_TRUE(Writer::open(folder.options()));
    }
    auto options = folder.options();
    options.origin = "other";
    const auto writer = Writer::open(options);
    ASSERT_FALSE(writer);
    EXPECT_NE(writer.error().message.find("belongs to the ledger of 'k3f9x2ab'"), std::string::npos);
}

TEST(Writer, RefusesADamagedSegmentAndNamesFileAndOffset) {
    const LedgerFolder folder;
    {
        auto writer = Writer::open(folder.options());
        for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE((*writer)->append(numbered(i)));
    }
    const auto file = folder.ledger() / segment_name(0);
    {
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekp(segment_header_bytes + 3 * (frame_header_bytes + numbered(0).size()) + 10);
        bytes.put('#');
    }
    const auto writer = Writer::open(folder.options());
    ASSERT_FALSE(writer);
    const auto offset = segment_header_bytes + 3 * (frame_header_bytes + numbered(0).size());
    EXPECT_NE(writer.error().message.find(file.string() + " at offset " + std::to_string(offset)), std::string::npos)
        << writer.error().message;
}

} // namespace
} // namespace sallyport::ledger
