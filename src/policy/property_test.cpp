// decide() against the naive evaluator over random policies and facts, and what must hold for all of them.
#include "policy/decide.h"
#include "policy/naive_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

namespace sallyport::policy {
namespace {

TEST(Property, decide_equals_the_naive_evaluator) {
    naive::Random random(20261122);
    std::array<int, 10> seen{}; // the decision point's refusal is none of the policy's
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
                                                  return naive::matches(reference, reference.rules[rule.rule], facts,
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

// Whether one of the upstreams would be tried; looked at one by one.
bool allows(const Policy& policy, const Facts& facts, std::uint16_t upstream) {
    const std::uint16_t candidates[] = {upstream};
    return decide(policy, facts, candidates).decision == Decision::allow;
}

// Claims count as they are, and more is allowed: more differs between them.
template <class NaivePolicy> NaivePolicy wide(NaivePolicy policy) {
    policy.unknown_class = policy.claims_lower_to = 0;
    return policy;
}

Facts claiming_alone(Facts facts) {
    facts.also_claimed = {};
    return facts;
}

// Under rules that allow no more for a stricter class, claiming a repository never lets through what went nowhere without the claim,
// and neither does a conversation that names another one.
TEST(Property, a_claim_or_a_conversation_never_lets_more_through) {
    naive::Random random(2027);
    std::vector<std::string_view> offered;
    int claims_that_tightened = 0;
    for (int round = 0; round < 2'000; ++round) {
        const auto text = naive::yaml(naive::monotone(naive::random_policy(random)));
        const auto loaded = load_text(text, "random.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text() << text;
        for (int i = 0; i < 20; ++i) {
            Facts without = naive::random_facts(random, offered);
            without.evidence = Evidence::none;
            without.class_floor = Class::open_source;
            Facts claimed = without;
            claimed.evidence = Evidence::claimed;
            Facts held = without;
            held.class_floor = static_cast<Class>(random.below(class_count));
            for (std::uint16_t upstream = 0; upstream < 3; ++upstream) {
                const bool passes = allows(*loaded.policy, without, upstream);
                ASSERT_TRUE(passes || !allows(*loaded.policy, claimed, upstream)) << without.repository << "\n" << text;
                ASSERT_TRUE(passes || !allows(*loaded.policy, held, upstream)) << text;
                claims_that_tightened += passes && !allows(*loaded.policy, claimed, upstream) ? 1 : 0;
            }
        }
    }
    EXPECT_GT(claims_that_tightened, 500);
}

// What is found besides never lets more through: rules that allow cannot ask for it.
TEST(Property, a_further_finding_never_lets_more_through) {
    naive::Random random(2029);
    std::vector<std::string_view> offered;
    int tightened = 0;
    for (int round = 0; round < 2'000; ++round) {
        const auto text = naive::yaml(naive::random_policy(random));
        const auto loaded = load_text(text, "random.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text() << text;
        for (int i = 0; i < 20; ++i) {
            const Facts without = naive::random_facts(random, offered);
            Facts found = without;
            found.findings |= 1u << random.below(finding_bits);
            for (std::uint16_t upstream = 0; upstream < 3; ++upstream) {
                const bool passes = allows(*loaded.policy, without, upstream);
                ASSERT_TRUE(passes || !allows(*loaded.policy, found, upstream)) << text;
                tightened += passes && !allows(*loaded.policy, found, upstream) ? 1 : 0;
            }
        }
    }
    EXPECT_GT(tightened, 100);
}

// Of everything that a request claims, in any order: where nothing is relaxed it goes just where each alone may go.
TEST(Property, several_claims_let_through_what_each_alone_does) {
    naive::Random random(2028);
    std::vector<std::string_view> offered;
    const std::vector<std::uint16_t> all = {0, 1, 2};
    int narrowed = 0, apart = 0;
    for (int round = 0; round < 8'000; ++round) {
        const auto text = naive::yaml(wide(naive::random_policy(random)));
        const auto loaded = load_text(text, "random.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text() << text;
        for (int i = 0; i < 20; ++i) {
            Facts facts = naive::random_facts(random, offered);
            facts.evidence = Evidence::claimed;
            facts.paths = {};
            std::vector<std::string> names = {std::string(facts.repository)};
            std::vector<std::string_view> of_others;
            for (int k = 0; k < 2; ++k) names.emplace_back(naive::random_facts(random, of_others).repository);
            std::vector<std::string_view> claims(names.begin(), names.end());
            std::set<std::uint16_t> common(all.begin(), all.end());
            bool enforced = true, refused = false;
            auto strictest = Class::open_source;
            for (const auto claim : claims) {
                Facts one = facts;
                one.repository = claim;
                one.evidence = claim.empty() ? Evidence::none : Evidence::claimed;
                const Plan plan = decide(*loaded.policy, one, all);
                enforced = enforced && plan.would_refuse == RefusedBy::nothing;
                refused = refused || plan.decision == Decision::refuse;
                strictest = std::max(strictest, plan.effective_class);
                std::erase_if(common, [&](std::uint16_t upstream) {
                    const auto given = std::span(plan.upstreams).first(plan.upstream_count);
                    return std::ranges::find(given, upstream) == given.end();
                });
            }
            facts.repository = claims[0];
            facts.evidence = claims[0].empty() ? Evidence::none : Evidence::claimed;
            facts.also_claimed = std::span(claims).subspan(1);
            const Plan plan = decide(*loaded.policy, facts, all);
            const auto given = std::span(plan.upstreams).first(plan.upstream_count);
            if (refused) {
                ASSERT_EQ(plan.decision, Decision::refuse) << text;
            } else if (common.empty()) {
                ASSERT_EQ(plan.refused_by, RefusedBy::claims) << text;
                ++apart;
            } else {
                ASSERT_EQ(std::set(given.begin(), given.end()), common) << text;
                ASSERT_EQ(plan.effective_class, strictest);
                ASSERT_TRUE(enforced == (plan.would_refuse == RefusedBy::nothing) || plan.upstream_count < 3) << text;
                narrowed += plan.upstream_count < decide(*loaded.policy, claiming_alone(facts), all).upstream_count;
            }
            std::swap(claims[0], claims[2]);
            Facts turned = facts;
            turned.repository = claims[0];
            turned.evidence = claims[0].empty() ? Evidence::none : Evidence::claimed;
            turned.also_claimed = std::span(claims).subspan(1);
            const Plan other = decide(*loaded.policy, turned, all);
            ASSERT_EQ(other.decision, plan.decision) << text;
            ASSERT_EQ(other.effective_class, plan.effective_class) << text;
            ASSERT_EQ(other.upstream_count, plan.upstream_count) << text;
            ASSERT_EQ(other.refused_by == RefusedBy::claims, plan.refused_by == RefusedBy::claims) << text;
        }
    }
    EXPECT_GT(narrowed, 100);
    EXPECT_GT(apart, 3);
}

class IncludeProperty : public testing::Test {
protected:
    IncludeProperty() {
        folder_ = std::filesystem::path(testing::TempDir()) / "include-property";
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    ~IncludeProperty() override { std::filesystem::remove_all(folder_); }
    void write(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }
    std::filesystem::path folder_;
};

// Whatever rules and repositories an included file brings that it may bring, no request goes where it did not go without it.
TEST_F(IncludeProperty, an_included_file_never_lets_more_through) {
    naive::Random random(99);
    std::vector<std::string_view> offered;
    int tightened = 0;
    for (int round = 0; round < 1'000; ++round) {
        const auto reference = naive::monotone(naive::random_policy(random));
        auto more = naive::monotone(naive::random_policy(random));
        std::erase_if(more.rules, [](const auto& rule) { return rule.effect == naive::ReferenceRule::allow; });
        const auto section = [&](const char* word) {
            const std::string all = naive::yaml(more);
            const auto at = all.find(word);
            if (at == std::string::npos) return std::string();
            const auto end = all.find_first_not_of(" -", all.find("\n", at) + 1);
            auto stop = end;
            while (stop < all.size() && (all[stop - 1] != '\n' || all[stop] == ' ')) ++stop;
            return all.substr(at, stop - at);
        };
        for (auto& rule : more.rules) { // names that the policy itself may not list
            rule.id = "extra-" + rule.id;
            rule.when_client.reset();
            rule.when_entity.reset();
            rule.when_plugin.reset();
            rule.version_least = -1;
        }
        for (auto& repository : more.repositories) repository.entity.clear();
        write("team.yaml", "version: 1\n" + section("repositories:") + section("rules:"));
        const std::string text = naive::yaml(reference);
        write("before.yaml", text);
        write("after.yaml", "include: team.yaml\n" + text);
        const auto before = load(folder_ / "before.yaml"), after = load(folder_ / "after.yaml");
        ASSERT_TRUE(before.policy) << text;
        ASSERT_TRUE(after.policy) << after.mistakes.front().text();
        for (int i = 0; i < 40; ++i) {
            const auto facts = naive::random_facts(random, offered);
            for (std::uint16_t upstream = 0; upstream < 3; ++upstream) {
                const bool was = allows(*before.policy, facts, upstream), is = allows(*after.policy, facts, upstream);
                ASSERT_TRUE(was || !is) << text;
                tightened += was && !is ? 1 : 0;
            }
        }
    }
    EXPECT_GT(tightened, 500);
}

// An exception lets through what its rule refused and nothing else: no other rule, no missing allowance, no key's class, no personal
// account.
TEST(Property, an_exception_reaches_exactly_as_far_as_it_says) {
    naive::Random random(4711);
    std::vector<std::string_view> offered;
    int excepted = 0;
    for (int round = 0; round < 2'000; ++round) {
        const auto reference = naive::random_policy(random);
        const auto text = naive::yaml(reference);
        const auto loaded = load_text(text, "random.yaml");
        ASSERT_TRUE(loaded.policy);
        std::vector<std::string> names = {std::string(default_refusal), "not-there"};
        for (const auto& rule : reference.rules) names.push_back(rule.id);
        for (int i = 0; i < 20; ++i) {
            const Facts without = naive::random_facts(random, offered);
            const Exception exception{"x_1", names[random.below(names.size())]};
            Facts with = without;
            with.exceptions = std::span(&exception, 1);
            for (std::uint16_t upstream = 0; upstream < 3; ++upstream) {
                const std::uint16_t candidates[] = {upstream};
                const Plan before = decide(*loaded.policy, without, candidates),
                           after = decide(*loaded.policy, with, candidates);
                if (before.decision == Decision::allow) {
                    ASSERT_EQ(after.decision, Decision::allow);
                    ASSERT_EQ(after.exception, no_exception);
                } else if (after.decision == Decision::allow) {
                    ++excepted;
                    ASSERT_EQ(after.exception, 0) << text;
                    ASSERT_NE(before.refused_by, RefusedBy::key_class);
                    if (exception.rule == default_refusal) ASSERT_EQ(without.account, AccountKind::company) << text;
                    const std::string_view named =
                        before.refused_by == RefusedBy::rule ? loaded.policy->rule_id(before.rule) : default_refusal;
                    ASSERT_EQ(exception.rule, named) << text;
                }
            }
        }
    }
    EXPECT_GT(excepted, 500);
}

} // namespace
} // namespace sallyport::policy
