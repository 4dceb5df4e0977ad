#include "content/undisguise.h"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::content {
namespace {

TEST(Undisguised, ReadsAsAPersonDoes) {
    Undisguised plain;
    EXPECT_FALSE(plain.of("nothing odd, \u00E9t\u00E9, \u4E2D\u6587"));
    ASSERT_TRUE(plain.of("AK\u200BIA\uFE0FQY \x1b[31mred\x1b[0m p\u0430ssw\u00ADord \uFF47hp \u202Ex"));
    EXPECT_EQ(plain.text(), "AKIAQY red password ghp x");
    EXPECT_FALSE(plain.of("\u043F\u0440\u0438\u0432\u0435\u0442")) << "a word of its own script";
    EXPECT_FALSE(plain.of("\x1b alone, \x1b["));
}

TEST(Undisguised, EachPartIsFoundAgainInTheTextThatWasGiven) {
    const std::vector<std::string> pieces = {"\u200B", "a",       "bc ",     "\uFF47", "\x1b[1;31m", "\u00E9",
                                             "\uFE0F", "p\u0430", "\x1b[0m", "\xFF",   "\x1b"};
    std::mt19937 random(3);
    Undisguised plain;
    for (int round = 0; round < 3'000; ++round) {
        std::string text;
        for (auto i = random() % 12; i > 0; --i) text += pieces[random() % pieces.size()];
        if (!plain.of(text)) continue;
        for (std::uint32_t begin = 0; begin < plain.text().size(); ++begin)
            for (std::uint32_t end = begin + 1; end <= plain.text().size(); ++end) {
                const std::uint32_t from = plain.begin_of(begin), to = plain.end_of(end);
                ASSERT_LT(from, to);
                ASSERT_LE(to, text.size());
            }
    }
}

} // namespace
} // namespace sallyport::content
