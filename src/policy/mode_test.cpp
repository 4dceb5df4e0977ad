// How far refusals act: observe and warn let through and say what would have been; an invariant holds whatever is not enforced.
#include "policy/decide.h"
#include "policy/program.h"
#include "policy/small_space_test.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::uint16_t vendor = 0, home = 1;

class Modes : public testing::Test {
protected:
    Modes() {
        facts_.client = "codex";
        facts_.client_version = "1.0";
        facts_.model = "gpt-5";
        facts_.class_floor = Class::internal;
    }
    // `top`: what stands above the rules.
    void load(const std::string& top) {
        const auto loaded =
            load_text("version: 1\nunknown_repository: open-source\nclaims_lower_to: open-source\n"
                      "clients: { codex: { versions: \">=1\" }, pi: {} }\n"
                      "upstreams: { far: { vendor: v, hosting: vendor }, near: { vendor: self, hosting: own } }\n" +
                          top,
                      "p.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
        policy_ = loaded.policy;
    }
    Plan decided() {
        static constexpr std::uint16_t both[] = {vendor, home};
        return decide(*policy_, facts_, both);
    }
    std::shared_ptr<const Policy> policy_;
    Facts facts_;
};

constexpr auto open_rule = "  - { id: open, when: { class: [open-source, internal] }, allow: { upstreams: \"*\" } }\n";

TEST_F(Modes, ARuleThatIsOnlyObservedChangesNothingAndIsRecorded) {
    load(std::string("rules:\n") + open_rule +
         "  - { id: not-far, when: { hosting: vendor }, refuse: true, mode: observe }\n");
    const Plan plan = decided();
    ASSERT_EQ(plan.decision, Decision::allow);
    EXPECT_EQ(plan.upstream_count, 2);
    EXPECT_EQ(plan.upstreams[0], vendor) << "the order too is as without the rule";
    EXPECT_EQ(name(plan.mode), "observe");
    EXPECT_EQ(name(plan.would_refuse), "rule");
    EXPECT_EQ(policy_->rule_id(plan.would_rule), "not-far");
    EXPECT_TRUE(plan.durable_first) << "what would be refused is on the disk before it leaves";
}

TEST_F(Modes, WhatIsNotConcernedCarriesNoMark) {
    load(std::string("rules:\n") + open_rule +
         "  - { id: no-mini, when: { model: \"*-mini\" }, refuse: true, mode: warn }\n");
    EXPECT_EQ(name(decided().mode), "enforce");
    EXPECT_EQ(name(decided().would_refuse), "nothing");
    EXPECT_FALSE(decided().durable_first);
    facts_.model = "gpt-5-mini";
    EXPECT_EQ(name(decided().mode), "warn");
}

TEST_F(Modes, TheDefaultRefusalIsRelaxedByTheTeamOrThePolicy) {
    load(std::string("mode: observe\nteams: { strict: { mode: enforce }, warned: { mode: warn } }\nrules:\n") +
         open_rule);
    facts_.class_floor = Class::customer; // no rule allows it
    EXPECT_EQ(name(decided().mode), "observe");
    EXPECT_EQ(name(decided().would_refuse), "no-rule");
    facts_.team = "warned";
    EXPECT_EQ(name(decided().mode), "warn");
    facts_.client = "unheard-of";
    EXPECT_EQ(name(decided().would_refuse), "client");
    facts_.team = "strict";
    EXPECT_EQ(decided().decision, Decision::refuse);
    EXPECT_EQ(name(decided().refused_by), "client");
}

TEST_F(Modes, AnInvariantHoldsWhateverIsNotEnforced) {
    load(std::string("mode: observe\nrules:\n") + open_rule +
         "invariants: [{ never: { class: trade-secret, hosting: vendor } }]\n");
    facts_.class_floor = Class::trade_secret;
    const Plan plan = decided();
    ASSERT_EQ(plan.decision, Decision::allow);
    ASSERT_EQ(plan.upstream_count, 1);
    EXPECT_EQ(plan.upstreams[0], home);
}

TEST_F(Modes, APersonsOwnCredentialIsNeverLetThrough) {
    load(std::string("mode: observe\nrules:\n") + open_rule);
    facts_.account = AccountKind::personal;
    EXPECT_EQ(decided().decision, Decision::refuse);
    EXPECT_EQ(name(decided().refused_by), "personal-account");
}

TEST_F(Modes, AKeysOwnLimitIsNoMatterOfMode) {
    load(std::string("mode: observe\nrules:\n") + open_rule);
    facts_.key_max_class = Class::open_source;
    EXPECT_EQ(name(decided().refused_by), "key-class");
}

TEST_F(Modes, WhatIsAllowedGoesWhereItIsAllowedAndCarriesNoMark) {
    load("mode: warn\nrules:\n"
         "  - { id: far, when: { class: internal }, allow: { upstreams: far, models: \"claude-*\" } }\n"
         "  - { id: near, when: { class: internal }, allow: { upstreams: near, models: \"qwen-*\" } }\n");
    facts_.model = "qwen-3";
    Plan plan = decided();
    ASSERT_EQ(plan.upstream_count, 1);
    EXPECT_EQ(plan.upstreams[0], home);
    EXPECT_EQ(name(plan.would_refuse), "nothing");
    facts_.model = "claude-x";
    plan = decided();
    ASSERT_EQ(plan.upstream_count, 1);
    EXPECT_EQ(plan.upstreams[0], vendor);
    EXPECT_EQ(name(plan.mode), "enforce");
    facts_.model = "gpt-5";
    EXPECT_EQ(decided().upstream_count, 2);
    EXPECT_EQ(name(decided().mode), "warn");
}

TEST_F(Modes, ARefusalSaysWhatIsNearestAlsoWhereOtherTeamsAreRelaxed) {
    load(std::string("teams: { other: { mode: warn } }\nrules:\n") + open_rule +
         "invariants: [{ never: { class: internal, references: vendor-tool } }]\n");
    facts_.references = 1u << 6;
    EXPECT_EQ(name(decided().refused_by), "reference");
}

class Exceptions : public Modes {
protected:
    Plan decided_with(std::string_view rule, std::string_view id = "x_1") {
        const Exception one[] = {{id, rule}};
        facts_.exceptions = one;
        const Plan plan = decided();
        facts_.exceptions = {};
        return plan;
    }
    static constexpr auto rules = "rules:\n"
                                  "  - { id: open, when: { class: internal }, allow: { upstreams: \"*\" } }\n"
                                  "  - { id: no-mini, when: { model: \"*-mini\" }, refuse: true }\n"
                                  "  - { id: no-far, when: { hosting: vendor, team: red }, refuse: true }\n"
                                  "invariants: [{ never: { class: trade-secret, hosting: vendor } }]\n";
};

TEST_F(Exceptions, SuspendTheOneRuleThatTheyName) {
    load(rules);
    facts_.model = "x-mini";
    EXPECT_EQ(decided().decision, Decision::refuse);
    const Plan plan = decided_with("no-mini");
    EXPECT_EQ(plan.decision, Decision::allow);
    EXPECT_EQ(plan.exception, 0);
    EXPECT_EQ(policy_->rule_id(plan.would_rule), "no-mini");
    EXPECT_EQ(name(plan.mode), "enforce");
    EXPECT_TRUE(plan.durable_first);
    for (const auto* other : {"no-far", "open", "nothing", "invariant-1", "", "default"})
        EXPECT_EQ(decided_with(other).decision, Decision::refuse) << other;
    facts_.team = "red"; // the other rule still refuses the vendor
    EXPECT_EQ(decided_with("no-mini").upstream_count, 1);
    EXPECT_EQ(decided_with("no-mini").upstreams[0], home);
}

TEST_F(Exceptions, ThatAreNotNeededLeaveNoMark) {
    load(rules);
    EXPECT_EQ(decided_with("no-mini").exception, no_exception);
    EXPECT_EQ(name(decided_with("no-mini").would_refuse), "nothing");
}

TEST_F(Exceptions, ForTheDefaultRefusalLetPassWhatNoRuleAllows) {
    load(rules);
    facts_.class_floor = Class::customer;
    EXPECT_EQ(decided().decision, Decision::refuse);
    EXPECT_EQ(decided_with("default").upstream_count, 2);
    facts_.client = "unheard-of";
    EXPECT_EQ(decided_with("default").decision, Decision::allow);
    facts_.model = "x-mini";
    EXPECT_EQ(decided_with("default").decision, Decision::refuse) << "a rule of its own";
    EXPECT_EQ(decided_with("*", "bg_1").decision, Decision::allow) << "break-glass";
}

TEST_F(Exceptions, NeverReachPastAnInvariantAKeysLimitOrAPersonsCredential) {
    load(rules);
    facts_.class_floor = Class::trade_secret;
    for (const auto* rule : {"default", "*", "invariant-1"}) {
        const Plan plan = decided_with(rule);
        for (std::size_t i = 0; i < plan.upstream_count; ++i) EXPECT_NE(plan.upstreams[i], vendor) << rule;
    }
    facts_.class_floor = Class::internal;
    facts_.key_max_class = Class::open_source;
    EXPECT_EQ(decided_with("*").decision, Decision::refuse);
    facts_.key_max_class = Class::trade_secret;
    facts_.account = AccountKind::personal;
    EXPECT_EQ(decided_with("*").decision, Decision::refuse);
}

// Where nothing is enforced but the invariants, everything passes but them; where all is, modes make no difference. In between,
// what is allowed is what was allowed before or is not refused by something enforced.
TEST(ModesProperty, RelaxingOnlyLetsMoreThroughAndNeverPastAnInvariant) {
    small::Random random(42);
    int passed_more = 0;
    for (int round = 0; round < 3000; ++round) {
        const small::Dimensions used = small::choose_dimensions(random);
        const auto rules = small::random_rules(random, used, 1 + random.below(5));
        const auto never = small::random_conditions(random, used);
        const auto seed = random.below(1'000'000);
        small::Random same(static_cast<unsigned>(seed));
        small::Setting setting;
        const std::string text = small::policy_text(same, used, rules, &never, setting);
        const auto relaxed = load_text(text, "relaxed.yaml", Invariants::unproven);
        const auto strict = load_text(small::enforced(text), "strict.yaml", Invariants::unproven);
        ASSERT_TRUE(relaxed.policy && strict.policy) << text;
        const bool relaxes = relaxed.policy->program().relaxes; // invariants act by themselves only then
        small::each_request(used, [&](const Facts& facts) {
            for (std::uint16_t u = 0; u < small::upstream_count; ++u) {
                const std::uint16_t one[] = {u};
                const Plan before = decide(*strict.policy, facts, one), after = decide(*relaxed.policy, facts, one);
                const bool forbidden = small::holds(never, setting, facts, before.effective_class, u);
                if (relaxes && forbidden) {
                    ASSERT_EQ(after.decision, Decision::refuse) << text;
                    continue;
                }
                if (before.decision == Decision::allow) {
                    ASSERT_EQ(after.decision, Decision::allow) << text;
                    ASSERT_EQ(name(after.mode), "enforce") << text;
                }
                if (before.decision == Decision::refuse && after.decision == Decision::allow) {
                    ASSERT_NE(after.mode, Mode::enforce) << text;
                    ASSERT_NE(after.would_refuse, RefusedBy::nothing) << text;
                    ++passed_more;
                }
            }
        });
    }
    EXPECT_GT(passed_more, 1000);
}

} // namespace
} // namespace sallyport::policy
