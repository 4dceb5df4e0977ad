#include "http/event_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

using namespace std::string_literals;
using Events = std::vector<std::pair<std::string, std::string>>;

Events read(std::string_view bytes, const std::vector<std::size_t>& cuts, std::size_t* skipped = nullptr) {
    EventStream stream;
    Events events;
    const auto told = [&](std::string_view event, std::string_view data) { events.emplace_back(event, data); };
    std::size_t begin = 0;
    for (const std::size_t cut : cuts) {
        const std::string piece(bytes.substr(begin, cut - begin)); // its own memory: nothing may be looked at later
        stream.feed(piece, told);
        begin = cut;
    }
    const std::string rest(bytes.substr(begin));
    stream.feed(rest, told);
    if (skipped != nullptr) *skipped = stream.skipped();
    return events;
}
Events read(std::string_view bytes) { return read(bytes, {}); }

struct Row {
    std::string bytes;
    Events events;
};

const std::vector<Row>& table() {
    static const std::vector<Row> rows = {
        {"", {}},
        {"data: a\n\n", {{"", "a"}}},
        {"data:a\n\n", {{"", "a"}}},
        {"data:  a\n\n", {{"", " a"}}}, // one space belongs to the colon
        {"data: a\r\n\r\n", {{"", "a"}}},
        {"event: ping\ndata: {}\n\n", {{"ping", "{}"}}},
        {"data: {}\nevent: ping\n\n", {{"ping", "{}"}}},
        {"event: ping\r\ndata: {}\r\n\r\nevent:x\ndata:y\n\n", {{"ping", "{}"}, {"x", "y"}}},
        {"event: a\nevent: b\ndata: c\n\n", {{"b", "c"}}},
        {"event: a\ndata: 1\n\ndata: 2\n\n", {{"a", "1"}, {"", "2"}}}, // a name holds for one event
        {"event: a\n\ndata: 2\n\n", {{"", "2"}}},                      // no data: no event
        {"data: a\ndata: b\n\n", {{"", "a\nb"}}},
        {"data: a\ndata\ndata:\ndata: b\n\n", {{"", "a\n\n\nb"}}},
        {"data\n\n", {{"", ""}}},
        {"data:\n\n", {{"", ""}}},
        {": comment\n\n", {}},
        {": ping\n\ndata: a\n: in between\ndata: b\n\n", {{"", "a\nb"}}},
        {":\ndata: a\n\n", {{"", "a"}}},
        {"id: 1\nretry: 500\nunknown: x\ndata: a\n\n", {{"", "a"}}},
        {"Data: a\nDATA: b\n data: c\ndataa: d\ndat: e\n\n", {}}, // names are exact
        {"data: a: b:c\n\n", {{"", "a: b:c"}}},
        {"\n\n\ndata: a\n\n\n\ndata: b\n\n", {{"", "a"}, {"", "b"}}},
        {"data: a\n", {}},
        {"data: a", {}},
        {"data: a\n\ndata: cut off", {{"", "a"}}}, // an event without its blank line never came
        {"data: [DONE]\n\n", {{"", "[DONE]"}}},
        {"data: a\rb\n\n", {{"", "a\rb"}}},
        {"data: \0\xFF\n\n"s, {{"", "\0\xFF"s}}},
        {"data: gr\xC3\xBC\xC3\x9F\n\n", {{"", "gr\xC3\xBC\xC3\x9F"}}},
    };
    return rows;
}

TEST(EventStream, TellsTheTable) {
    for (const Row& row : table()) EXPECT_EQ(read(row.bytes), row.events) << row.bytes;
}

TEST(EventStream, TellsTheSameOverEverySplit) {
    for (const Row& row : table()) {
        for (std::size_t a = 0; a <= row.bytes.size(); ++a)
            for (std::size_t b = a; b <= row.bytes.size(); ++b)
                ASSERT_EQ(read(row.bytes, {a, b}), row.events) << row.bytes << " at " << a << ", " << b;
        std::vector<std::size_t> every;
        for (std::size_t i = 1; i < row.bytes.size(); ++i) every.push_back(i);
        EXPECT_EQ(read(row.bytes, every), row.events) << row.bytes;
    }
}

TEST(EventStream, OfOneThousandEventsIsToldOverRandomSplits) {
    std::mt19937 random(11);
    std::string bytes;
    Events expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string end = random() % 2 != 0 ? "\r\n" : "\n";
        const std::string data(random() % 300, static_cast<char>('a' + i % 26));
        if (i % 3 == 0) bytes += "event: e" + std::to_string(i) + end;
        if (i % 7 == 0) bytes += ": a comment" + end;
        bytes += "data: " + data + end + end;
        expected.emplace_back(i % 3 == 0 ? "e" + std::to_string(i) : "", data);
    }
    for (int round = 0; round < 20; ++round) {
        std::vector<std::size_t> cuts;
        for (std::size_t at = random() % 500; at < bytes.size(); at += 1 + random() % 2000) cuts.push_back(at);
        EXPECT_EQ(read(bytes, cuts), expected);
    }
}

// Large data as its length: a failure stays readable.
Events shortened(Events events) {
    for (auto& [event, data] : events)
        if (data.size() > 100) data = std::to_string(data.size()) + " bytes";
    return events;
}

// The events around one that is too large are told, it is not, in whatever pieces it comes.
class OversizeEvent : public testing::TestWithParam<std::size_t> {};

TEST_P(OversizeEvent, IsCountedAndSkippedWhateverTheSplit) {
    const std::size_t piece = GetParam();
    const std::string bytes =
        "event: before\ndata: 1\n\nevent: big\ndata: " + std::string(limits::event_bytes_max + 1, 'x') +
        "\n\nevent: after\ndata: 2\n\n";
    std::vector<std::size_t> cuts;
    for (std::size_t at = piece; at < bytes.size(); at += piece) cuts.push_back(at);
    std::size_t skipped = 0;
    const Events events = shortened(read(bytes, cuts, &skipped));
    const Events expected = {{"before", "1"}, {"after", "2"}};
    EXPECT_EQ(events, expected);
    EXPECT_EQ(skipped, 1u);
}

INSTANTIATE_TEST_SUITE_P(InPiecesOf, OversizeEvent, testing::Values(4096, 65'536, 500'000, 1u << 20, 8u << 20));

// The same with many lines of which none is too large alone.
TEST(EventStream, SkipsAnEventOfTooManyLinesAsAWhole) {
    std::string bytes = "data: 1\n\nevent: big\n";
    const std::string line = "data: " + std::string(60'000, 'x') + "\n";
    for (std::size_t i = 0; i < 20; ++i) bytes += line;
    bytes += "\ndata: 2\n\n";
    std::size_t skipped = 0;
    const Events events = shortened(read(bytes, {bytes.size() / 3, bytes.size() / 2}, &skipped));
    const Events expected = {{"", "1"}, {"", "2"}};
    EXPECT_EQ(events, expected);
    EXPECT_EQ(skipped, 1u);
}

TEST(EventStream, TellsALargeEventWithinTheLimitWhole) {
    const std::string data(limits::event_bytes_max - 100, 'x');
    const std::string bytes = "event: e\r\ndata: " + data + "\r\n\r\n";
    std::size_t skipped = 0;
    for (const std::size_t cut : {std::size_t{1}, std::size_t{14}, bytes.size() / 2, bytes.size() - 3}) {
        const Events events = read(bytes, {cut}, &skipped);
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].first, "e");
        EXPECT_TRUE(events[0].second == data);
        EXPECT_EQ(skipped, 0u);
    }
}

} // namespace
} // namespace sallyport::http
