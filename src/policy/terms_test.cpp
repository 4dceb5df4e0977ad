// Terms of vendors, legal entities, paths, roles, times and plugins by address, as a person meets them.
#include "policy/decide.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::int64_t monday = 1'797'206'400'000; // 2026-12-14T00:00Z

class Terms : public testing::Test {
protected:
    void SetUp() override {
        auto loaded = load_text(R"(version: 1
repositories:
  - { match: "h/gmbh/**", class: internal, legal_entity: acme-gmbh }
  - { match: "h/inc/**", class: internal, legal_entity: acme-inc }
  - { match: "h/mono", class: internal, paths: { "engine/**": trade-secret, "docs/**": open-source } }
  - { match: "h/**", class: internal }
claims_lower_to: open-source
clients: { codex: {} }
upstreams:
  eu: { vendor: a, hosting: vendor, contract: { name: c-1, from: 2026-01-01, until: 2026-12-14 }, legal_entities: [acme-gmbh] }
  us: { vendor: b, hosting: vendor, legal_entities: [acme-gmbh, acme-inc] }
plugins:
  github: { classes: internal, url: "https://mcp.github.example/**" }
rules:
  - { id: eu, when: { class: [open-source, internal] }, allow: { upstreams: eu } }
  - { id: us, when: { class: [open-source, internal], model: "gpt-*" }, allow: { upstreams: us } }
  - { id: frozen, owner: release-team, when: { from: 2026-12-24, until: 2027-01-02 }, refuse: "The code is frozen." }
  - { id: reviewers, when: { model: "*-max", role: junior }, refuse: true }
)",
                                "terms.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
        policy_ = loaded.policy;
        facts_.client = "codex";
        facts_.repository = "h/gmbh/a";
        facts_.evidence = Evidence::bound;
        facts_.model = "claude";
        facts_.at_ms = monday - 1;
    }
    Plan plan() const { return decide(*policy_, facts_, candidates_); }
    std::string said() const { return sentence(*policy_, facts_, plan(), candidates_); }
    bool says(std::string_view part) const { return said().find(part) != std::string::npos; }

    std::shared_ptr<const Policy> policy_;
    Facts facts_;
    std::vector<std::uint16_t> candidates_ = {0, 1};
};

TEST_F(Terms, AContractEndsToTheMillisecond) {
    EXPECT_EQ(plan().decision, Decision::allow);
    facts_.at_ms = monday;
    EXPECT_EQ(plan().refused_by, RefusedBy::terms);
    EXPECT_TRUE(says("contract c-1 of eu ended at 2026-12-14T00:00Z")) << said();
    EXPECT_TRUE(says("Allowed instead: us (models gpt-*)")) << said();
    facts_.model = "gpt-5";
    ASSERT_EQ(plan().decision, Decision::allow);
    EXPECT_EQ(plan().upstreams[0], 1);
}

TEST_F(Terms, AContractIsForItsEntities) {
    facts_.repository = "h/inc/a";
    EXPECT_EQ(plan().refused_by, RefusedBy::terms);
    EXPECT_TRUE(says("contract c-1 of eu is for legal entity acme-gmbh, this is acme-inc")) << said();
    facts_.model = "gpt-5";
    ASSERT_EQ(plan().upstream_count, 1);
    EXPECT_EQ(plan().upstreams[0], 1);
    facts_.repository = "h/other";
    EXPECT_EQ(plan().refused_by, RefusedBy::terms) << "nobody's: not known";
    EXPECT_TRUE(says("this is not known")) << said();
    facts_.repository = "h/gmbh/a";
    facts_.evidence = Evidence::claimed;
    EXPECT_EQ(plan().refused_by, RefusedBy::terms) << "a claim adds an entity, the one that holds without it stays";
}

TEST_F(Terms, PartsOfARepositoryCountWhereTheyAreKnown) {
    facts_.repository = "h/mono";
    const auto cls = [&](std::vector<std::string_view> paths, Evidence evidence) {
        facts_.paths = paths;
        facts_.evidence = evidence;
        return name(effective_class(*policy_, facts_));
    };
    EXPECT_EQ(cls({}, Evidence::bound), "trade-secret");
    EXPECT_EQ(cls({"docs/a.md"}, Evidence::bound), "open-source");
    EXPECT_EQ(cls({"src/a.c"}, Evidence::observed), "internal");
    EXPECT_EQ(cls({"docs/a.md", "src/a.c"}, Evidence::observed), "internal");
    EXPECT_EQ(cls({"docs/a.md", "engine/a.c"}, Evidence::observed), "trade-secret");
    EXPECT_EQ(cls({"docs/a.md"}, Evidence::claimed), "trade-secret") << "a claim does not make it less";
}

TEST_F(Terms, ARuleHoldsForItsTimeAndRole) {
    facts_.model = "gpt-5";
    facts_.at_ms = monday + 10LL * 24 * 3'600'000;
    EXPECT_EQ(plan().refused_by, RefusedBy::rule);
    EXPECT_TRUE(says("The code is frozen.")) << said();
    EXPECT_TRUE(says("Rule: frozen (owner release-team).")) << said();
    facts_.at_ms = monday;
    facts_.model = "gpt-max";
    EXPECT_EQ(plan().decision, Decision::allow);
    facts_.role = "junior";
    EXPECT_EQ(plan().refused_by, RefusedBy::rule);
}

TEST_F(Terms, APluginIsWhoItsAddressSays) {
    const auto refused = [&](std::string_view plugin) {
        facts_.plugins = std::span(&plugin, 1);
        return plan().refused_by;
    };
    EXPECT_EQ(refused("github"), RefusedBy::nothing) << "no address is shown: by its name";
    EXPECT_EQ(refused("github#https://mcp.github.example/v1"), RefusedBy::nothing);
    EXPECT_EQ(refused("other#https://mcp.github.example/v1"), RefusedBy::nothing);
    EXPECT_EQ(refused("#https://mcp.github.example/v1"), RefusedBy::nothing);
    EXPECT_EQ(refused("github#https://evil.example/"), RefusedBy::plugin) << "the name of another";
    EXPECT_EQ(refused("#https://evil.example/"), RefusedBy::plugin);
    EXPECT_EQ(refused("other"), RefusedBy::plugin);
}

} // namespace
} // namespace sallyport::policy
