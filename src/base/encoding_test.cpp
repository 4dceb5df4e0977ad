#include "base/encoding.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

TEST(Hex, IsLowerCaseAndReadsBothCases) {
    EXPECT_EQ(to_hex(std::string("\x00\x0F\xAB\xFF", 4)), "000fabff");
    EXPECT_EQ(from_hex("000FabFF"), std::string("\x00\x0F\xAB\xFF", 4));
    EXPECT_EQ(to_hex(""), "");
    EXPECT_EQ(from_hex(""), "");
    EXPECT_EQ(from_hex(to_hex(all_bytes())), all_bytes());
}

TEST(Hex, RefusesWhatIsNone) {
    for (const char* text : {"0", "abc", "0g", "g0", " 00", "0x00", "00 "})
        EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

// RFC 4648 section 10, in the alphabet of section 5 without padding.
TEST(Base64url, GivesTheKnownAnswers) {
    const std::pair<const char*, const char*> table[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xFE", "-__-"}};
    for (const auto& [bytes, text] : table) {
        EXPECT_EQ(to_base64url(bytes), text);
        EXPECT_EQ(from_base64url(text), bytes);
    }
}

TEST(Base64url, ReadsBackBytesOfEveryLength) {
    for (std::size_t length = 0; length <= 256; ++length) {
        const std::string bytes = all_bytes().substr(256 - length);
        EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    }
}

TEST(Base64url, HasOneTextPerValue) {
    EXPECT_EQ(from_base64url("Zh"), std::nullopt); // "Zg" with a stray bit
    EXPECT_EQ(from_base64url("Zm9"), std::nullopt);
    EXPECT_NE(from_base64url("Zm8"), std::nullopt);
}

TEST(Base64url, RefusesWhatIsNone) {
    for (const char* text : {"Z", "Zm9vY", "Zg==", "Zm9v=", "+/", "Zm 9v", "Zm9v\n", "Zm9\xC3"})
        EXPECT_EQ(from_base64url(text), std::nullopt) << text;
    EXPECT_EQ(from_base64url(std::string_view("Zm\0v", 4)), std::nullopt);
}

} // namespace
} // namespace sallyport
