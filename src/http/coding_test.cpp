#include "http/coding.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>
#include <string>
#include <vector>

namespace sallyport::http {
namespace {

constexpr std::size_t plenty = 64u << 20;

std::string deflated(std::string_view text, int window_bits) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}
std::string gzipped(std::string_view text) { return deflated(text, 15 + 16); }
std::string zlibbed(std::string_view text) { return deflated(text, 15); }
std::string zstandard(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

// RFC 7932: meta-blocks that are not compressed, each of at most 65,536 bytes, then the empty last one.
std::string brotlied(std::string_view text) {
    std::string out;
    unsigned bits = 0, held = 0;
    const auto put = [&](unsigned value, unsigned count) {
        bits |= value << held;
        for (held += count; held >= 8; held -= 8, bits >>= 8) out += static_cast<char>(bits & 255);
    };
    put(0, 1); // window of 16 bits
    while (!text.empty()) {
        const std::size_t length = std::min<std::size_t>(text.size(), 65'536);
        put(0, 1);                                  // ISLAST
        put(0, 2);                                  // MNIBBLES: 4
        put(static_cast<unsigned>(length - 1), 16); // MLEN - 1
        put(1, 1);                                  // ISUNCOMPRESSED
        if (held > 0) put(0, 8 - held);
        out += text.substr(0, length);
        text.remove_prefix(length);
    }
    put(3, 2); // ISLAST, ISLASTEMPTY
    if (held > 0) put(0, 8 - held);
    return out;
}

struct Coding {
    const char* name;
    std::string (*coded)(std::string_view);
};
class EachCoding : public testing::TestWithParam<Coding> {
protected:
    std::unique_ptr<Decoder> decoder() const { return make_decoder(GetParam().name, ErrorSource::upstream); }
    std::string coded(std::string_view text) const { return GetParam().coded(text); }
};
INSTANTIATE_TEST_SUITE_P(Codings, EachCoding,
                         testing::Values(Coding{"gzip", gzipped}, Coding{"deflate", zlibbed}, Coding{"br", brotlied},
                                         Coding{"zstd", zstandard}),
                         [](const auto& instance) { return std::string(instance.param.name); });

std::string sample(std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i) text += "event " + std::to_string(i * i) + "\n";
    text.resize(bytes);
    return text;
}

TEST_P(EachCoding, DecodesOverEverySplit) {
    const std::string text = sample(300);
    const std::string bytes = coded(text);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const auto decode = decoder();
        Buffer out;
        ASSERT_TRUE(decode->decode(std::string_view(bytes).substr(0, cut), out, plenty));
        EXPECT_TRUE(text.starts_with(out.view()));
        EXPECT_EQ(decode->finished(), cut == bytes.size()) << cut;
        ASSERT_TRUE(decode->decode(std::string_view(bytes).substr(cut), out, plenty));
        EXPECT_EQ(out.view(), text);
        EXPECT_TRUE(decode->finished());
    }
    const auto decode = decoder();
    Buffer out;
    for (const char c : bytes) ASSERT_TRUE(decode->decode({&c, 1}, out, plenty));
    EXPECT_EQ(out.view(), text);
    EXPECT_TRUE(decode->finished());
}

// Sizes around the steps in which room is made: an end that falls on the edge of the room is an end like any other.
TEST_P(EachCoding, KnowsTheEndOfBodiesOfEverySize) {
    for (const std::size_t size :
         {0, 1, 65'535, 65'536, 65'537, 131'072, 196'608, 262'144, 1 << 20, (1 << 20) + 65'536}) {
        const std::string text = sample(size);
        const std::string bytes = coded(text);
        const auto decode = decoder();
        Buffer out;
        ASSERT_TRUE(decode->decode(bytes, out, plenty)) << size;
        EXPECT_TRUE(out.view() == text) << size;
        EXPECT_TRUE(decode->finished()) << size;
        ASSERT_TRUE(decode->decode("", out, plenty)) << size; // nothing more comes: nothing changes
        EXPECT_TRUE(decode->finished()) << size;
        EXPECT_EQ(out.size(), size);
    }
}

TEST_P(EachCoding, IsNotFinishedWhereTheEndIsCutOff) {
    const std::string bytes = coded(sample(5000));
    for (std::size_t missing = 1; missing < 8; ++missing) {
        const auto decode = decoder();
        Buffer out;
        const auto decoded = decode->decode(std::string_view(bytes).substr(0, bytes.size() - missing), out, plenty);
        EXPECT_TRUE(!decoded || !decode->finished()) << missing;
    }
    EXPECT_FALSE(decoder()->finished());
}

// What stands behind the end would be read by one reader and not by the other.
TEST_P(EachCoding, DoesNotTakeTrailingDataForPartOfTheBody) {
    const std::string text = sample(100);
    for (const std::string& trailing : {std::string("x"), std::string("trailing data"), std::string(40, '\0')}) {
        const std::string bytes = coded(text);
        {
            const auto decode = decoder();
            Buffer out;
            const auto decoded = decode->decode(bytes + trailing, out, plenty);
            EXPECT_TRUE(!decoded || !decode->finished()) << trailing;
        }
        const auto decode = decoder();
        Buffer out;
        ASSERT_TRUE(decode->decode(bytes, out, plenty));
        const auto decoded = decode->decode(trailing, out, plenty);
        EXPECT_TRUE(!decoded || !decode->finished()) << trailing;
        EXPECT_EQ(out.view(), text);
    }
}

TEST_P(EachCoding, StopsAtItsBound) {
    const std::string text = sample(300'000);
    const std::string bytes = coded(text);
    {
        const auto decode = decoder();
        Buffer out;
        EXPECT_TRUE(decode->decode(bytes, out, text.size())); // exactly as much is not too much
        EXPECT_TRUE(decode->finished());
    }
    for (const std::size_t most : {text.size() - 1, std::size_t{100'000}, std::size_t{1}, std::size_t{0}}) {
        const auto decode = decoder();
        Buffer out;
        const auto decoded = decode->decode(bytes, out, most);
        ASSERT_FALSE(decoded) << most;
        EXPECT_EQ(decoded.error().kind, ErrorKind::too_large);
        EXPECT_EQ(decoded.error().source, ErrorSource::upstream);
        EXPECT_NE(decoded.error().message.find(std::to_string(most)), std::string::npos);
        EXPECT_LE(out.capacity(), most + 128 * 1024);
    }
}

TEST_P(EachCoding, BoundsAllPiecesTogether) {
    const std::string text = sample(50'000);
    const std::string bytes = coded(text);
    const auto decode = decoder();
    Buffer out;
    Result<void> decoded;
    for (std::size_t at = 0; at < bytes.size() && decoded; at += 100)
        decoded = decode->decode(std::string_view(bytes).substr(at, 100), out, 40'000);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, ErrorKind::too_large);
}

TEST_P(EachCoding, AppendsToWhatIsThere) {
    const auto decode = decoder();
    Buffer out("before ");
    ASSERT_TRUE(decode->decode(coded("after"), out, plenty));
    EXPECT_EQ(out.view(), "before after");
}

TEST_P(EachCoding, NeverTakesDamagedDataForWholeAndRight) {
    const std::string text = sample(2000);
    const std::string bytes = coded(text);
    if (std::string_view(GetParam().name) == "br") return; // brotli has no checksum
    for (std::size_t i = 0; i < bytes.size(); i += 7) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
        const auto decode = decoder();
        Buffer out;
        const auto decoded = decode->decode(damaged, out, plenty);
        if (!decoded) EXPECT_EQ(decoded.error().kind, ErrorKind::invalid);
    }
    const auto decode = decoder();
    Buffer out;
    EXPECT_FALSE(decode->decode("not compressed at all", out, plenty) && decode->finished());
}

std::string from_bytes(std::initializer_list<unsigned> bytes) {
    std::string text;
    for (const unsigned byte : bytes) text += static_cast<char>(byte);
    return text;
}

TEST(Bomb, OfEachCodingIsStoppedAtTheBound) {
    const std::string zeros(64u << 20, '\0');
    // 16 MiB of zeros as Node's zlib.brotliCompressSync writes them, in 26 bytes.
    const std::string brotli =
        from_bytes({0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x2f,
                    0xff, 0xff, 0xff, 0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f});
    const std::pair<const char*, std::string> bombs[] = {
        {"gzip", gzipped(zeros)}, {"deflate", zlibbed(zeros)}, {"zstd", zstandard(zeros)}, {"br", brotli}};
    for (const auto& [coding, bytes] : bombs) {
        const auto decode = make_decoder(coding, ErrorSource::client);
        Buffer out;
        const auto decoded = decode->decode(bytes, out, 1u << 20);
        ASSERT_FALSE(decoded) << coding;
        EXPECT_EQ(decoded.error().kind, ErrorKind::too_large) << coding;
        EXPECT_EQ(decoded.error().source, ErrorSource::client);
        EXPECT_LE(out.capacity(), (1u << 20) + 128 * 1024) << coding;
    }
}

TEST(Decoder, ReadsWhatABrotliEncoderCompressed) {
    // "event: message_start\ndata: {\"type\":\"message_start\"}\n\n" twenty times, by Node's zlib.
    const std::string bytes = from_bytes(
        {0x1b, 0x23, 0x04, 0x68, 0x8c, 0xd3, 0x15, 0x77, 0xd1, 0x1e, 0x7e, 0x22, 0xd0, 0xc1, 0xf9, 0x04, 0x27, 0x78,
         0x93, 0x28, 0x0f, 0x92, 0xa0, 0x02, 0xd9, 0x83, 0x0d, 0x38, 0x70, 0xc8, 0x9a, 0x17, 0x84, 0xc1, 0x60, 0xd8,
         0x01, 0x5b, 0xa3, 0x80, 0xb1, 0x01, 0xa9, 0x5a, 0xe2, 0x1a, 0xdd, 0x9b, 0x36, 0xfa, 0x53, 0xfb, 0xf0, 0x01});
    std::string expected;
    for (int i = 0; i < 20; ++i) expected += "event: message_start\ndata: {\"type\":\"message_start\"}\n\n";
    const auto decode = make_decoder("br", ErrorSource::upstream);
    Buffer out;
    ASSERT_TRUE(decode->decode(bytes, out, plenty));
    EXPECT_EQ(out.view(), expected);
    EXPECT_TRUE(decode->finished());
}

TEST(Decoder, IsMadeForKnownCodingsOnly) {
    for (const char* name : {"gzip", "GZIP", "x-gzip", "deflate", "br", "Zstd"})
        EXPECT_NE(make_decoder(name, ErrorSource::client), nullptr) << name;
    for (const char* name : {"", "identity", "gzip, gzip", "gzip,br", "compress", "aes128gcm", "gzip ", "dcb"})
        EXPECT_EQ(make_decoder(name, ErrorSource::client), nullptr) << name;
    EXPECT_TRUE(is_identity(""));
    EXPECT_TRUE(is_identity("Identity"));
    EXPECT_FALSE(is_identity("gzip"));
}

} // namespace
} // namespace sallyport::http
