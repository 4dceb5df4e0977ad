// decide() against the naive evaluator over random policies and facts, and what must hold for all of them.
#include "policy/decide.h"
#include "policy/naive_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace sallyport::policy {
namespace {

TEST(Property, decide_equals_the_naive_evaluator) {
    naive::Random random(20261122);
    std::array<int, 9> seen{};
    for (int round = 0; round < 1000; ++round) {
        const auto reference = naive::random_policy(random);
        const auto text = naive::yaml(reference);
        const auto loaded = load_text(text, "random.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text() << "\n" << text;
        std::vector<std::string_view> offered;
        for (int i = 0; i < 60; ++i) {
            const auto facts = naive::random_facts(random, offered);
            std::vector<std::uint16_t> candidates = {0, 1, 2};
            std::ranges::rotate(candidates, candidates.begin() + static_cast<int>(random.below(3)));
            candidates.resize(1 + random.below(3));
            const auto plan = decide(*loaded.policy, facts, candidates);
            const auto expected = naive::decide(reference, facts, candidates);
            ++seen[static_cast<std::size_t>(plan.refused_by)];
            ASSERT_EQ(static_cast<int>(plan.effective_class), naive::effective_class(reference, facts)) << text;
            ASSERT_EQ(name(plan.refused_by), name(expected.refused_by)) << text;
            ASSERT_EQ(plan.decision == Decision::allow, expected.refused_by == RefusedBy::nothing);
            ASSERT_EQ(std::vector<std::uint16_t>(plan.upstreams.begin(), plan.upstreams.begin() + plan.upstream_count),
                      expected.upstreams)
                << text;
            ASSERT_EQ(std::vector<std::uint16_t>(plan.upstream_rules.begin(),
                                                 plan.upstream_rules.begin() + plan.upstream_count),
                      expected.rules)
                << text;
            ASSERT_EQ(plan.rule, expected.rule) << text;
            ASSERT_EQ(plan.durable_first, expected.durable) << text;
            // Explanation reads the rules one by one; it must come to the same result.
            for (const auto& rule : trace(*loaded.policy, facts, candidates))
                ASSERT_EQ(rule.matched,
                          std::ranges::any_of(candidates,
                                              [&](auto candidate) {
                                                  return naive::matches(reference.rules[rule.rule], facts,
                                                                        static_cast<int>(plan.effective_class),
                                                                        reference.upstreams[candidate]);
                                              }))
                    << rule.why << "\n"
                    << text;
            const bool refused = plan.decision == Decision::refuse;
            ASSERT_EQ(refused, !sentence(*loaded.policy, facts, plan, candidates).empty());
            ASSERT_EQ(refused, !smallest_change(*loaded.policy, facts, candidates).empty());
        }
    }
    for (std::size_t i = 0; i < seen.size(); ++i)
        EXPECT_GT(seen[i], 20) << name(static_cast<RefusedBy>(i)) << " is hardly tested";
}

TEST(Property, a_claim_and_a_held_class_only_tighten) {
    naive::Random random(7);
    std::vector<std::string_view> offered;
    for (int round = 0; round < 1000; ++round) {
        const auto reference = naive::random_policy(random);
        const auto loaded = load_text(naive::yaml(reference), "random.yaml");
        ASSERT_TRUE(loaded.policy);
        auto facts = naive::random_facts(random, offered);
        const auto as = [&](Evidence evidence, Class floor) {
            facts.evidence = evidence;
            facts.class_floor = floor;
            return effective_class(*loaded.policy, facts);
        };
        const auto floor = static_cast<Class>(random.below(5));
        for (const auto evidence : {Evidence::none, Evidence::claimed, Evidence::bound, Evidence::observed}) {
            EXPECT_GE(as(evidence, floor), floor);
            EXPECT_GE(as(evidence, floor), as(evidence, Class::open_source));
        }
        EXPECT_GE(as(Evidence::claimed, floor), as(Evidence::bound, floor))
            << "the same repository, claimed instead of bound";
        const auto least = static_cast<Class>(std::min(reference.unknown_class, reference.claims_lower_to));
        EXPECT_GE(as(Evidence::claimed, Class::open_source), least)
            << "a claim goes no lower than claims_lower_to says";
        if (reference.claims_lower_to >= reference.unknown_class)
            EXPECT_GE(as(Evidence::claimed, floor), as(Evidence::none, floor))
                << "claiming something helps over claiming nothing";
    }
}

// More refuse and record rules: never another upstream.
TEST(Property, tightening_the_policy_never_allows_more) {
    naive::Random random(99);
    std::vector<std::string_view> offered;
    for (int round = 0; round < 400; ++round) {
        auto reference = naive::random_policy(random);
        const auto before = load_text(naive::yaml(reference), "before.yaml");
        auto extra = naive::random_policy(random).rules;
        std::erase_if(extra, [](const auto& rule) { return rule.effect == naive::ReferenceRule::allow; });
        for (auto& rule : extra) {
            rule.id = "extra-" + rule.id;
            if (reference.clients) rule.when_client.reset();
            rule.version_least = -1;
            reference.rules.push_back(rule);
        }
        const auto after = load_text(naive::yaml(reference), "after.yaml");
        ASSERT_TRUE(before.policy && after.policy);
        for (int i = 0; i < 30; ++i) {
            const auto facts = naive::random_facts(random, offered);
            const std::uint16_t candidates[] = {0, 1, 2};
            const auto old_plan = decide(*before.policy, facts, candidates),
                       new_plan = decide(*after.policy, facts, candidates);
            for (std::size_t j = 0; j < new_plan.upstream_count; ++j) {
                const auto end = old_plan.upstreams.begin() + old_plan.upstream_count;
                EXPECT_NE(std::find(old_plan.upstreams.begin(), end, new_plan.upstreams[j]), end);
            }
        }
    }
}

} // namespace
} // namespace sallyport::policy
