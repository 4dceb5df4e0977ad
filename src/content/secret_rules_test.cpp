#include "content/secret_rules.h"

#include "content/secret_scanner.h"

#include <gtest/gtest.h>

namespace sallyport::content {
namespace {

TEST(SecretRules, EveryBuiltInRuleFindsItsExamplesWithBothEngines) {
    const auto files = built_in_secret_rules();
    ASSERT_TRUE(files) << files.error().message;
    const auto rules = SecretRules::compile(*files);
    ASSERT_TRUE(rules) << rules.error().message;
    EXPECT_EQ((*rules)->engine_remark(), "");
    for (const auto& file : *files)
        for (const auto& rule : file.rules) EXPECT_FALSE(rule.examples.empty()) << rule.id;
    const auto tested = self_test(*rules, *files);
    EXPECT_TRUE(tested) << tested.error().message;
}

} // namespace
} // namespace sallyport::content
