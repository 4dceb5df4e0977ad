#include "policy/repository_entry.h"

#include "policy/decide.h"
#include "policy/document.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::string_view engine = "git.acme.example/core/engine";

// The text with the entry, held against what the policy then says.
std::string changed(std::string_view text, Class cls, std::string_view repository = engine) {
    const auto out = with_entry(text, repository, cls);
    if (!out) return "failed: " + out.error().message;
    const auto loaded = load_text(*out, "policy.yaml");
    EXPECT_TRUE(loaded.policy) << *out << (loaded.mistakes.empty() ? "" : loaded.mistakes.front().text());
    if (!loaded.policy) return *out;
    Facts facts;
    facts.repository = repository;
    facts.evidence = Evidence::observed;
    EXPECT_EQ(effective_class(*loaded.policy, facts), cls) << *out;
    return *out;
}

TEST(RepositoryEntry, ComesBeforeTheFirstOneThatMatchesAndItsComment) {
    EXPECT_EQ(changed("version: 1\nrepositories:\n  - { match: \"github.com/a/b\", class: open-source }\n"
                      "  # ours\n  - { match: \"git.acme.example/**\", class: internal }\n",
                      Class::trade_secret),
              "version: 1\nrepositories:\n  - { match: \"github.com/a/b\", class: open-source }\n"
              "  - { match: \"git.acme.example/core/engine\", class: trade-secret }\n"
              "  # ours\n  - { match: \"git.acme.example/**\", class: internal }\n");
}

TEST(RepositoryEntry, ComesFirstWhereNoneMatches) {
    EXPECT_EQ(changed("version: 1\nrepositories:\n- match: github.com/a/b\n  class: open-source\n", Class::customer),
              "version: 1\nrepositories:\n- { match: \"git.acme.example/core/engine\", class: customer }\n"
              "- match: github.com/a/b\n  class: open-source\n");
}

TEST(RepositoryEntry, OfThatVeryNameHasItsClassChanged) {
    for (const std::string quote : {"", "\"", "'"})
        EXPECT_EQ(changed("version: 1\nrepositories:\n  - match: git.acme.example/core/engine\n    class: " + quote +
                              "internal" + quote + "  # since May\n",
                          Class::secret_bearing),
                  "version: 1\nrepositories:\n  - match: git.acme.example/core/engine\n    class: " + quote +
                      "secret-bearing" + quote + "  # since May\n");
}

TEST(RepositoryEntry, OfThatNameBehindAPatternThatCountsIsNoUse) {
    const std::string out =
        changed("version: 1\nrepositories:\n  - { match: \"git.acme.example/**\", class: internal }\n"
                "  - { match: \"git.acme.example/core/engine\", class: customer }\n",
                Class::trade_secret);
    EXPECT_LT(out.find("core/engine\", class: trade-secret"), out.find("/**"));
}

TEST(RepositoryEntry, KeepsWhatThePatternSaysBesides) {
    const std::string out = changed(
        "version: 1\nlegal_entity: acme-inc\nrepositories:\n  - { match: \"git.acme.example/core/*\", class: internal, "
        "legal_entity: acme-gmbh, paths: { \"docs/**\": open-source } }\n",
        Class::customer);
    EXPECT_NE(
        out.find("core/engine\", class: customer, paths: { \"docs/**\": open-source }, legal_entity: \"acme-gmbh\" }"),
        std::string::npos)
        << out;
}

TEST(RepositoryEntry, MakesTheSectionWhereThereIsNone) {
    EXPECT_EQ(changed("# ours\nversion: 1\nmode: observe\n", Class::internal),
              "# ours\nversion: 1\nrepositories:\n  - { match: \"git.acme.example/core/engine\", class: internal }\n"
              "mode: observe\n");
    EXPECT_EQ(changed("version: 1", Class::internal),
              "version: 1\nrepositories:\n  - { match: \"git.acme.example/core/engine\", class: internal }");
}

TEST(RepositoryEntry, GoesIntoListsInBracketsAndJson) {
    for (const std::string_view text :
         {"version: 1\nrepositories: []\n",
          "version: 1\nrepositories: [{ match: \"git.acme.example/**\", class: customer }]\n",
          "{\"version\": 1, \"repositories\": [\n {\"match\": \"github.com/**\", \"class\": \"internal\"}\n]}",
          "{\"version\": 1}", "{\n \"version\": 1,\n \"mode\": \"warn\"\n}\n"})
        EXPECT_FALSE(changed(text, Class::trade_secret).starts_with("failed"));
}

TEST(RepositoryEntry, KeepsLineEnds) {
    EXPECT_EQ(changed("version: 1\r\nrepositories:\r\n  - { match: \"a/**\", class: internal }\r\n", Class::internal),
              "version: 1\r\nrepositories:\r\n  - { match: \"git.acme.example/core/engine\", class: internal }\r\n"
              "  - { match: \"a/**\", class: internal }\r\n");
}

TEST(RepositoryEntry, IsToBeWrittenByHandWhereALineCannotBePutIn) {
    for (const std::string_view text :
         {"version: 1\nrepositories: ~\n", "version: 1\nrepositories:\n",
          "version: 1\nrepositories:\n  -\n    match: \"git.acme.example/**\"\n    class: internal\n"}) {
        const std::string out = changed(text, Class::customer);
        EXPECT_NE(out.find("by hand"), std::string::npos) << out;
        EXPECT_NE(out.find("- { match: \"git.acme.example/core/engine\", class: customer"), std::string::npos) << out;
    }
}

TEST(RepositoryEntry, NamesWhatNoPatternMayHoldByPlaceholders) {
    EXPECT_EQ(pattern_of("dev.azure.com/acme/My Project/_git/a"), "dev.azure.com/acme/My?Project/_git/a");
    changed("version: 1\n", Class::customer, "dev.azure.com/acme/My Project/_git/a");
}

TEST(RepositoryEntry, IsFoundWithItsLine) {
    const auto found =
        entry_for("version: 1\nrepositories:\n  - { match: \"git.acme.example/**\", class: customer }\n", engine);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->line, 3);
    EXPECT_EQ(found->cls, Class::customer);
    EXPECT_EQ(entry_for("version: 1\n", engine)->line, 0);
    EXPECT_FALSE(entry_for("version: [", engine));
}

TEST(UnifiedDiff, HasThreeLinesAroundWhatDiffers) {
    EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\nnew\n6\n7\n8\n9\n", "p.yaml"),
              "--- a/p.yaml\n+++ b/p.yaml\n@@ -3,6 +3,7 @@\n 3\n 4\n 5\n+new\n 6\n 7\n 8\n");
    EXPECT_EQ(unified_diff("a\nb\n", "a\nc\n", "a b"), "--- a/a b\t\n+++ b/a b\t\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
    EXPECT_EQ(unified_diff("same\n", "same\n", "p"), "");
}

TEST(UnifiedDiff, SaysWhereTheLastLineHasNoEnd) {
    EXPECT_EQ(
        unified_diff("a", "a\nb", "p"),
        "--- a/p\n+++ b/p\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n");
}

} // namespace
} // namespace sallyport::policy
