// Frames that somebody without a key appends behind the signed end: named where they can be told from a crash's, and not started with.
#include "ledger/unsigned_entries.h"

#include "base/file.h"
#include "crypto/crypto.h"
#include "ledger/append_signed.h"
#include "ledger/checkpoint_file.h"
#include "ledger/entry.h"
#include "ledger/folder_test.h"
#include "ledger/recover.h"
#include "ledger/verify.h"

#include <gtest/gtest.h>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;

template <class Content> std::string text(const Content& content) {
    std::string out;
    encode(content, out);
    return out;
}
std::string start(std::int64_t at) { return text(Start{at, "1.0", "sha256:00", "sha256:11", 0}); }
std::string stop(std::int64_t at) { return text(Stop{at, "signal"}); }
std::string act(std::int64_t at) { return text(Act{at, "a_00000000000000000000", "unmask", "p_x", "a case", "p_y"}); }
std::string repeat(std::int64_t at) {
    Repeat out;
    out.at_ms = at;
    out.exchange = "x_1";
    out.count = 1;
    return text(out);
}

class UnsignedEntriesTest : public testing::Test {
protected:
    // What a gateway records between a start and its stop.
    void run_gateway(std::int64_t at) {
        auto writer = Writer::open(options());
        ASSERT_TRUE(writer) << writer.error().message;
        ASSERT_TRUE(append_signed(**writer, start(at)));
        EXPECT_EQ((*writer)->figures().signed_index, (*writer)->figures().next_index);
        for (int i = 1; i <= 3; ++i) ASSERT_TRUE((*writer)->append(repeat(at + i)));
        ASSERT_TRUE((*writer)->append(stop(at + 9), Admission::closing));
    }
    void SetUp() override {
        run_gateway(1'000);
        run_gateway(2'000);
        ASSERT_EQ(told(), "");
    }
    WriterOptions options() const {
        auto out = folder_.options();
        out.segment_bytes_max = segment_bytes_max_;
        return out;
    }
    // Behind the last segment's end, as a hand that knows the format would.
    void append(const std::vector<std::string>& entries) const {
        const SegmentFile last = list_segments(folder_.ledger())->back();
        auto segment = load_segment(last);
        const auto end = find_end(*segment, last.path.string());
        Buffer out(segment->bytes.view().substr(0, end->bytes));
        std::uint64_t index = end->next_index;
        for (const std::string& one : entries) append_frame(out, index++, one, crypto::crc32c(one));
        ASSERT_TRUE(replace_file(last.path, out.view(), 0600));
    }
    // "foreign 10-11", one a line
    std::string told() const {
        const auto found =
            verify({.directory = folder_.ledger(), .keys = {LedgerFolder::signer()->verifier()}, .seen = {}});
        if (!found) return found.error().message;
        std::string out;
        for (const Problem& one : found->problems)
            out += one.kind + " " + std::to_string(one.first.value_or(999)) + "-" +
                   std::to_string(one.last.value_or(999)) + "\n";
        return out;
    }
    std::string refusal() const {
        const auto writer = Writer::open(options());
        return writer ? std::string() : writer.error().message;
    }
    // As kill -9 leaves it: the last checkpoint is the one of before.
    std::string checkpoint_now() const { return *read_file(checkpoint_path(folder_.ledger()), 1u << 20); }
    void put_checkpoint(const std::string& bytes) const {
        ASSERT_TRUE(replace_file(checkpoint_path(folder_.ledger()), bytes, 0600));
    }
    std::size_t segment_bytes_max_ = limits::segment_bytes_max;
    LedgerFolder folder_;
};

TEST_F(UnsignedEntriesTest, WhatIsNoStartBehindASignedStopIsForeign) {
    append({act(3'000), repeat(3'001)});
    EXPECT_EQ(told(), "foreign 10-11\n");
    EXPECT_TRUE(refusal().contains("entry 10 in")) << refusal();
    EXPECT_TRUE(refusal().contains("ledger recover")) << refusal();
    EXPECT_EQ(told(), "foreign 10-11\n") << "a start that was refused signs nothing";
    // The way out keeps what was signed, and sets aside what was not.
    const auto aside = set_aside(folder_.ledger(), "k3f9x2ab", "epoch-00000001");
    ASSERT_TRUE(aside) << aside.error().message;
    EXPECT_EQ(aside->kept, 10u);
    run_gateway(4'000);
    EXPECT_EQ(told(), "");
    EXPECT_EQ(read_ledger(folder_.ledger()).entries.at(10), start(4'000));
}

TEST_F(UnsignedEntriesTest, AlsoBehindAStartThatWasNotSigned) {
    append({start(3'000)});
    EXPECT_EQ(told(), "");
    EXPECT_EQ(refusal(), "") << "a crash between a start and its signature leaves that"; // and signs it
    run_gateway(4'000);
    append({start(5'000), start(5'001), act(5'002)});
    EXPECT_EQ(told(), "foreign 18-18\n");
    EXPECT_TRUE(refusal().contains("entry 18 in")) << refusal();
}

TEST_F(UnsignedEntriesTest, WhatACrashLeavesIsNot) {
    std::string before;
    {
        auto writer = Writer::open(options());
        ASSERT_TRUE(writer);
        ASSERT_TRUE(append_signed(**writer, start(3'000)));
        before = checkpoint_now(); // kill -9 may leave it so, with all that was written since
        ASSERT_TRUE((*writer)->append(repeat(3'001)));
        ASSERT_TRUE((*writer)->append(stop(3'009), Admission::closing));
    }
    put_checkpoint(before);
    EXPECT_EQ(told(), "");
    EXPECT_EQ(refusal(), "");
    append({stop(3'010), act(3'011)}); // behind the stop that is signed now: 12 is it
    EXPECT_EQ(told(), "foreign 13-14\n");
}

TEST_F(UnsignedEntriesTest, WhatStandsThereOnceMoreIsNamed) {
    {
        auto writer = Writer::open(options());
        ASSERT_TRUE(writer);
        ASSERT_TRUE(append_signed(**writer, start(3'000)));
        ASSERT_TRUE((*writer)->append(act(3'001)));
    }
    EXPECT_EQ(told(), "");
    append({repeat(1'001), act(3'001), repeat(3'002), repeat(3'002)}); // acts may be recorded twice
    EXPECT_EQ(told(), "repeated 12-12\nrepeated 15-15\n");
}

TEST_F(UnsignedEntriesTest, AStartOnceMoreBehindAStopIsNamed) {
    append({start(1'000)});
    EXPECT_EQ(told(), "repeated 10-10\n");
}

TEST_F(UnsignedEntriesTest, AlsoWhereTheStopIsInTheSegmentBefore) {
    segment_bytes_max_ = 10; // each entry begins a segment
    run_gateway(3'000);
    EXPECT_EQ(told(), "");
    const std::uint64_t next = list_segments(folder_.ledger())->back().first_index + 1;
    Buffer out(encode_segment_header({next, 1, "k3f9x2ab"}));
    append_frame(out, next, act(4'000), crypto::crc32c(act(4'000)));
    ASSERT_TRUE(replace_file(folder_.ledger() / segment_name(next), out.view(), 0600));
    EXPECT_EQ(told(), "foreign " + std::to_string(next) + "-" + std::to_string(next) + "\n");
    EXPECT_TRUE(refusal().contains("no gateway wrote it")) << refusal();
}

} // namespace
} // namespace sallyport::ledger
