#include "policy/version_entry.h"

#include "policy/repository_entry.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::string_view text = R"(# reviewed
version: 1
clients:
  claude-code: { versions: ">=2.1.198 <=2.1.330", advisories: refuse } # why
  codex:
    versions: 0.169.0
  gemini-cli: {}
upstreams: { u: { vendor: v, hosting: own } }
)";

TEST(VersionEntry, is_changed_in_its_line_and_nothing_else) {
    const auto changed = with_versions(text, "claude-code", "2.1.330 || 2.1.331");
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(unified_diff(text, *changed, "policy.yaml"),
              "--- a/policy.yaml\n+++ b/policy.yaml\n@@ -1,7 +1,7 @@\n # reviewed\n version: 1\n clients:\n"
              "-  claude-code: { versions: \">=2.1.198 <=2.1.330\", advisories: refuse } # why\n"
              "+  claude-code: { versions: \"2.1.330 || 2.1.331\", advisories: refuse } # why\n"
              "   codex:\n     versions: 0.169.0\n   gemini-cli: {}\n");
    const auto plain = with_versions(text, "codex", "0.169.0 || 0.170.0");
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_TRUE(plain->contains("    versions: \"0.169.0 || 0.170.0\"\n"));
    EXPECT_TRUE(with_versions(R"({"version": 1, "clients": {"codex": {"versions": "1"}}})", "codex", "1 || 2")
                    ->contains(R"("versions": "1 || 2"}})"));
}

TEST(VersionEntry, what_cannot_be_changed_safely_is_told) {
    for (const std::string_view client : {"gemini-cli", "opencode"}) {
        const auto refused = with_versions(text, client, "1");
        ASSERT_FALSE(refused);
        EXPECT_TRUE(refused.error().message.ends_with("write by hand: versions: \"1\"")) << refused.error().message;
    }
    EXPECT_FALSE(with_versions("version: 1\nclients:\n  codex: { versions: >-\n      1\n  }\n", "codex", "2"));
    EXPECT_FALSE(with_versions("version: [", "codex", "2"));
    EXPECT_FALSE(with_versions("version: 1\nclients: { codex: { versions: *x } }\n", "codex", "2"));
}

} // namespace
} // namespace sallyport::policy
