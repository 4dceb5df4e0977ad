// Rules that amend: what is done with what was found, before it goes to each upstream.
#include "policy/decide.h"
#include "policy/program.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::uint16_t bit(std::size_t kind, std::size_t confidence) {
    return static_cast<std::uint16_t>(1u << finding_bit(kind, confidence));
}

class Amend : public testing::Test {
protected:
    void load(const std::string& head) {
        auto loaded = load_text("version: 1\n" + head + R"(
repositories: [{ match: h/client, class: customer }]
unknown_repository: internal
claims_lower_to: internal
clients: { codex: {} }
upstreams: { eu: { vendor: a, hosting: vendor }, own: { vendor: self, hosting: own } }
rules:
  - { id: all, allow: { upstreams: "*" } }
  - { id: secrets, when: { finding: secret, confidence: [medium, high], hosting: vendor }, amend: redact }
  - { id: foreign, when: { finding: [attribution, secret], confidence: high, class: customer }, amend: withhold }
  - { id: watched, when: { finding: marker }, amend: withhold, mode: observe }
)",
                                "amend.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
        policy_ = loaded.policy;
        facts_.client = "codex";
        facts_.model = "gpt-5";
    }
    Plan plan() const { return decide(*policy_, facts_, candidates_); }

    std::shared_ptr<const Policy> policy_;
    Facts facts_;
    std::vector<std::uint16_t> candidates_ = {0, 1};
};

TEST_F(Amend, EachUpstreamHasItsOwn) {
    load("");
    EXPECT_EQ(plan().decision, Decision::allow);
    facts_.findings = bit(0, 2) | bit(0, 0) | bit(1, 2);
    const Plan amended = plan();
    EXPECT_EQ(amended.decision, Decision::amend);
    ASSERT_EQ(amended.upstream_count, 2);
    EXPECT_EQ(amended.amendments[0].redact, bit(0, 2)) << "the weak one stays, and the marker is only watched";
    EXPECT_EQ(amended.amendments[0].withhold, 0);
    EXPECT_TRUE(amended.amendments[1].none());
    candidates_ = {1};
    EXPECT_EQ(plan().decision, Decision::allow);
}

TEST_F(Amend, WhatIsWithheldIsNotRedactedBesides) {
    load("");
    facts_.findings = bit(0, 2) | bit(0, 1) | bit(2, 2);
    facts_.class_floor = Class::customer;
    const Plan withheld = plan();
    EXPECT_EQ(withheld.decision, Decision::withhold);
    EXPECT_EQ(withheld.amendments[0].redact, bit(0, 1));
    EXPECT_EQ(withheld.amendments[0].withhold, bit(0, 2) | bit(2, 2));
    EXPECT_EQ(withheld.amendments[1].withhold, bit(0, 2) | bit(2, 2));
}

TEST_F(Amend, OfSeveralClaimsAllRulesCount) {
    load("");
    facts_.findings = bit(0, 2);
    facts_.repository = "h/other";
    facts_.evidence = Evidence::claimed;
    EXPECT_EQ(plan().decision, Decision::amend);
    const std::string_view also[] = {"h/client"};
    facts_.also_claimed = also;
    EXPECT_EQ(plan().decision, Decision::withhold);
    EXPECT_EQ(plan().amendments[0].withhold, bit(0, 2));
    EXPECT_EQ(plan().amendments[0].redact, 0);
}

TEST_F(Amend, MarkersAreNormalisedUnlessTheyAreWithheld) {
    const auto with_rule = [&](const std::string& rules) {
        auto loaded =
            load_text("version: 1\nclients: { codex: {} }\nupstreams: { own: { vendor: self, hosting: own } }\nrules:\n"
                      "  - { id: all, allow: { upstreams: \"*\" } }\n" +
                          rules,
                      "amend.yaml");
        policy_ = loaded.policy;
        return loaded.mistakes.empty() ? std::string() : loaded.mistakes.front().text();
    };
    facts_.client = "codex";
    facts_.model = "gpt-5";
    facts_.findings = bit(1, 2) | bit(1, 0);
    candidates_ = {0};
    const std::string plain = "  - { id: plain, when: { finding: marker }, amend: normalise }\n";
    ASSERT_EQ(with_rule(plain), "");
    EXPECT_EQ(plan().decision, Decision::amend);
    EXPECT_EQ(plan().amendments[0].normalise, bit(1, 2) | bit(1, 0));
    ASSERT_EQ(with_rule(plain + "  - { id: out, when: { finding: marker, confidence: high }, amend: withhold }\n"), "");
    EXPECT_EQ(plan().decision, Decision::withhold);
    EXPECT_EQ(plan().amendments[0].normalise, bit(1, 0));
    EXPECT_EQ(plan().amendments[0].withhold, bit(1, 2));
    EXPECT_NE(with_rule("  - { id: odd, when: { finding: [marker, secret] }, amend: normalise }\n"), "");
}

TEST_F(Amend, HeadersAreStrippedForTheUpstreamsThatTheRuleNames) {
    const std::string head = "version: 1\nclients: { codex: {} }\n"
                             "upstreams: { eu: { vendor: a, hosting: vendor }, own: { vendor: self, hosting: own } }\n"
                             "rules:\n  - { id: all, allow: { upstreams: \"*\" } }\n";
    const auto mistake_of = [&](const std::string& rule) {
        auto loaded = load_text(head + rule, "amend.yaml");
        policy_ = loaded.policy;
        return loaded.mistakes.empty() ? std::string() : loaded.mistakes.front().text();
    };
    ASSERT_EQ(
        mistake_of(
            "  - { id: x, amend: withhold, when: { finding: secret } }\n"
            "  - { id: device, when: { hosting: vendor }, amend: strip-headers, headers: [X-Stainless-*, x-app] }\n"),
        "");
    facts_.client = "codex";
    facts_.model = "gpt-5";
    EXPECT_EQ(plan().decision, Decision::amend);
    EXPECT_EQ(plan().amendments[0].strip, 1);
    EXPECT_EQ(plan().amendments[1].strip, 0);
    EXPECT_EQ(policy_->program().document.rules[policy_->program().strip_rules[0]].headers,
              (std::vector<std::string>{"x-stainless-*", "x-app"}));
    for (const char* const wrong :
         {"  - { id: x, amend: strip-headers }\n", "  - { id: x, amend: strip-headers, headers: [] }\n",
          "  - { id: x, amend: strip-headers, headers: [\"*\"] }\n",
          "  - { id: x, amend: strip-headers, headers: content-type }\n",
          "  - { id: x, amend: redact, when: { finding: secret }, headers: [x-app] }\n"})
        EXPECT_NE(mistake_of(wrong), "") << wrong;
}

TEST_F(Amend, NothingIsAmendedWhereItIsNotEnforcedYet) {
    load("mode: observe");
    facts_.findings = bit(0, 2);
    EXPECT_EQ(plan().decision, Decision::allow);
    EXPECT_TRUE(plan().amendments[0].none());
}

} // namespace
} // namespace sallyport::policy
