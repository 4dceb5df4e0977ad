#include "content/patterns.h"

#include "content/secret_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::content {
namespace {

TEST(Patterns, WhatTheTwoSyntaxesReadDifferentlyIsTranslated) {
    EXPECT_EQ(to_hyperscan(R"(a\sb)"), R"(a[\t\n\f\r ]b)");
    EXPECT_EQ(to_hyperscan(R"([^\s"])"), R"([^\t\n\f\r "])");
    EXPECT_EQ(to_hyperscan(R"([\s\S])"), R"([\t\n\f\r \x00-\x08\x0b\x0e-\x1f\x21-\xff])");
    EXPECT_EQ(to_hyperscan(R"(\v\\s)"), R"(\x0b\\s)");
    EXPECT_EQ(to_hyperscan("[]a][^]b][[:alpha:]x][[:]y]"), "[\\]a][^\\]b][[:alpha:]x][\\[:]y]");
    EXPECT_EQ(to_hyperscan(R"(\Q[\s\E[)"), R"(\Q[\s\E[)");
    EXPECT_EQ(to_hyperscan("[x[:]\\d[:]]"), "[x\\[:]\\d[:]]") << "no class has that name";
    EXPECT_EQ(to_hyperscan("[0-[:]y"), std::nullopt) << "where a range ends";
    EXPECT_EQ(to_hyperscan(R"(\pLx)"), std::nullopt);
    EXPECT_EQ(to_hyperscan("(?i)\xC3\xA9"), std::nullopt) << "RE2 folds the case of Latin-1";
    EXPECT_EQ(to_hyperscan(R"((?i)\xE9)"), std::nullopt);
    EXPECT_EQ(to_hyperscan(R"((?i)a\x60)"), R"((?i)a\x60)");
    EXPECT_EQ(to_hyperscan("\xC3\xA9"), "\xC3\xA9");
}

TEST(Patterns, WhatHyperscanCannotTakeIsFoundByRe2) {
    // May match nothing; repeats too much; folds the case of a letter beyond ASCII.
    EXPECT_EQ(secrets_in("[[rules]]\nid = 'a'\nregex = 'x*'\n", "axxb"), Secrets{"a:xx"});
    EXPECT_EQ(secrets_in("[[rules]]\nid = 'a'\nregex = '(?i)\\xE9t'\n", "\xC9T"), Secrets{"a:\xC9T"});
}

} // namespace
} // namespace sallyport::content
