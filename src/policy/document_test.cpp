#include "policy/document.h"

#include "base/file.h"
#include "policy/decide.h"
#include "policy/program.h"
#include "policy/synthetic.h"
#include "policy/yaml.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sallyport::policy {
namespace {

const std::filesystem::path source_folder = SALLYPORT_SOURCE_DIR;

std::string texts(const std::vector<Mistake>& mistakes) {
    std::string all;
    for (const auto& mistake : mistakes) all += (all.empty() ? "" : "\n") + mistake.text();
    return all;
}

std::string warnings(std::string_view text) {
    const auto loaded = load_text(text, "p.yaml");
    EXPECT_TRUE(loaded.policy) << texts(loaded.mistakes);
    return texts(loaded.warnings);
}

TEST(Document, the_example_is_a_policy_without_warnings) {
    const auto loaded = load(source_folder / "examples/policy.yaml");
    EXPECT_TRUE(loaded.policy);
    EXPECT_EQ(texts(loaded.mistakes), "");
    EXPECT_EQ(texts(loaded.warnings), "");
    EXPECT_EQ(loaded.policy->upstream_named("sim-local"), 1);
    EXPECT_EQ(loaded.policy->upstream_named("sim-cloud"), no_rule);
    EXPECT_EQ(loaded.policy->rule_id(no_rule), "");
}

// docs/policy.md shows one whole policy: what it says must be true of it.
TEST(Document, the_policy_in_the_guide_is_one) {
    const auto guide = read_file(source_folder / "docs/policy.md", 1 << 20);
    ASSERT_TRUE(guide.has_value());
    const auto begin = guide->find("```yaml\n");
    ASSERT_NE(begin, std::string::npos);
    const auto end = guide->find("```", begin + 3);
    const auto loaded = load_text(std::string_view(*guide).substr(begin + 8, end - begin - 8), "docs/policy.md");
    EXPECT_TRUE(loaded.policy);
    EXPECT_EQ(texts(loaded.mistakes), "");
}

TEST(Document, the_example_installation_is_readable) {
    const auto text = read_file(source_folder / "examples/sallyport.yaml", 1 << 20);
    ASSERT_TRUE(text.has_value());
    Reader reader("sallyport.yaml");
    EXPECT_TRUE(reader.parse(*text, 1 << 20));
    EXPECT_TRUE(reader.clean());
}

TEST(Document, what_can_never_happen_is_a_warning) {
    EXPECT_EQ(warnings("version: 1\n"), "p.yaml: no rule allows anything, so everything is refused");
    EXPECT_EQ(warnings("version: 1\n"
                       "clients: { a: {}, b: {} }\n"
                       "upstreams: { u: { vendor: v, hosting: own, region: eu }, w: { vendor: v, hosting: vendor } }\n"
                       "rules:\n"
                       "  - { id: r1, when: { client: a }, allow: { upstreams: u, clients: b } }\n"
                       "  - { id: r2, when: { hosting: vendor }, allow: { upstreams: u } }\n"
                       "  - { id: r3, when: { region: eeu }, refuse: true }\n"),
              "p.yaml:7:31: no upstream says region 'eeu'; did you mean 'eu'?\n"
              "p.yaml:5:5: rule 'r1' can never allow anything\n"
              "p.yaml:6:5: rule 'r2' can never allow anything\n"
              "p.yaml: no rule lets anybody use upstream 'w'\n"
              "p.yaml:7:5: rule 'r3' also meets upstream 'w', which states no region");
}

TEST(Document, a_range_without_a_version_and_a_contract_that_has_ended_are_warnings) {
    EXPECT_EQ(
        warnings("version: 1\n"
                 "clients: { codex: { versions: \">=2 <1\" } }\n"
                 "upstreams:\n"
                 "  eu: { vendor: a, hosting: own, contract: { name: c, until: 2020-01-01 } }\n"
                 "  us: { vendor: a, hosting: own, contract: { name: c, until: 9999-01-01 } }\n"
                 "rules:\n"
                 "  - { id: a, when: { client: codex, client_version: \"=1 =2\" }, refuse: true }\n"
                 "  - { id: b, allow: { upstreams: \"*\" } }\n"),
        "p.yaml:2:31: versions '>=2 <1' can match no version: its ends exclude each other; write '||' between ranges "
        "of which one is enough\n"
        "p.yaml:4:62: this contract has ended, so upstream 'eu' is no longer used; take it out, or state the new end\n"
        "p.yaml:7:53: client_version '=1 =2' can match no version: its ends exclude each other; write '||' between "
        "ranges of which one is enough");
}

TEST(Document, says_when_entries_count_as_sealed) {
    const auto sealing = [](std::string_view text) {
        return load_text("version: 1\n" + std::string(text), "p.yaml").policy->program().document.sealing;
    };
    EXPECT_FALSE(sealing("").asked_for());
    const Sealing asked = sealing("ledger: { cosignatures: { customer: 1, trade-secret: 2 }, sealed_within: 15m }\n");
    EXPECT_EQ(asked.cosignatures, (std::array<std::uint8_t, class_count>{0, 0, 1, 0, 2}));
    EXPECT_EQ(asked.within_ms, 900'000);
    EXPECT_TRUE(asked.asked_for());
    EXPECT_EQ(sealing("ledger: { cosignatures: { customer: 1 } }\n").within_ms, 0);
    const auto mistakes = [](std::string_view text) {
        return texts(load_text("version: 1\n" + std::string(text), "p.yaml").mistakes);
    };
    EXPECT_NE(mistakes("ledger: { cosignatures: { customer: 0 } }\n").find("from 1 to 16"), std::string::npos);
    EXPECT_NE(mistakes("ledger: { cosignatures: { customer: 1 }, sealed_within: 10ms }\n").find("one second or more"),
              std::string::npos);
}

TEST(Document, the_digest_is_of_the_text) {
    const auto digest = [](std::string_view text) { return std::string(load_text(text, "p.yaml").policy->digest()); };
    EXPECT_EQ(digest("version: 1\n"), digest("version: 1\n"));
    EXPECT_NE(digest("version: 1\n"), digest("version: 1 # reviewed\n"));
    EXPECT_EQ(load_text("version: 1\n", "p.yaml").policy->source(), "version: 1\n");
}

TEST(Document, large_policies_are_read) {
    const auto loaded = load_text(synthetic_policy(1000, 3), "synthetic.yaml");
    EXPECT_EQ(texts(loaded.mistakes), "");
    ASSERT_TRUE(loaded.policy);
    EXPECT_EQ(loaded.policy->rule_count(), 1000u);
    EXPECT_EQ(synthetic_policy(1000, 3), synthetic_policy(1000, 3));
    EXPECT_NE(synthetic_policy(1000, 3), synthetic_policy(1000, 4));
}

} // namespace
} // namespace sallyport::policy
