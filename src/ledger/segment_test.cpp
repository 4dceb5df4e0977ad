#include "ledger/segment.h"

#include "base/limits.h"
#include "crypto/crypto.h"

#include <gtest/gtest.h>

namespace sallyport::ledger {
namespace {

constexpr std::uint64_t first = 41;

LoadedSegment segment_of(std::string_view frames) {
    LoadedSegment out;
    out.header = {first, 5, "k3f9x2ab"};
    out.bytes.append(encode_segment_header(out.header));
    out.bytes.append(frames);
    return out;
}

std::string frame(std::uint64_t index, std::string_view entry) {
    Buffer out;
    append_frame(out, index, entry, crypto::crc32c(entry));
    return std::string(out.view());
}

TEST(SegmentHeader, ReadsBackAndFindsEachFlippedBit) {
    const std::string bytes = encode_segment_header({7, 1'795'000'000'000, "k3f9x2ab"});
    ASSERT_EQ(bytes.size(), segment_header_bytes);
    const auto header = decode_segment_header(bytes, "x.seg");
    ASSERT_TRUE(header);
    EXPECT_EQ(header->first_index, 7u);
    EXPECT_EQ(header->created_ms, 1'795'000'000'000);
    EXPECT_EQ(header->origin, "k3f9x2ab");
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        EXPECT_FALSE(decode_segment_header(flipped, "x.seg")) << bit;
    }
    EXPECT_FALSE(decode_segment_header(bytes.substr(0, 63), "x.seg"));
}

TEST(SegmentName, SortsByIndex) {
    EXPECT_EQ(segment_name(0), "00000000000000000000.seg");
    EXPECT_LT(segment_name(999), segment_name(1000));
    EXPECT_EQ(segment_name(18'446'744'073'709'551'615u).size(), 24u);
}

TEST(FrameReader, GivesEntriesInOrderAndPassesOverMarks) {
    const std::string frames = frame(5, "one") + encode_mark(6, 6) + frame(6, "two");
    FrameReader reader(frames, 100, 5);
    ASSERT_EQ(reader.next(), FrameReader::State::entry);
    EXPECT_EQ(reader.entry(), "one");
    EXPECT_EQ(reader.index(), 5u);
    EXPECT_EQ(reader.offset(), 100u);
    ASSERT_EQ(reader.next(), FrameReader::State::entry);
    EXPECT_EQ(reader.entry(), "two");
    EXPECT_EQ(reader.index(), 6u);
    EXPECT_EQ(reader.next(), FrameReader::State::end);
    EXPECT_EQ(reader.end_offset(), 100 + frames.size());
}

TEST(FrameReader, DoesNotTakeAFrameFromAnotherPlace) {
    const std::string frames = frame(6, "two");
    EXPECT_EQ(FrameReader(frames, 0, 5).next(), FrameReader::State::broken);
    EXPECT_EQ(FrameReader(frames, 0, 6).next(), FrameReader::State::entry);
    const std::string zeros(64, '\0');
    EXPECT_EQ(FrameReader(zeros, 0, 0).next(), FrameReader::State::broken);
}

TEST(FrameReader, FindsEachFlippedBit) {
    const std::string frames = frame(0, "{\"kind\":\"stop\"}");
    for (std::size_t bit = 0; bit < frames.size() * 8; ++bit) {
        std::string flipped = frames;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        EXPECT_NE(FrameReader(flipped, 0, 0).next(), FrameReader::State::entry) << bit;
    }
}

TEST(FindEnd, IsBehindTheLastWholeFrameWhereverTheTearIs) {
    const std::string whole = frame(first, "one") + frame(first + 1, "two");
    const std::string last = frame(first + 2, "three");
    for (std::size_t cut = 0; cut < last.size(); ++cut) {
        const auto end = find_end(segment_of(whole + last.substr(0, cut)), "x.seg");
        ASSERT_TRUE(end);
        EXPECT_EQ(end->next_index, first + 2);
        EXPECT_EQ(end->bytes, segment_header_bytes + whole.size());
        EXPECT_EQ(end->torn_bytes, cut);
    }
}

TEST(FindEnd, TakesWhatWasNeverSyncedForTornEvenWithWholeFramesBehind) {
    // A power cut kept the later of two unsynced sectors.
    const std::string mark = encode_mark(first + 1, first + 1);
    const std::string lost(frame(first + 1, "two").size(), '\0');
    const auto end = find_end(segment_of(frame(first, "one") + mark + lost + frame(first + 2, "three")), "x.seg");
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->next_index, first + 1);
    // A mark behind the hole that speaks only of what lies before it.
    EXPECT_TRUE(find_end(segment_of(frame(first, "one") + lost + mark), "x.seg"));
}

TEST(FindEnd, CallsABrokenFrameThatHadReachedTheDiskDamage) {
    const std::string frames = frame(first, "one") + frame(first + 1, "two");
    const std::string behind = encode_mark(first + 2, first + 2) + frame(first + 2, "three");
    for (std::size_t at = 0; at < frames.size(); ++at) {
        std::string damaged = frames;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        const auto end = find_end(segment_of(damaged + behind), "dir/x.seg");
        ASSERT_FALSE(end) << at;
        const std::size_t offset =
            segment_header_bytes + (at < frame(first, "one").size() ? 0 : frame(first, "one").size());
        EXPECT_NE(end.error().message.find("dir/x.seg at offset " + std::to_string(offset)), std::string::npos)
            << end.error().message;
    }
}

TEST(ListSegments, LooksAtSegmentsOnly) { EXPECT_TRUE(list_segments("/nonexistent/ledger")->empty()); }

} // namespace
} // namespace sallyport::ledger
