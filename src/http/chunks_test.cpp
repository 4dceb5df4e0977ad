// The chunked coding, taken apart over every split of the input.
#include "base/limits.h"
#include "http/framing.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::http {
namespace {

using namespace std::string_literals;

struct Decoded {
    bool valid = true;
    bool done = false;
    std::string payload;
    std::size_t consumed = 0; // up to the error, or the end
    bool operator==(const Decoded&) const = default;
};

// Feeds the pieces between `cuts`, as a connection does: until a piece is used up, done, or bad.
Decoded decode(std::string_view input, const std::vector<std::size_t>& cuts) {
    ChunkDecoder decoder(ErrorSource::client);
    Decoded out;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= cuts.size() && !out.done; ++i) {
        const std::size_t end = i < cuts.size() ? cuts[i] : input.size();
        std::string_view piece = input.substr(begin, end - begin);
        begin = end;
        while (!piece.empty() && !out.done) {
            const auto step = decoder.next(piece);
            if (!step) {
                EXPECT_EQ(step.error().kind, ErrorKind::invalid);
                EXPECT_EQ(step.error().source, ErrorSource::client);
                out.valid = false;
                out.consumed = 0; // where exactly it stopped is not part of the promise
                return out;
            }
            EXPECT_LE(step->consumed, piece.size());
            EXPECT_TRUE(step->consumed > 0 || step->done);
            out.payload += step->payload;
            out.consumed += step->consumed;
            out.done = step->done;
            piece.remove_prefix(step->consumed);
        }
    }
    return out;
}

Decoded whole(std::string_view input) { return decode(input, {}); }

const std::vector<std::string>& inputs() {
    static const std::vector<std::string> all = {
        "0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        "A\r\n0123456789\r\n00\r\n\r\n",
        "a\r\n\r\n0\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", // payload that looks like framing
        "3\r\nabc\r\n0\r\nX-Trailer: v\r\nY: w\r\n\r\n",
        "0\r\n\r\nGET / HTTP/1.1\r\n",
        "000000000000003\r\nabc\r\n0\r\n\r\n",
        "1\r\n\0\r\n0\r\n\r\n"s,
        "3\r\nabc\r\n",
        "3\r\nab",
        "3",
        "",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nab\r\n0\r\n\r\n",
        "5;ext=1\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "0\r\n\n",
        "0\r\nx: y\n\r\n",
        "0\r\n x: y\r\n\r\n",
        "g\r\n\r\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
        "0\r\nx: y\r\n\r\n5\r\nhello\r\n",
    };
    return all;
}

TEST(Chunks, DecodeAlikeOverEverySplitInTwo) {
    for (const std::string& input : inputs()) {
        const Decoded expected = whole(input);
        for (std::size_t cut = 0; cut <= input.size(); ++cut)
            EXPECT_EQ(decode(input, {cut}).payload, expected.payload) << input << " at " << cut;
        for (std::size_t cut = 0; cut <= input.size(); ++cut)
            EXPECT_TRUE(decode(input, {cut}) == expected) << input << " at " << cut;
    }
}

TEST(Chunks, DecodeAlikeOverEverySplitInThreeAndByteByByte) {
    for (const std::string& input : inputs()) {
        const Decoded expected = whole(input);
        for (std::size_t a = 0; a <= input.size(); ++a)
            for (std::size_t b = a; b <= input.size(); ++b)
                ASSERT_TRUE(decode(input, {a, b}) == expected) << input << " at " << a << ", " << b;
        std::vector<std::size_t> every;
        for (std::size_t i = 1; i < input.size(); ++i) every.push_back(i);
        EXPECT_TRUE(decode(input, every) == expected) << input;
    }
}

TEST(Chunks, OfRandomBodiesDecodeOverRandomSplits) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        std::string body, coded;
        const unsigned chunks = random() % 6;
        for (unsigned i = 0; i < chunks; ++i) {
            std::string chunk(1 + random() % 70, '\0');
            for (char& c : chunk) c = "\r\n0a\0;"[random() % 6];
            char size[20];
            std::snprintf(size, sizeof size, random() % 2 != 0 ? "%zx\r\n" : "%04zX\r\n", chunk.size());
            coded += size + chunk + "\r\n";
            body += chunk;
        }
        coded += "0\r\n\r\n";
        const std::size_t length = coded.size();
        coded += "next";
        std::vector<std::size_t> cuts;
        for (std::size_t at = random() % 9; at < coded.size(); at += 1 + random() % 40) cuts.push_back(at);
        const Decoded decoded = decode(coded, cuts);
        ASSERT_TRUE(decoded.valid && decoded.done);
        EXPECT_EQ(decoded.payload, body);
        EXPECT_EQ(decoded.consumed, length); // what follows is left for the next reader
    }
}

