#include "lab/decipher.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::lab {
namespace {

constexpr std::string_view hosts =
    "relay.example.com,gateway.acme.net,api.invented.org,models.other.io,proxy.third.dev";
constexpr std::string_view names = "blackbird,nightjar,kingfisher,woodpecker,chaffinch,goldcrest";

std::string with_key(std::string_view text, std::string_view key) {
    std::string out(text);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ key[i % key.size()]);
    return out;
}

TEST(Decipher, EveryKeyOfOneByteIsFoundForHosts) {
    for (unsigned key = 1; key < 256; ++key) {
        if (key == 0x20) continue; // turns the case of letters only: the text can be read as it stands
        const char one = static_cast<char>(key);
        const auto found = decipher(with_key(hosts, {&one, 1}), {});
        ASSERT_TRUE(found) << key;
        EXPECT_TRUE(found->keyed);
        EXPECT_EQ(found->meaning.entries, 5u) << key << found->text;
    }
}

TEST(Decipher, NamesUnderAKeyAreFoundAlsoWhereTheBytesStayPrintable) {
    const auto found = decipher(with_key(names, "\x5b"), {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->text, names);
    EXPECT_EQ(found->how, "each byte XOR 0x5b");
}

TEST(Decipher, ANumberAddedToEachByteAndCountingAlong) {
    std::string added(hosts), counted(hosts);
    for (std::size_t i = 0; i < added.size(); ++i) {
        added[i] = static_cast<char>(added[i] + 100);
        counted[i] = static_cast<char>(counted[i] ^ ((200 + i) & 0xFF));
    }
    ASSERT_TRUE(decipher(added, {}));
    EXPECT_EQ(decipher(added, {})->text, hosts);
    ASSERT_TRUE(decipher(counted, {}));
    EXPECT_EQ(decipher(counted, {})->text, hosts);
}

TEST(Decipher, AKeyOfSeveralBytesIsFoundByTryingAndALongOneFromTheCodeNearIt) {
    const std::string many =
        std::string(hosts) + ",mirror.example.com,assistant.acme.net,tokens.invented.org,cheap.resale.io";
    const auto tried = decipher(with_key(many, "\x91\xa3\x07\xee"), {});
    ASSERT_TRUE(tried);
    EXPECT_EQ(tried->text, many);
    const std::string key = "\xf1 a key that is longer than what can be tried \xf2";
    const std::vector<std::string> near{"other", key};
    EXPECT_FALSE(decipher(with_key(hosts, key), {}));
    const auto found = decipher(with_key(hosts, key), near);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->text, hosts);
}

TEST(Decipher, ALongListIsDecipheredToItsEnd) {
    std::string list;
    for (int i = 0; i < 2'000; ++i) list += "relay" + std::to_string(i * 7919 % 10'007) + ".example.com,";
    list.pop_back();
    for (const std::string_view key : {"\x91", "\x91\xa3\xee"}) {
        const auto found = decipher(with_key(list, key), {});
        ASSERT_TRUE(found);
        EXPECT_EQ(found->meaning.entries, 2'000u);
        EXPECT_EQ(found->text, list);
    }
}

TEST(Decipher, RandomBytesAndTablesMeanNothing) {
    std::mt19937 random(7);
    for (int i = 0; i < 3'000; ++i) {
        std::string noise(8 + random() % 120, '\0');
        for (char& c : noise) c = static_cast<char>(random());
        const auto found = decipher(noise, {});
        ASSERT_FALSE(found) << i << " " << found->text;
    }
    std::string table(64, '\0');
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<char>(i * 7 % 29);
    EXPECT_FALSE(decipher(table, {}));
    std::string periodic;
    while (periodic.size() < 160) periodic += "\xeb\xbe\xfb\xef\xbe\xfb\xa4";
    EXPECT_FALSE(decipher(periodic, {}));
}

TEST(Decipher, ProseIsNotTakenForAnEncipheredList) {
    EXPECT_FALSE(decipher("The quick brown fox jumps over the lazy dog and then comes back again to sleep.", {}));
    EXPECT_FALSE(decipher("Usage: program [options] FILE... Each option is described below in some detail.", {}));
}

TEST(Decipher, PackedTextIsUnpackedFirst) {
    // zlib.compress(hosts, 9) of Python.
    const auto packed = from_hex("78da0dc8410ac0200c04c00f85fd53d04505359206abbf6fe738ceae173c3a5627920d291a7cffd33488c"
                                 "9105d0d6d6ece608679916199fd8145a5a3992cb77311b57946e6fe002d291f8d")
                            .value_or("");
    const auto found = decipher(packed, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->text, hosts);
    EXPECT_EQ(found->how, "zlib");
}

TEST(Decipher, TurnedLettersGiveHosts) {
    std::string turned(hosts);
    for (char& c : turned)
        if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + (c - 'a' + 13) % 26);
    const auto found = turn_letters(turned);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->text, hosts);
    EXPECT_FALSE(turn_letters(hosts));
    EXPECT_FALSE(turn_letters("main.cpp,inspect.cpp,meaning.h,scanner.h"));
}

} // namespace
} // namespace sallyport::lab
