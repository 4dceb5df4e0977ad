#include "content/rule_file.h"

#include "base/limits.h"

#include <gtest/gtest.h>

namespace sallyport::content {
namespace {

std::string mistake_in(std::string_view text) {
    const auto file = read_rule_file(text, "team.toml");
    return file ? "none" : file.error().message;
}

TEST(RuleFile, AFileOfTheFormatIsReadWhole) {
    const auto file = read_rule_file(R"(
title = "team"
[extend]
useDefault = true
[allowlist]
paths = ['''\.lock$''']
commits = ["0123456"]
[[rules]]
id = "team-key"
description = "a key"
regex = '''tk-([a-z]{4})'''
path = '''\.env$'''
secretGroup = 1
entropy = 2
keywords = ["TK-"]
tags = ["key"]
[rules.allowlist]
regexTarget = "line"
stopwords = ["Sample"]
[[rules.allowlists]]
condition = "AND"
paths = ["a", "b"]
regexes = ["c"]
[[rules.required]]
id = "other"
withinLines = 3
[[rules]]
id = "other"
regex = "x"
skipReport = true
confidence = "high"
examples = [["a", "b"], "c"]
)",
                                     "team.toml");
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_EQ(file->rules.size(), 2u);
    const auto& rule = file->rules[0];
    EXPECT_EQ(rule.id, "team-key");
    EXPECT_EQ(rule.regex.text, "tk-([a-z]{4})");
    EXPECT_EQ(rule.regex.place.line, 11u);
    EXPECT_EQ(rule.secret_group, 1u);
    EXPECT_EQ(rule.entropy, 2);
    EXPECT_EQ(rule.keywords, std::vector<std::string>{"tk-"});
    ASSERT_EQ(rule.allowlists.size(), 2u);
    EXPECT_EQ(rule.allowlists[0].target, Allowlist::Target::line);
    EXPECT_EQ(rule.allowlists[0].stopwords, std::vector<std::string>{"sample"});
    EXPECT_EQ(rule.allowlists[1].condition, Allowlist::Condition::all);
    EXPECT_EQ(rule.allowlists[1].paths.size(), 2u);
    ASSERT_EQ(rule.required.size(), 1u);
    EXPECT_EQ(rule.required[0].within_lines, 3u);
    EXPECT_FALSE(rule.required[0].within_columns);
    EXPECT_TRUE(file->rules[1].skip_report);
    EXPECT_EQ(file->rules[1].confidence, Confidence::high);
    EXPECT_EQ(file->rules[1].examples[0].text, "ab");
    EXPECT_EQ(file->allowlists.size(), 1u);
    ASSERT_EQ(file->remarks.size(), 2u);
    EXPECT_TRUE(file->remarks[0].starts_with("team.toml:3:1: 'extend' is not followed")) << file->remarks[0];
    EXPECT_TRUE(file->remarks[1].starts_with("team.toml:7:11: 'commits'")) << file->remarks[1];
}

TEST(RuleFile, AMistakeIsToldWithItsPlace) {
    const std::string rule = "[[rules]]\nid = \"a\"\nregex = \"b\"\n";
    const std::pair<std::string, std::string_view> cases[] = {
        {"[[rules]\n", "team.toml:1:"},
        {"rulez = []\n", "team.toml:1:1: unknown key 'rulez'; did you mean 'rules'?"},
        {"rules = 3\n", "team.toml:1:9: 'rules' must be a list"},
        {"rules = [3]\n", "team.toml:1:10: 'rules' must be a table"},
        {"[[rules]]\nregex = \"b\"\n", "team.toml:1:1: a rule needs an 'id'"},
        {"[[rules]]\nid = \"a\"\n", "team.toml:1:1: rule 'a' needs a 'regex' or a 'path'"},
        {rule + "keyword = [\"x\"]\n", "team.toml:4:1: unknown key 'keyword'; did you mean 'keywords'?"},
        {rule + "keywords = \"x\"\n", "team.toml:4:12: 'keywords' must be a list"},
        {rule + "keywords = [1]\n", "team.toml:4:13: 'keywords' must be a string"},
        {rule + "keywords = [\"\"]\n", "team.toml:4:13: an empty word here would match everything; leave it out"},
        {rule + "entropy = 9\n", "team.toml:4:11: 'entropy' must be a number from 0 to 8 (bits per byte)"},
        {rule + "entropy = nan\n", "team.toml:4:11: 'entropy' must be a number from 0 to 8 (bits per byte)"},
        {rule + "secretGroup = -1\n", "team.toml:4:15: 'secretGroup' must be a whole number from 0 to 1000000"},
        {rule + "confidence = \"sure\"\n", "team.toml:4:14: 'confidence' must be \"high\", \"medium\" or \"low\""},
        {rule + "skipReport = 1\n", "team.toml:4:14: 'skipReport' must be true or false"},
        {rule + "[[rules.allowlists]]\ncondition = \"XOR\"\nregexes = [\"x\"]\n",
         "team.toml:5:13: 'condition' must be \"AND\" or \"OR\""},
        {rule + "[[rules.allowlists]]\nregexTarget = \"file\"\nregexes = [\"x\"]\n",
         "team.toml:5:15: 'regexTarget' must be \"secret\", \"match\" or \"line\""},
        {rule + "[[rules.allowlists]]\ndescription = \"x\"\n",
         "team.toml:4:1: an allowlist needs regexes, paths or stopwords"},
        {rule + "[[rules.required]]\nwithinLines = 1\n", "team.toml:4:1: 'required' needs the id of a rule"},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_TRUE(mistake_in(text).starts_with(expected)) << text << mistake_in(text);
}

TEST(RuleFile, AFileBeyondTheLimitIsRefusedUnread) {
    EXPECT_TRUE(mistake_in(std::string(limits::rule_file_bytes_max + 1, '#')).starts_with("team.toml: "));
}

TEST(RuleFile, AnAllowlistThatNeedsACommitNeverApplies) {
    const auto file =
        read_rule_file("[[allowlists]]\ncondition = \"AND\"\ncommits = [\"a\"]\nregexes = [\".\"]\n", "t");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->allowlists.empty());
}

} // namespace
} // namespace sallyport::content