TEST(Chunks, AreTakenStrictly) {
    const std::pair<std::string, bool> table[] = {
        {"0\r\n\r\n", true},
        {"00\r\n\r\n", true},
        {"a\r\n0123456789\r\n0\r\n\r\n", true},
        {"0\r\nTrailer: v\r\n\r\n", true},
        {std::string(15, '0') + "\r\n\r\n", true},
        {std::string(16, '0') + "\r\n\r\n", false}, // a size that some parser may wrap around
        {"fffffffffffffffff\r\n", false},
        {"10000000000000005\r\nhello\r\n0\r\n\r\n", false},
        {"0;a\r\n\r\n", false},
        {"5;a=b\r\nhello\r\n0\r\n\r\n", false},
        {"5 ;a\r\nhello\r\n0\r\n\r\n", false},
        {"5\t\r\nhello\r\n0\r\n\r\n", false},
        {" 5\r\nhello\r\n0\r\n\r\n", false},
        {"0x5\r\nhello\r\n0\r\n\r\n", false},
        {"+5\r\nhello\r\n0\r\n\r\n", false},
        {"-5\r\nhello\r\n0\r\n\r\n", false},
        {"5_0\r\nhello\r\n0\r\n\r\n", false},
        {"5\r hello\r\n0\r\n\r\n", false},
        {"5\n\rhello\r\n0\r\n\r\n", false},
        {"5\r\r\nhello\r\n0\r\n\r\n", false},
        {"5\r\nhello0\r\n\r\n", false},
        {"5\r\nhello\r0\r\n\r\n", false},
        {"5\r\nhello\r\n\r\n0\r\n\r\n", false},
        {"5\r\nhell\r\n0\r\n\r\n", false},
        {"5\r\nhelloo\r\n0\r\n\r\n", false},
        {"\n0\r\n\r\n", false},
        {";\r\n\r\n", false},
        {"0\r\n\rx", false},
        {"0\r\n\n", false},
        {"0\r\nx: y\r\r\n\r\n", false},
        {"0\r\nx: y\rz\r\n\r\n", false},
        {"0\r\nx: y\nz: w\r\n\r\n", false},
        {"0\r\nx: \0y\r\n\r\n"s, false},
        {"0\r\n\0x: y\r\n\r\n"s, false},
        {"0\r\n\tx: y\r\n\r\n", false},
        {"0\r\nx: y\r\n folded\r\n\r\n", false},
    };
    for (const auto& [input, valid] : table) {
        const Decoded decoded = whole(input);
        EXPECT_EQ(decoded.valid, valid) << input;
        EXPECT_EQ(decoded.done, valid) << input;
    }
}

TEST(Chunks, BoundTheirTrailers) {
    const auto with_trailer = [](std::size_t bytes) {
        return whole("0\r\nx: " + std::string(bytes, 'y') + "\r\n\r\n");
    };
    EXPECT_TRUE(with_trailer(limits::trailer_bytes_max / 2).done);
    EXPECT_FALSE(with_trailer(limits::trailer_bytes_max + 10).valid);
    std::string many = "0\r\n";
    for (std::size_t i = 0; i < limits::trailer_bytes_max; ++i) many += "a:\r\n";
    EXPECT_FALSE(whole(many).valid);
}

TEST(Chunks, AreDoneOnceAndStayDone) {
    ChunkDecoder decoder(ErrorSource::upstream);
    ASSERT_TRUE(decoder.next("0\r\n\r\n")->done);
    const auto again = decoder.next("5\r\nhello\r\n");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->done);
    EXPECT_EQ(again->consumed, 0u);
    EXPECT_EQ(again->payload, "");
    const auto empty = decoder.next("");
    ASSERT_TRUE(empty);
    EXPECT_TRUE(empty->done);
}

TEST(Chunks, PayloadViewsTheInput) {
    const std::string input = "5\r\nhello\r\n";
    ChunkDecoder decoder(ErrorSource::upstream);
    const auto step = decoder.next(input);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->payload.data(), input.data() + 3);
    EXPECT_EQ(decoder.next("x").error().source, ErrorSource::upstream);
}

} // namespace
} // namespace sallyport::http
