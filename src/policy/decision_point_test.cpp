// The company's own decision point as a fact: it takes away, and never adds.
#include "policy/decide.h"
#include "policy/naive_policy.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

void expect_same(const Plan& a, const Plan& b) {
    EXPECT_EQ(a.decision, b.decision);
    EXPECT_EQ(a.effective_class, b.effective_class);
    EXPECT_EQ(a.refused_by, b.refused_by);
    EXPECT_EQ(a.rule, b.rule);
    EXPECT_EQ(a.durable_first, b.durable_first);
    EXPECT_EQ(a.upstream_count, b.upstream_count);
    EXPECT_EQ(a.upstreams, b.upstreams);
}

TEST(DecisionPoint, OnlyRefusesWhatThePolicyAllows) {
    naive::Random random(20261127);
    constexpr std::uint16_t candidates[] = {0, 1, 2};
    std::size_t refused = 0, allowed = 0;
    for (int round = 0; round < 300; ++round) {
        const auto loaded = load_text(naive::yaml(naive::random_policy(random)), "random.yaml");
        ASSERT_TRUE(loaded.policy);
        std::vector<std::string_view> offered;
        for (int i = 0; i < 20; ++i) {
            auto facts = naive::random_facts(random, offered);
            const auto by_policy = decide(*loaded.policy, facts, candidates);
            facts.pdp = Pdp::permitted;
            expect_same(by_policy, decide(*loaded.policy, facts, candidates));
            for (const auto pdp : {Pdp::denied, Pdp::unanswered, static_cast<Pdp>(77)}) {
                facts.pdp = pdp;
                const auto plan = decide(*loaded.policy, facts, candidates);
                ASSERT_EQ(plan.decision, Decision::refuse);
                if (by_policy.decision == Decision::refuse) {
                    expect_same(by_policy, plan);
                    ++refused;
                    continue;
                }
                ++allowed;
                EXPECT_EQ(name(plan.refused_by), "decision-point");
                EXPECT_EQ(plan.effective_class, by_policy.effective_class);
                EXPECT_EQ(plan.upstream_count, 0);
                EXPECT_FALSE(plan.durable_first);
                EXPECT_LE(sentence(*loaded.policy, facts, plan, candidates).size(), sentence_bytes_max);
                EXPECT_TRUE(smallest_change(*loaded.policy, facts, candidates).contains("decision point"));
            }
        }
    }
    EXPECT_GT(refused, 1000u);
    EXPECT_GT(allowed, 1000u);
}

TEST(DecisionPoint, IsSoftenedByNoModeAndLiftedByNoException) {
    for (const std::string mode : {"observe", "warn", "enforce"}) {
        const auto loaded = load_text("version: 1\nmode: " + mode +
                                          "\nupstreams: { u: { vendor: v, hosting: own } }\nrules:\n"
                                          "  - { id: no, when: { model: m }, refuse: true }\n",
                                      "p.yaml");
        ASSERT_TRUE(loaded.policy);
        constexpr std::uint16_t candidates[] = {0};
        const Exception broken_glass[] = {{"bg_1", every_refusal}};
        Facts facts;
        facts.model = "m";
        facts.exceptions = broken_glass;
        ASSERT_EQ(decide(*loaded.policy, facts, candidates).decision, Decision::allow) << mode;
        facts.pdp = Pdp::denied;
        const auto plan = decide(*loaded.policy, facts, candidates);
        EXPECT_EQ(plan.refused_by, RefusedBy::decision_point);
        EXPECT_EQ(plan.would_refuse, RefusedBy::nothing);
        EXPECT_EQ(plan.mode, Mode::enforce);
        EXPECT_EQ(plan.exception, no_exception);
        EXPECT_TRUE(sentence(*loaded.policy, facts, plan, candidates).contains("decision point does not permit it"));
    }
}

} // namespace
} // namespace sallyport::policy
