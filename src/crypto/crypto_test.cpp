#include "crypto/crypto.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <thread>

namespace sallyport::crypto {
namespace {

std::string hex(const Digest& digest) { return to_hex(bytes(digest)); }
std::string unhex(std::string_view text) { return *from_hex(text); }

// FIPS 180-4 examples (NIST "SHA256.pdf") and the empty string.
TEST(Sha256, GivesTheKnownAnswers) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfPiecesIsThatOfTheWholeAndStartsAnewAfterFinish) {
    Sha256 digest;
    digest.add("a");
    digest.add("");
    digest.add("bc");
    EXPECT_EQ(digest.finish(), sha256("abc"));
    digest.add("abc");
    EXPECT_EQ(digest.finish(), sha256("abc"));
}

TEST(Sha256, ManyAtOnceDoNotDisturbEachOther) {
    Sha256 first, second;
    first.add("fir");
    second.add("sec");
    EXPECT_EQ(sha256("between"), sha256("between"));
    first.add("st");
    std::thread([&] { second.add("ond"); }).join();
    EXPECT_EQ(first.finish(), sha256("first"));
    EXPECT_EQ(second.finish(), sha256("second"));
}

// RFC 4231 section 4.
TEST(Mac, GivesTheKnownAnswers) {
    EXPECT_EQ(hex(Mac(Secret(std::string(20, '\x0b'))).of("Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(Mac(Secret("Jefe")).of("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(Mac(Secret(std::string(20, '\xaa'))).of(std::string(50, '\xdd'))),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    const Mac long_key(Secret(std::string(131, '\xaa')));
    EXPECT_EQ(hex(long_key.of("Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(long_key.of("Test Using Larger ", "Than Block-Size Key - Hash Key First"),
              long_key.of("Test Using Larger Than Block-Size Key - Hash Key First"));
}

// RFC 5869 appendix A, cases 1 to 3.
TEST(Hkdf, GivesTheKnownAnswers) {
    EXPECT_EQ(
        to_hex(hkdf(std::string(22, '\x0b'), unhex("000102030405060708090a0b0c"), unhex("f0f1f2f3f4f5f6f7f8f9"), 42)
                   .reveal()),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    std::string material, salt, info;
    for (int i = 0; i < 80; ++i) {
        material += static_cast<char>(i);
        salt += static_cast<char>(0x60 + i);
        info += static_cast<char>(0xb0 + i);
    }
    EXPECT_EQ(to_hex(hkdf(material, salt, info, 82).reveal()),
              "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
              "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    EXPECT_EQ(to_hex(hkdf(std::string(22, '\x0b'), "", "", 42).reveal()),
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Derive, GivesEachPurposeItsOwnKey) {
    const Secret root(std::string(32, 'r'));
    EXPECT_EQ(derive(root, "a").reveal().size(), 32u);
    EXPECT_EQ(derive(root, "a").reveal(), derive(root, "a").reveal());
    EXPECT_NE(derive(root, "a").reveal(), derive(root, "b").reveal());
}

// RFC 3720 appendix B.4.
TEST(Crc32c, GivesTheKnownAnswersInHardwareAndSoftware) {
    std::string up, down;
    for (int i = 0; i < 32; ++i) {
        up += static_cast<char>(i);
        down += static_cast<char>(31 - i);
    }
    const std::pair<std::string, std::uint32_t> known[] = {{std::string(32, '\0'), 0x8a9136aa},
                                                           {std::string(32, '\xff'), 0x62a8ab43},
                                                           {up, 0x46dd794e},
                                                           {down, 0x113fdb5c},
                                                           {"123456789", 0xe3069283},
                                                           {"", 0}};
    for (const auto& [text, crc] : known) {
        EXPECT_EQ(crc32c(text), crc);
        EXPECT_EQ(crc32c_in_software(text), crc);
    }
    EXPECT_EQ(crc32c("456789", crc32c("123")), 0xe3069283);
    const std::string noise = random_bytes(1000);
    for (std::size_t begin = 0; begin < 20; ++begin) {
        const auto part = std::string_view(noise).substr(begin, 900 + begin * 3);
        EXPECT_EQ(crc32c(part, 7), crc32c_in_software(part, 7));
    }
}

TEST(SealingKey, OpensWhatItSealedAndNothingThatWasChanged) {
    const SealingKey key(derive(Secret(std::string(32, 'r')), "sealing"));
    const std::string sealed = key.seal("anna@acme.example", "p_1");
    EXPECT_EQ(sealed.find("anna"), std::string::npos);
    EXPECT_NE(sealed, key.seal("anna@acme.example", "p_1"));
    EXPECT_EQ(*key.open(sealed, "p_1"), "anna@acme.example");
    EXPECT_FALSE(key.open(sealed, "p_2"));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(key.open(changed, "p_1")) << i;
    }
    EXPECT_FALSE(key.open(sealed.substr(0, 20), "p_1"));
    EXPECT_EQ(*key.open(key.seal("", ""), ""), "");
}

// GCM test vector 16 of McGrew and Viega, "The Galois/Counter Mode of Operation" (AES-256 with additional data).
TEST(SealingKey, OpensThePublishedGcmVector) {
    const SealingKey key(Secret(unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")));
    const std::string sealed =
        unhex("cafebabefacedbaddecaf888"
              "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e63"
              "93ba7a0abcc9f662"
              "76fc6ece0f4e1768cddf8853bb2d551b");
    const auto opened = key.open(sealed, unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
    ASSERT_TRUE(opened);
    EXPECT_EQ(to_hex(*opened),
              "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
              "b525b16aedf5aa0de657ba637b39");
}

TEST(RandomBytes, DifferEachTime) {
    EXPECT_EQ(random_bytes(32).size(), 32u);
    EXPECT_NE(random_bytes(32), random_bytes(32));
}

TEST(Equal, ComparesContentAndLength) {
    EXPECT_TRUE(equal("same", "same"));
    EXPECT_FALSE(equal("same", "samE"));
    EXPECT_FALSE(equal("same", "sam"));
    EXPECT_TRUE(equal("", ""));
}

} // namespace
} // namespace sallyport::crypto
