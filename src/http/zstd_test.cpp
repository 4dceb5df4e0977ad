// zstd (RFC 8878) beyond what all codings have in common: one reading, the one that any reader of the whole body has.
#include "http/coding.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>
#include <vector>

namespace sallyport::http {
namespace {

constexpr std::size_t plenty = 64u << 20;

std::string sample(std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i) text += "event " + std::to_string(i * i) + "\n";
    text.resize(bytes);
    return text;
}

std::string frame_of(std::string_view text, int checksum = 0, int content_size = 1) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, content_size);
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
    ZSTD_freeCCtx(context);
    return out;
}

struct Decoded {
    bool whole = false; // without an error, and finished
    std::string text;
};
Decoded decode(std::string_view bytes, std::size_t cut, std::size_t piece) {
    const auto decoder = make_decoder("zstd", ErrorSource::client);
    Buffer out;
    Decoded decoded;
    for (std::size_t size = cut; !bytes.empty(); size = piece) {
        const std::string_view part = bytes.substr(0, size);
        bytes.remove_prefix(part.size());
        if (!decoder->decode(part, out, plenty)) return decoded;
    }
    decoded.whole = decoder->finished();
    decoded.text = out.view();
    return decoded;
}

TEST(Zstd, ReadsFramesOfEveryKindWhereverTheyAreCut) {
    for (const std::size_t size : {0, 1, 100, 300, 70'000})
        for (const int checksum : {0, 1})
            for (const int content_size : {0, 1}) {
                const std::string text = sample(size), bytes = frame_of(text, checksum, content_size);
                for (std::size_t cut = 0; cut <= std::min<std::size_t>(bytes.size(), 30); ++cut)
                    for (const std::size_t piece : {std::size_t{1'000'000}, std::size_t{5}}) {
                        const Decoded decoded = decode(bytes, cut, piece);
                        ASSERT_TRUE(decoded.whole && decoded.text == text) << size << " cut at " << cut;
                    }
            }
}

// A frame whose header is, from its fifth byte on, a skippable frame: a reader that looks at the bytes behind the magic anew finds
// other content in the same body. libzstd's streaming does so where a call begins there.
TEST(Zstd, HasNoSecondReadingBehindItsMagic) {
    const std::string real = "{\"model\":\"real\"" + std::string(6461, ' ') + "}"; // 6477 bytes, as "4D 18" below says
    const std::string hidden = frame_of("{\"model\":\"hidden\"}");
    ASSERT_EQ(real.size(), 0x184Du + 256);
    std::string body("\x28\xB5\x2F\xFD\x50\x2A\x4D\x18\x02\x00\x00\x01",
                     12); // header, an RLE block of no bytes; or: skip 0x01000002
    const std::size_t last_block = real.size() << 3 | 1;
    for (int shift = 0; shift < 24; shift += 8) body += static_cast<char>(last_block >> shift);
    body += real;
    const std::string frame = body;
    const std::size_t padding = 12 + 0x01000002 - body.size() - 8;
    body += std::string("\x5F\x2A\x4D\x18", 4); // a skippable frame, for who reads rightly, over what is hidden
    for (int shift = 0; shift < 32; shift += 8) body += static_cast<char>((padding + hidden.size()) >> shift);
    body += std::string(padding, '\0') + hidden;

    std::string whole(real.size(), '\0'); // the reading of the library over all at once
    ASSERT_EQ(ZSTD_decompress(whole.data(), whole.size(), body.data(), body.size()), real.size());
    ASSERT_EQ(whole, real);
    for (const std::size_t cut : {0, 1, 3, 4, 5, 12}) {
        const Decoded alone = decode(frame, cut, 1'000'000);
        EXPECT_TRUE(alone.whole && alone.text == real) << cut;
        const Decoded decoded = decode(body, cut, 1u << 30);
        EXPECT_FALSE(decoded.whole && decoded.text != real)
            << cut << ": " << decoded.text.substr(0, 40); // refused, or read rightly
    }
}

// A frame may ask for a window of gigabytes; RFC 8878 lets decoders refuse beyond 8 MiB.
TEST(Zstd, ThatAsksForAHugeWindowIsRefused) {
    const auto with_window = [](int bits) {
        ZSTD_CCtx* context = ZSTD_createCCtx();
        EXPECT_EQ(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, bits)), 0u);
        const std::string text = sample(1000);
        std::string coded(ZSTD_compressBound(text.size()), '\0');
        ZSTD_outBuffer out{coded.data(), coded.size(), 0};
        ZSTD_inBuffer in{text.data(), text.size(), 0};
        ZSTD_compressStream2(context, &out, &in,
                             ZSTD_e_continue); // without the end it cannot know how small the body is
        EXPECT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0u);
        ZSTD_freeCCtx(context);
        return coded.substr(0, out.pos);
    };
    Buffer decoded;
    EXPECT_TRUE(make_decoder("zstd", ErrorSource::client)->decode(with_window(23), decoded, plenty));
    EXPECT_EQ(decoded.view(), sample(1000));
    EXPECT_FALSE(make_decoder("zstd", ErrorSource::client)->decode(with_window(27), decoded, plenty));
}

TEST(Zstd, OfSeveralFramesIsOneBody) {
    const auto decode = make_decoder("zstd", ErrorSource::upstream);
    Buffer out;
    ASSERT_TRUE(decode->decode(frame_of("one ") + frame_of("two"), out, plenty));
    EXPECT_EQ(out.view(), "one two");
    EXPECT_TRUE(decode->finished());
    ASSERT_TRUE(decode->decode(frame_of(" three").substr(0, 5), out, plenty));
    EXPECT_FALSE(decode->finished());
}

// The library would read what zstd wrote before RFC 8878; a vendor may not, and its frames depended on the split.
// The library's streaming passes over the announced size where the last block is empty; other readers do not.
TEST(Zstd, ThatAnnouncesOtherContentThanItHasIsRefused) {
    const std::string body("\x28\xB5\x2F\xFD\x60\x05\x00\x01\x00\x00", 10); // 256 + 5 bytes announced, none there
    std::string once(1000, '\0');
    ASSERT_NE(ZSTD_isError(ZSTD_decompress(once.data(), once.size(), body.data(), body.size())), 0u);
    for (const std::size_t piece : {1, 100}) EXPECT_FALSE(decode(body, 0, piece).whole);
}

TEST(Zstd, OfBeforeTheStandardIsRefused) {
    for (const unsigned version : {0x22u, 0x23u, 0x24u, 0x25u, 0x26u, 0x27u}) {
        const std::string frame = static_cast<char>(version) + std::string("\xb5\x2f\xfd\x04\x58\x21\0\0one ", 12);
        const auto decode = make_decoder("zstd", ErrorSource::client);
        Buffer out;
        EXPECT_FALSE(decode->decode(frame, out, plenty)) << version;
    }
}

TEST(Zstd, ThatNobodyJudgesIsRefused) { // skippable frames
    const std::string skippable("\x50\x2A\x4D\x18\x03\0\0\0abc", 11);
    for (const std::string& bytes : {skippable, skippable + frame_of("x"), frame_of("x") + skippable})
        EXPECT_FALSE(decode(bytes, 0, 1'000'000).whole);
}

} // namespace
} // namespace sallyport::http
