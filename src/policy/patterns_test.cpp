#include "policy/patterns.h"

#include "base/text.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sallyport::policy {
namespace {

std::set<std::uint32_t> matches(const PatternIndex& index, std::string_view text) {
    std::set<std::uint32_t> found;
    index.each_match(text, [&](std::uint32_t value) { found.insert(value); });
    return found;
}

std::string random_text(std::mt19937& random, std::string_view letters, std::size_t most) {
    std::string text(random() % (most + 1), ' ');
    for (auto& c : text) c = letters[random() % letters.size()];
    return text;
}

TEST(PatternIndex, finds_exactly_the_globs_that_match) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        PatternIndex index;
        std::vector<std::string> patterns;
        for (std::uint32_t i = 0; i < 30; ++i) {
            patterns.push_back(random_text(random, round % 2 == 0 ? "ab/*?-" : "aaaab*", 9));
            index.add(patterns.back(), i);
        }
        for (int probe = 0; probe < 40; ++probe) {
            const auto text = random_text(random, round % 2 == 0 ? "ab/-" : "aab", 12);
            std::set<std::uint32_t> expected;
            for (std::uint32_t i = 0; i < patterns.size(); ++i)
                if (glob_matches(patterns[i], text)) expected.insert(i);
            EXPECT_EQ(matches(index, text), expected) << text;
        }
    }
}

TEST(PatternIndex, the_empty_index_and_texts_beyond_the_limit_match_nothing) {
    PatternIndex index;
    EXPECT_TRUE(matches(index, "anything").empty());
    index.add("**", 1);
    EXPECT_EQ(matches(index, "").size(), 1u);
    EXPECT_EQ(matches(index, std::string(name_bytes_max, 'a')).size(), 1u);
    EXPECT_TRUE(matches(index, std::string(name_bytes_max + 1, 'a')).empty());
}

TEST(PatternIndex, holds_many_beginnings) {
    PatternIndex index;
    for (std::uint32_t i = 0; i < 5000; ++i)
        index.add("git.acme.example/repo" + std::to_string(i) + (i % 2 == 0 ? "" : "/**"), i);
    EXPECT_EQ(matches(index, "git.acme.example/repo4242"), std::set<std::uint32_t>{4242});
    EXPECT_EQ(matches(index, "git.acme.example/repo4243/x/y"), std::set<std::uint32_t>{4243});
    EXPECT_TRUE(matches(index, "git.acme.example/repo4242/x").empty());
}

// Small alphabets make the search for a common text exhaustive.
TEST(GlobsMeet, is_true_exactly_when_some_text_matches_both) {
    std::vector<std::string> texts{""};
    for (std::size_t i = 0; i < texts.size() && texts[i].size() < 5; ++i)
        for (const char c : {'a', 'b', '/'}) texts.push_back(texts[i] + c);
    std::mt19937 random(11);
    for (int round = 0; round < 3000; ++round) {
        const auto a = random_text(random, "ab/*?", 4), b = random_text(random, "ab/*?", 4);
        bool meet = false;
        for (const auto& text : texts) meet = meet || (glob_matches(a, text) && glob_matches(b, text));
        // Two patterns of four characters share a text of at most eight: short ones must be found, longer ones may exist.
        if (meet)
            EXPECT_TRUE(globs_meet(a, b)) << a << " " << b;
        else if (a.find('*') == std::string::npos || b.find('*') == std::string::npos)
            EXPECT_FALSE(globs_meet(a, b)) << a << " " << b;
    }
    EXPECT_TRUE(globs_meet("claude-*", "*-opus"));
    EXPECT_FALSE(globs_meet("claude-*", "gpt-*"));
    EXPECT_FALSE(globs_meet("a*b", "a/b"));
    EXPECT_TRUE(globs_meet("a**b", "a/b"));
    EXPECT_FALSE(globs_meet("*a", "*b"));
}

} // namespace
} // namespace sallyport::policy
