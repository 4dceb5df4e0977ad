#include "base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sallyport {
namespace {

struct Glob {
    const char* pattern;
    const char* text;
    bool matches;
};

TEST(Glob, FollowsTheTable) {
    constexpr Glob table[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"git.acme.example/core/engine", "git.acme.example/core/engine", true},
        {"git.acme.example/core/engine", "git.acme.example/core/engines", false},
        {"git.acme.example/core/engine", "xgit.acme.example/core/engine", false},
        {"*", "", true},
        {"*", "abc", true},
        {"*", "a/b", false},
        {"claude-*", "claude-opus-4-1", true},
        {"claude-*", "claude-", true},
        {"claude-*", "xclaude-opus", false},
        {"*-4-*", "claude-opus-4-1", true},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-c-b", false},
        {"core/*", "core/engine", true},
        {"core/*", "core/engine/src", false},
        {"core/**", "core/engine/src", true},
        {"core/**", "core/", true},
        {"core/**", "core", false},
        {"**", "", true},
        {"**", "a/b/c", true},
        {"**/engine", "git.acme.example/core/engine", true},
        {"**/engine", "engine", false},
        {"**engine", "engine", true},
        {"**/src/*.cpp", "a/b/src/main.cpp", true},
        {"**/src/*.cpp", "a/src/b/main.cpp", false},
        {"**/src/*.cpp", "a/src/b/src/main.cpp", true}, // the `*` runs into '/', the `**` reaches further
        {"a/**/z", "a/b/c/z", true},
        {"a/**/z", "a/z", false},
        {"a**b**c", "a/x/b/y/b/c", true},
        {"?", "a", true},
        {"?", "", false},
        {"?", "/", false},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"gpt-?o", "gpt-4o", true},
        {"***", "a/b", true},
        {"*/*", "a/b", true},
        {"*/*", "a/b/c", false},
        {"[ab]", "a", false}, // no sets
        {"[ab]", "[ab]", true},
        {"A", "a", false}, // case counts
        {"*?", "", false},
        {"*?", "x", true},
        {"**?", "a/", false},
        {"**?", "a/b", true},
    };
    for (const Glob& row : table)
        EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches) << row.pattern << " on " << row.text;
}

// Straight from the definition, exponential; for small texts.
bool by_definition(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.starts_with("**")) {
        for (std::size_t i = 0; i <= text.size(); ++i)
            if (by_definition(pattern.substr(2), text.substr(i))) return true;
        return false;
    }
    if (pattern[0] == '*') {
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (by_definition(pattern.substr(1), text.substr(i))) return true;
            if (i < text.size() && text[i] == '/') return false;
        }
        return false;
    }
    if (text.empty() || !(pattern[0] == text[0] || (pattern[0] == '?' && text[0] != '/'))) return false;
    return by_definition(pattern.substr(1), text.substr(1));
}

// All texts of up to `most` characters out of `alphabet`.
std::vector<std::string> all_of(std::string_view alphabet, std::size_t most) {
    std::vector<std::string> all{""};
    for (std::size_t begin = 0, length = 0; length < most; ++length) {
        const std::size_t end = all.size();
        for (; begin < end; ++begin)
            for (const char c : alphabet) all.push_back(all[begin] + c);
    }
    return all;
}

TEST(Glob, AgreesWithItsDefinitionOnEveryShortPatternAndText) {
    const auto texts = all_of("ab/", 5);
    std::size_t wrong = 0;
    for (const std::string& pattern : all_of("a*/?", 5))
        for (const std::string& text : texts)
            if (glob_matches(pattern, text) != by_definition(pattern, text) && ++wrong < 10)
                ADD_FAILURE() << pattern << " on " << text << ": expected " << by_definition(pattern, text);
    EXPECT_EQ(wrong, 0u);
}

// A matcher that backtracks over every star needs 2^30 steps and more here. No clock: a hang is the failure.
TEST(Glob, IsNotDrawnIntoExponentialTime) {
    std::string stars, globstars, both;
    for (int i = 0; i < 200; ++i) {
        stars += "*a";
        globstars += "**a";
        both += i % 2 == 0 ? "**a" : "*a";
    }
    const std::string text(4000, 'a');
    for (const std::string& pattern : {stars, globstars, both}) {
        EXPECT_FALSE(glob_matches(pattern + "b", text));
        EXPECT_TRUE(glob_matches(pattern + "*", text));
    }
    EXPECT_FALSE(glob_matches("**/**/**/**/**/**/**/**/**/**/b", std::string(2000, '/')));
}

constexpr std::array<std::string_view, 5> words = {"repositories", "rules", "upstreams", "server", "id"};

TEST(DidYouMean, FindsTheSlipOfTheFinger) {
    EXPECT_EQ(did_you_mean("repositorys", words), "repositories");
    EXPECT_EQ(did_you_mean("serer", words), "server");
    EXPECT_EQ(did_you_mean("Upstream", words), "upstreams");
    EXPECT_EQ(did_you_mean("rlues", words), "rules");
    EXPECT_EQ(did_you_mean("ids", words), "id");
    EXPECT_EQ(did_you_mean("RULES", words), "rules");
}

TEST(DidYouMean, SaysNothingWhereNothingIsNear) {
    EXPECT_EQ(did_you_mean("x", words), "");
    EXPECT_EQ(did_you_mean("", words), "");
    EXPECT_EQ(did_you_mean("completely-different", words), "");
    EXPECT_EQ(did_you_mean("rules", {}), "");
}

TEST(DidYouMean, OfSeveralTakesTheNearest) {
    constexpr std::array<std::string_view, 3> near = {"timeout", "timeouts", "time"};
    EXPECT_EQ(did_you_mean("timeoutss", near), "timeouts");
    EXPECT_EQ(did_you_mean("timeot", near), "timeout");
}

TEST(Text, ComparesWithoutCaseOnlyInAscii) {
    EXPECT_TRUE(equals_ignoring_case("Content-LENGTH", "content-length"));
    EXPECT_FALSE(equals_ignoring_case("content-length", "content-lengt"));
    EXPECT_FALSE(equals_ignoring_case("\xC3\x84", "\xC3\xA4"));
    EXPECT_FALSE(equals_ignoring_case("@", "`")); // 32 apart, and no letters
    EXPECT_FALSE(equals_ignoring_case("[", "{"));
    EXPECT_EQ(to_lower("MiXeD-\xC3\x84-[Z]"), "mixed-\xC3\x84-[z]");
}

TEST(Text, TrimsSpacesAndTabsOnly) {
    EXPECT_EQ(trim(" \t a b\t "), "a b");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim(" \t"), "");
    EXPECT_EQ(trim("\na\n"), "\na\n");
}

} // namespace
} // namespace sallyport
