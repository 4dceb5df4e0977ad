#include "content/secret_rules.h"

#include "content/checksums.h"
#include "content/secret_fixture.h"
#include "content/values.h"

#include <gtest/gtest.h>

namespace sallyport::content {
namespace {

std::string mistake_in(std::string_view text) {
    const auto file = read_rule_file(text, "t.toml");
    if (!file) return file.error().message;
    const auto rules = SecretRules::compile(std::span(&*file, 1));
    return rules ? "none" : rules.error().message;
}

TEST(SecretRules, EveryBuiltInRuleFindsItsExamplesWithBothEngines) {
    const auto files = built_in_secret_rules();
    ASSERT_TRUE(files) << files.error().message;
    const auto rules = SecretRules::compile(*files);
    ASSERT_TRUE(rules) << rules.error().message;
    EXPECT_GE((*rules)->size(), 200u);
    EXPECT_EQ((*rules)->engine_remark(), "");
    for (const auto& file : *files)
        for (const auto& rule : file.rules) EXPECT_FALSE(rule.examples.empty()) << rule.id;
    const auto tested = self_test(*rules, *files);
    EXPECT_TRUE(tested) << tested.error().message;
}

TEST(SecretRules, EveryRuleOfThePersonalPackFindsItsExamplesWithBothEngines) {
    const auto file = built_in_personal_rules();
    ASSERT_TRUE(file) << file.error().message;
    const auto rules = SecretRules::compile(std::span(&*file, 1));
    ASSERT_TRUE(rules) << rules.error().message;
    const auto tested = self_test(*rules, std::span(&*file, 1));
    EXPECT_TRUE(tested) << tested.error().message;
}

TEST(SecretRules, WhatDoesNotCompileIsToldWithItsPlace) {
    const std::string rule = "[[rules]]\nid = \"a\"\nregex = '''b(c)'''\n";
    EXPECT_EQ(mistake_in("[[rules]]\nid = \"a\"\nregex = '''b(c'''\n"),
              "t.toml:3:9: the regex of rule 'a' does not compile: missing ): b(c");
    EXPECT_EQ(mistake_in(rule + "secretGroup = 2\n"),
              "t.toml:3:9: the regex of rule 'a' has 1 groups, its secretGroup is 2");
    EXPECT_EQ(mistake_in(rule + "path = \"[\"\n").substr(0, 12), "t.toml:4:8: ");
    EXPECT_EQ(mistake_in(rule + "checksum = \"crc\"\n"), "t.toml:4:12: there is no checksum 'crc'");
    EXPECT_EQ(mistake_in(rule + "unless = [\"dull\"]\n"),
              "t.toml:4:11: there is no test 'dull'; it is \"placeholder\" or \"code\"");
    EXPECT_EQ(mistake_in(rule + "[[rules.required]]\nid = \"z\"\n"), "t.toml:5:6: there is no rule 'z'");
    EXPECT_EQ(mistake_in(rule + "[[rules.allowlists]]\nregexes = [\"(\"]\n").substr(0, 13), "t.toml:5:12: ");
    EXPECT_EQ(mistake_in("[[allowlists]]\ntargetRules = [\"z\"]\nregexes = [\"x\"]\n" + rule),
              "t.toml:2:16: there is no rule 'z'");
}

TEST(SecretRules, AnExampleThatDoesNotHoldIsToldByItsPlaceOnly) {
    const auto file = read_rule_file(
        "[[rules]]\nid = \"a\"\nregex = \"key-[0-9]+\"\nexamples = [\"key-1\", \"hunter2\"]\n", "t.toml");
    const auto rules = SecretRules::compile(std::span(&*file, 1)).value();
    const auto tested = self_test(rules, std::span(&*file, 1));
    ASSERT_FALSE(tested);
    EXPECT_TRUE(tested.error().message.starts_with("t.toml:4:22: rule 'a' does not find this example"));
    EXPECT_EQ(tested.error().message.find("hunter2"), std::string::npos);
}

TEST(SecretRules, TheDigestFollowsTheFiles) {
    const std::string a = "[[rules]]\nid = \"a\"\nregex = \"b\"\n";
    EXPECT_EQ(rules_of(a)->digest(), rules_of(a)->digest());
    EXPECT_NE(rules_of(a)->digest(), rules_of(a + "\n")->digest());
}

TEST(Checksums, HoldForRealFormsOnly) {
    EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
    const auto* github = find_checksum("github");
    ASSERT_NE(github, nullptr);
    // A token that GitHub revoked long ago, from its own announcement of the format; in pieces for the sake of scanners.
    const std::string token = std::string("ghp") + "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
    EXPECT_TRUE(github->holds(token));
    EXPECT_FALSE(github->holds(token.substr(0, 39) + "8"));
    EXPECT_FALSE(github->holds(token.substr(0, 38)));
    EXPECT_FALSE(github->holds("no underscore"));
    EXPECT_TRUE(find_checksum("luhn")->holds("4111 1111 1111 1111"));
    EXPECT_FALSE(find_checksum("luhn")->holds("4111 1111 1111 1112"));
    EXPECT_TRUE(find_checksum("iban")->holds("GB82 WEST 1234 5698 7654 32"));
    EXPECT_FALSE(find_checksum("iban")->holds("GB82 WEST 1234 5698 7654 33"));
    EXPECT_EQ(find_checksum("md5"), nullptr);
}

TEST(Values, PlaceholdersAreNoSecrets) {
    for (const auto* value :
         {"", "AKIAIOSFODNN7EXAMPLE", "xxxxxxxxxxxx", "changeme", "${DB_PASSWORD}", "<your-key>", "$TOKEN",
          "process.env.KEY", "0000000000000000", "12345678", "abcabcabcabc", "{{ secret }}", "your_api_key_1",
          "os.environ['X']", "********", "sk_live_xxxxxxxxxxxxxxxx"})
        EXPECT_TRUE(is_placeholder(value)) << value;
    for (const auto* value : {"hunter2", "Tr0ub4dor&3", "correct horse", "8Kq2vZ1mPx90LwQa", "b5f1c0de93aa47e2"})
        EXPECT_FALSE(is_placeholder(value)) << value;
}

TEST(Values, CodeIsNoSecret) {
    for (const auto* value : {"getToken()", "self.password", "user_password", "SomeClass2", "RSAPrivateKey",
                              "some/path.ext", "password123", "config.api.key", "a b", "None"})
        EXPECT_TRUE(is_code(value)) << value;
    for (const auto* value : {"Tr0ub4dor&3", "gvQ2oNBNfYPB", "8Kq2vZ1mPx90LwQa", "s3cr3t!Value", "b5f1c0de93aa47e2"})
        EXPECT_FALSE(is_code(value)) << value;
}

TEST(Values, EntropyIsShannons) {
    EXPECT_EQ(entropy(""), 0);
    EXPECT_EQ(entropy("aaaa"), 0);
    EXPECT_DOUBLE_EQ(entropy("abab"), 1);
    EXPECT_DOUBLE_EQ(entropy("abcdefgh"), 3);
}

} // namespace
} // namespace sallyport::content
