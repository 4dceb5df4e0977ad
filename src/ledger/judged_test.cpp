// Law 9: what an entry holds is enough to repeat the decision.
#include "ledger/judged.h"

#include "policy/decide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sallyport::ledger {
namespace {

constexpr std::string_view policy_text = R"(
version: 1
repositories:
  - { match: "github.com/acme/website", class: open-source }
  - { match: "git.acme.example/core/**", class: trade-secret }
unknown_repository: customer
claims_lower_to: open-source
clients:
  claude-code: { versions: ">=2.1.198" }
upstreams:
  anthropic-eu: { vendor: anthropic, hosting: vendor, region: eu }
  backup: { vendor: anthropic, hosting: cloud, region: us }
  local: { vendor: self, hosting: own }
rules:
  - id: open-code
    when: { class: [open-source, internal] }
    allow: { upstreams: [anthropic-eu, local], models: ["claude-*"] }
  - id: stay-home
    when: { class: trade-secret }
    allow: { upstreams: [local] }
    record: durable-first
)";

// As an auditor does: from the entry's text alone, and the policy.
policy::Plan decide_again(const policy::Policy& policy, const Judgement& judgement) {
    std::vector<std::uint16_t> candidates;
    for (const std::string_view name : judgement.candidates) candidates.push_back(policy.upstream_named(name));
    return policy::decide(policy, judgement.facts, candidates);
}

TEST(Judged, HoldsWhatTheDecisionNeedsAndGave) {
    const auto loaded = policy::load_text(policy_text, "policy.yaml");
    for (const auto& mistake : loaded.mistakes) ADD_FAILURE() << mistake.text();
    ASSERT_TRUE(loaded.policy);
    const policy::Policy& policy = *loaded.policy;
    const std::vector<std::uint16_t> candidates = {policy.upstream_named("local"), policy.upstream_named("backup"),
                                                   policy.upstream_named("anthropic-eu")};
    const std::string_view plugins[] = {"jira"};
    std::size_t decisions[2] = {};
    for (const char* repository : {"github.com/acme/website", "git.acme.example/core/engine", "elsewhere", ""})
        for (const char* version : {"2.1.330", "2.1.90", ""})
            for (const char* model : {"claude-sonnet-4-5", "gpt-5", "odd \"\\\n\xED\xA0\x80"})
                for (int variant = 0; variant < 8; ++variant) {
                    policy::Facts facts;
                    facts.person = "p_abcdefghijklmnopqrst";
                    facts.client = "claude-code";
                    facts.client_version = version;
                    facts.repository = repository;
                    facts.evidence = *repository == '\0' ? policy::Evidence::none : policy::Evidence::claimed;
                    facts.model = model;
                    facts.dialect = "anthropic-messages";
                    facts.at_ms = 1'795'000'000'000;
                    if ((variant & 1) != 0) facts.plugins = plugins;
                    if ((variant & 2) != 0) facts.references = 1u << 6;
                    if ((variant & 4) != 0) facts.class_floor = policy::Class::trade_secret;
                    const policy::Plan plan = policy::decide(policy, facts, candidates);
                    const Judged judged(policy, facts, candidates, plan, "world");
                    Refusal recorded;
                    recorded.judged = true;
                    recorded.judgement = judged.judgement();
                    std::string text;
                    encode(recorded, text);
                    const auto entry = decode(text);
                    ASSERT_TRUE(entry) << entry.error().message;
                    const Judgement& read = entry->as<Refusal>()->judgement;
                    EXPECT_EQ(read.policy, policy.digest());
                    EXPECT_EQ(read.world, "world");

                    const policy::Plan again = decide_again(policy, read);
                    const Judged repeated(policy, read.facts, candidates, again, "world");
                    const Judgement& made = repeated.judgement();
                    EXPECT_EQ(made.decision, read.decision);
                    EXPECT_EQ(made.effective_class, read.effective_class);
                    EXPECT_EQ(made.refused_by, read.refused_by);
                    EXPECT_EQ(made.rule, read.rule);
                    EXPECT_EQ(made.durable_first, read.durable_first);
                    EXPECT_EQ(made.mode, read.mode);
                    EXPECT_EQ(made.would_refuse, read.would_refuse);
                    EXPECT_EQ(made.would_rule, read.would_rule);
                    EXPECT_TRUE(std::ranges::equal(made.upstreams, read.upstreams));
                    EXPECT_TRUE(std::ranges::equal(made.upstream_rules, read.upstream_rules));
                    ++decisions[read.decision == policy::Decision::refuse ? 1 : 0];
                }
    EXPECT_GT(decisions[0], 10u);
    EXPECT_GT(decisions[1], 10u);
}

} // namespace
} // namespace sallyport::ledger
