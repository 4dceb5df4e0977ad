#include "lab/text_template.h"

#include "lab/edit_script.h"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::lab {

namespace {

TextTemplate usual(const std::vector<std::string_view>& values) { return TextTemplate::of(values); }

// The longest common subsequence by the table that everybody knows.
std::size_t longest(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
    std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j)
            best[i][j] = a[i - 1] == b[j - 1] ? best[i - 1][j - 1] + 1 : std::max(best[i - 1][j], best[i][j - 1]);
    return best[a.size()][b.size()];
}

} // namespace

TEST(EditScript, FindsAsMuchInCommonAsThereIs) {
    std::mt19937 chance(7);
    constexpr std::string_view letters[] = {"a", "b", "c", "d"};
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string_view> a, b;
        for (auto* list : {&a, &b})
            for (std::size_t i = 0, count = chance() % 14; i < count; ++i) list->push_back(letters[chance() % 4]);
        const auto pairs = common_tokens(a, b);
        EXPECT_EQ(pairs.size(), longest(a, b));
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            EXPECT_EQ(a[pairs[i].first], b[pairs[i].second]);
            if (i > 0) EXPECT_TRUE(pairs[i].first > pairs[i - 1].first && pairs[i].second > pairs[i - 1].second);
        }
    }
}

TEST(TextTemplate, AChangeOutsideOfTheHolesIsSeenAndOneInsideIsNot) {
    const TextTemplate one = usual({"run 0f3a91 it's 5", "run 77be02 it's 5", "run c41d5e it's 5"});
    EXPECT_FALSE(one.is_constant());
    EXPECT_TRUE(one.compare("run aa01ff it's 5").empty());
    const auto found = one.compare("run aa01ff it\u2019s 5");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].before, "'");
    EXPECT_EQ(found[0].after, "\u2019");
    EXPECT_EQ(found[0].offset, 13u);
}

TEST(TextTemplate, WhatStandsAtTheEdgeOfAHoleIsSeen) {
    const TextTemplate one = usual({"x=0f3a91; y", "x=77be02; y", "x=c41d5e; y"});
    const auto inserted = one.compare("x=aa01ff\u200b; y");
    ASSERT_EQ(inserted.size(), 1u);
    EXPECT_NE(inserted[0].after.find("\u200b"), std::string::npos);
    EXPECT_EQ(one.compare("x=aa01ff, y").size(), 1u);
}

TEST(TextTemplate, AHoleKeepsItsAlphabetAndItsLength) {
    const TextTemplate one = usual({"\"0f3a91bc\"", "\"77be02aa\"", "\"c41d5e00\""});
    EXPECT_TRUE(one.compare("\"12ab34cd\"").empty());
    for (const char* value : {"\"12ab34cF\"", "\"12ab34cdd\"", "\"12ab34cz\"", "\"12ab34c\""}) {
        const auto found = one.compare(value);
        ASSERT_EQ(found.size(), 1u) << value;
        EXPECT_TRUE(found[0].in_hole) << value;
    }
}

TEST(TextTemplate, SeveralChangesAreSeveral) {
    const TextTemplate one = usual({"Today's date is YYYY-MM-DD."});
    const auto found = one.compare("Today\u02BCs date is YYYY/MM/DD.");
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[1].before + found[1].after, "-/");
}

TEST(TextTemplate, TwoTextsWithNothingInCommonAreOneHole) {
    std::string a, b;
    for (int i = 0; i < 4'000; ++i) a += "a" + std::to_string(i) + " ", b += "b" + std::to_string(i) + "-";
    const TextTemplate one = usual({a, b});
    EXPECT_EQ(one.holes(), 1u);
    EXPECT_TRUE(one.compare(a).empty());
}

} // namespace sallyport::lab
