#include "policy/decide.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::policy {
namespace {

constexpr std::string_view acceptance = R"(
version: 1
repositories:
  - { match: "github.com/acme/website", class: open-source }
  - { match: "git.acme.example/core/docs", class: internal }
  - { match: "git.acme.example/core/**", class: trade-secret }
  - { match: "git.acme.example/mono", class: internal, paths: { "engine/**": trade-secret, "docs/**": open-source } }
  - { match: "git.acme.example/**", class: internal }
claims_lower_to: internal
clients:
  claude-code: { versions: ">=2.1.198" }
  codex: { versions: ">=0.160.0 <0.170 || 0.171.0" }
  unknown: {}
upstreams:
  eu: { vendor: anthropic, hosting: vendor, region: eu, contract: c-2026, training: never }
  us: { vendor: anthropic, hosting: vendor, region: us }
  cloud: { vendor: openai, hosting: cloud, region: eu }
  local: { vendor: self, hosting: own, region: eu }
plugins:
  github-mcp: { classes: [open-source, internal] }
  jira-mcp: { classes: [open-source, internal, customer, trade-secret] }
rules:
  - { id: open, when: { class: open-source }, allow: { upstreams: "*" } }
  - { id: inside, when: { class: internal }, allow: { upstreams: [eu, local], models: ["claude-*", "qwen-*"], references: [url] } }
  - { id: customer, when: { class: customer, evidence: [bound, observed] }, allow: { upstreams: [eu], plugins: [github-mcp] } }
  - { id: personal, when: { class: open-source, account: personal }, allow: { upstreams: cloud, accounts: personal } }
  - { id: home, when: { class: trade-secret }, allow: { upstreams: local, clients: [claude-code, codex], plugins: [] }, record: durable-first }
  - { id: red-team, when: { team: red }, refuse: "The red team works elsewhere." }
  - { id: not-us, when: { region: us, class: [internal, customer] }, refuse: true }
  - { id: old-codex, when: { client: codex, client_version: "<0.165", class: internal }, refuse: true }
  - { id: keep-bound, when: { evidence: bound }, record: durable-first }
)";

class Decide : public testing::Test {
protected:
    void use(std::string_view text) {
        const auto loaded = load_text(text, "p.yaml");
        for (const auto& mistake : loaded.mistakes) ADD_FAILURE() << mistake.text();
        policy_ = loaded.policy;
    }
    void SetUp() override {
        use(acceptance);
        facts_.client = "claude-code";
        facts_.client_version = "2.1.330";
        facts_.model = "claude-opus-4";
        facts_.repository = "git.acme.example/web";
        facts_.evidence = Evidence::claimed;
    }
    Plan decided() const { return decide(*policy_, facts_, candidates_); }
    // "allow eu,local by inside" or "refuse rule not-us"
    std::string outcome() const {
        const auto plan = decided();
        std::string text(name(plan.decision));
        if (plan.decision == Decision::refuse) {
            EXPECT_EQ(plan.upstream_count, 0);
            text += " " + std::string(name(plan.refused_by));
            return plan.rule == no_rule ? text : text + " " + std::string(policy_->rule_id(plan.rule));
        }
        for (std::size_t i = 0; i < plan.upstream_count; ++i)
            text += (i == 0 ? " " : ",") + policy_->upstreams()[plan.upstreams[i]].name;
        return text + " by " + std::string(policy_->rule_id(plan.rule)) + (plan.durable_first ? " durable-first" : "");
    }

    std::shared_ptr<const Policy> policy_;
    Facts facts_;
    std::vector<std::uint16_t> candidates_{0, 1, 2, 3};
};

TEST_F(Decide, class_follows_the_first_match_and_the_evidence) {
    const auto cls = [&](std::string_view repository, Evidence evidence) {
        facts_.repository = repository;
        facts_.evidence = evidence;
        return effective_class(*policy_, facts_);
    };
    EXPECT_EQ(cls("github.com/acme/website", Evidence::bound), Class::open_source);
    EXPECT_EQ(cls("github.com/acme/website", Evidence::observed), Class::open_source);
    EXPECT_EQ(cls("github.com/acme/website", Evidence::claimed), Class::internal) << "claims_lower_to";
    EXPECT_EQ(cls("github.com/acme/website", Evidence::none), Class::customer) << "nothing is known";
    EXPECT_EQ(cls("git.acme.example/core/docs", Evidence::bound), Class::internal) << "first match wins";
    EXPECT_EQ(cls("git.acme.example/core/engine", Evidence::claimed), Class::trade_secret);
    EXPECT_EQ(cls("gitlab.example/x", Evidence::bound), Class::customer) << "unknown_repository";
    EXPECT_EQ(cls("", Evidence::bound), Class::customer);
    EXPECT_EQ(cls("git.acme.example/mono", Evidence::bound), Class::trade_secret)
        << "its strictest part, where it is not known from which the content is";
    EXPECT_EQ(cls(std::string(2000, 'a'), Evidence::bound), Class::trade_secret) << "no pattern can tell";
    facts_.class_floor = Class::secret_bearing;
    EXPECT_EQ(cls("github.com/acme/website", Evidence::bound), Class::secret_bearing) << "it never falls";
    EXPECT_EQ(cls("git.acme.example/core/engine", Evidence::bound), Class::trade_secret);
}

TEST_F(Decide, candidates_keep_their_order_and_only_allowed_ones_stay) {
    EXPECT_EQ(outcome(), "allow eu,local by inside");
    candidates_ = {3, 2, 1, 0};
    EXPECT_EQ(outcome(), "allow local,eu by inside");
    candidates_ = {3};
    EXPECT_EQ(outcome(), "allow local by inside");
    candidates_ = {no_rule, 77};
    EXPECT_EQ(outcome(), "refuse no-rule");
    candidates_.clear();
    EXPECT_EQ(outcome(), "refuse no-rule");
}

TEST_F(Decide, at_most_sixteen_upstreams_are_planned) {
    std::string text = "version: 1\nrules: [{ id: all, allow: { upstreams: \"*\" } }]\nupstreams:\n";
    candidates_.clear();
    for (std::uint16_t i = 0; i < 40; ++i) {
        text += "  u" + std::to_string(i) + ": { vendor: v, hosting: own }\n";
        candidates_.push_back(i);
    }
    use(text);
    EXPECT_EQ(decided().upstream_count, plan_upstreams_max);
    EXPECT_EQ(decided().upstreams[15], 15);
}

TEST_F(Decide, models_are_matched_by_pattern) {
    facts_.model = "qwen-3-coder";
    EXPECT_EQ(outcome(), "allow eu,local by inside");
    for (const auto model : {"gpt-5", "Claude-opus", "claude", "claude-x/y", ""}) {
        facts_.model = model;
        EXPECT_EQ(outcome(), "refuse no-rule") << model;
    }
    const std::string huge = "claude-" + std::string(1000, 'x');
    facts_.model = huge;
    EXPECT_EQ(outcome(), "refuse no-rule");
}

TEST_F(Decide, a_list_of_models_is_judged_without_a_model) {
    facts_.model = "";
    facts_.generates = false;
    EXPECT_EQ(outcome(), "allow eu,local by inside");
    use("version: 1\nupstreams: { a: { vendor: v, hosting: own } }\n"
        "rules:\n  - { id: some, allow: { upstreams: a, models: x } }\n  - { id: no-y, when: { model: y }, refuse: "
        "true }\n");
    candidates_ = {0};
    EXPECT_EQ(outcome(), "allow a by some");
    facts_.generates = true;
    EXPECT_EQ(outcome(), "refuse rule no-y") << "a request that names no model may mean any";
}

TEST_F(Decide, clients_are_listed_and_in_their_range) {
    const auto ask = [&](std::string_view client, std::string_view version) {
        facts_.client = client;
        facts_.client_version = version;
        return outcome();
    };
    EXPECT_EQ(ask("claude-code", "2.1.197"), "refuse client-version");
    EXPECT_EQ(ask("claude-code", "2.1.198-rc.1"), "refuse client-version");
    EXPECT_EQ(ask("claude-code", ""), "refuse client-version");
    EXPECT_EQ(ask("claude-code", "latest"), "refuse client-version");
    EXPECT_EQ(ask("cursor", "9"), "refuse client");
    EXPECT_EQ(ask("", ""), "refuse client");
    EXPECT_EQ(ask("unknown", ""), "allow eu,local by inside");
    EXPECT_EQ(ask("codex", "0.169.0"), "allow eu,local by inside");
    EXPECT_EQ(ask("codex", "0.170.0"), "refuse client-version");
    EXPECT_EQ(ask("codex", "0.171.0"), "allow eu,local by inside");
    EXPECT_EQ(ask("codex", "0.171.1"), "refuse client-version");
    EXPECT_EQ(ask("codex", "0.160"), "refuse rule old-codex");
}

TEST_F(Decide, without_a_clients_section_every_client_is_approved) {
    use("version: 1\nupstreams: { local: { vendor: self, hosting: own } }\n"
        "rules:\n  - { id: all, allow: { upstreams: local } }\n"
        "  - { id: old, when: { client: codex, client_version: \"<1\" }, refuse: true }\n");
    candidates_ = {0};
    EXPECT_EQ(outcome(), "allow local by all");
    facts_.client = "never-heard-of";
    facts_.client_version = "";
    EXPECT_EQ(outcome(), "allow local by all");
    facts_.client = "codex";
    EXPECT_EQ(outcome(), "refuse rule old") << "a version that is not told does not help";
    facts_.client_version = "garbage";
    EXPECT_EQ(outcome(), "refuse rule old");
    facts_.client_version = "1.0";
    EXPECT_EQ(outcome(), "allow local by all");
}

TEST_F(Decide, a_refuse_beats_an_allow_wherever_it_stands) {
    facts_.team = "red";
    EXPECT_EQ(outcome(), "refuse rule red-team");
    facts_.team = "blue";
    EXPECT_EQ(outcome(), "allow eu,local by inside");
    use("version: 1\nupstreams: { a: { vendor: v, hosting: own }, b: { vendor: v, hosting: own } }\n"
        "rules:\n  - { id: no-b, when: { upstream: b }, refuse: true }\n"
        "  - { id: all, allow: { upstreams: \"*\" } }\n  - { id: no-x, when: { model: \"x*\" }, refuse: true }\n");
    candidates_ = {1, 0};
    EXPECT_EQ(outcome(), "allow a by all");
    candidates_ = {1};
    EXPECT_EQ(outcome(), "refuse rule no-b");
    candidates_ = {0, 1};
    facts_.model = "x1";
    EXPECT_EQ(outcome(), "refuse rule no-x");
    facts_.model = "";
    EXPECT_EQ(outcome(), "refuse rule no-x") << "a model that is not known does not help";
}

TEST_F(Decide, an_upstream_that_does_not_state_a_fact_is_no_exception_from_a_refusal) {
    use("version: 1\nupstreams: { a: { vendor: v, hosting: own }, b: { vendor: v, hosting: own, region: eu } }\n"
        "rules:\n  - { id: all, allow: { upstreams: \"*\" } }\n  - { id: no-us, when: { region: us }, refuse: true "
        "}\n");
    candidates_ = {0, 1};
    EXPECT_EQ(outcome(), "allow b by all");
}

TEST_F(Decide, a_key_is_not_used_above_its_class) {
    facts_.repository = "git.acme.example/core/engine";
    facts_.key_max_class = Class::secret_bearing;
    EXPECT_EQ(outcome(), "refuse key-class");
    facts_.key_max_class = Class::trade_secret;
    EXPECT_EQ(outcome(), "allow local by home durable-first");
}

TEST_F(Decide, a_personal_account_needs_a_rule_that_names_it) {
    facts_.account = AccountKind::personal;
    EXPECT_EQ(outcome(), "refuse personal-account");
    facts_.repository = "github.com/acme/website";
    facts_.evidence = Evidence::observed;
    EXPECT_EQ(outcome(), "allow cloud by personal");
    candidates_ = {0};
    EXPECT_EQ(outcome(), "refuse personal-account");
}

TEST_F(Decide, content_by_reference_is_refused_outside_open_source_unless_named) {
    constexpr std::uint32_t url = 1u << 5, vendor_tool = 1u << 6;
    facts_.references = url;
    EXPECT_EQ(outcome(), "allow eu,local by inside");
    facts_.references = url | vendor_tool;
    EXPECT_EQ(outcome(), "refuse reference");
    facts_.repository = "git.acme.example/core/engine";
    facts_.references = url;
    EXPECT_EQ(outcome(), "refuse reference");
    facts_.repository = "github.com/acme/website";
    facts_.evidence = Evidence::bound;
    facts_.references = 0xFF;
    EXPECT_EQ(outcome(), "allow eu,us,cloud,local by open durable-first");
    facts_.references = 0x100;
    EXPECT_EQ(outcome(), "refuse reference") << "a kind that this version does not know";
}

TEST_F(Decide, plugins_are_approved_by_class_and_by_rule) {
    const auto ask = [&](std::vector<std::string_view> plugins) {
        facts_.plugins = plugins;
        return outcome();
    };
    EXPECT_EQ(ask({"github-mcp", "jira-mcp"}), "allow eu,local by inside");
    EXPECT_EQ(ask({"github-mcp", "evil-mcp"}), "refuse plugin");
    facts_.repository = "git.acme.example/core/engine";
    EXPECT_EQ(ask({}), "allow local by home durable-first");
    EXPECT_EQ(ask({"jira-mcp"}), "refuse plugin") << "approved for the class, but the rule allows none";
    facts_.repository = "elsewhere.example/x";
    facts_.evidence = Evidence::observed;
    EXPECT_EQ(ask({}), "allow eu by customer");
    EXPECT_EQ(ask({"github-mcp"}), "refuse plugin") << "in the rule, but not approved for the class";
}

TEST_F(Decide, evidence_can_be_asked_for) {
    facts_.repository = "elsewhere.example/x";
    EXPECT_EQ(outcome(), "refuse no-rule");
    facts_.evidence = Evidence::bound;
    EXPECT_EQ(outcome(), "allow eu by customer durable-first") << "the record rule holds too";
}

TEST_F(Decide, a_policy_without_rules_refuses_everything) {
    use("version: 1\nupstreams: { a: { vendor: v, hosting: own } }\n");
    candidates_ = {0};
    EXPECT_EQ(outcome(), "refuse no-rule");
    use("version: 1\n");
    EXPECT_EQ(outcome(), "refuse no-rule");
}

TEST(Findings, ARuleThatAsksForOneHoldsWhenItIsThere) {
    const auto loaded = load_text(R"(version: 1
unknown_repository: internal
clients: { codex: {} }
upstreams: { eu: { vendor: a, hosting: vendor }, own: { vendor: self, hosting: own } }
rules:
  - { id: all, allow: { upstreams: "*" } }
  - { id: no-secrets-out, when: { finding: [secret, marker], confidence: [medium, high], hosting: vendor }, refuse: true }
)",
                                  "findings.yaml");
    ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
    Facts facts;
    facts.client = "codex";
    facts.model = "gpt-5";
    const std::vector<std::uint16_t> candidates = {0, 1};
    EXPECT_EQ(decide(*loaded.policy, facts, candidates).upstream_count, 2);
    facts.findings = 1u << finding_bit(0, 0) | 1u << finding_bit(3, 2);
    EXPECT_EQ(decide(*loaded.policy, facts, candidates).upstream_count, 2)
        << "a weak secret, and what could not be read";
    facts.findings |= 1u << finding_bit(0, 2);
    const Plan plan = decide(*loaded.policy, facts, candidates);
    ASSERT_EQ(plan.upstream_count, 1);
    EXPECT_EQ(plan.upstreams[0], 1);
    const std::vector<std::uint16_t> vendor = {0};
    const auto said = sentence(*loaded.policy, facts, decide(*loaded.policy, facts, vendor), vendor);
    EXPECT_NE(said.find("with secret (high) in it"), std::string::npos) << said;
}

} // namespace
} // namespace sallyport::policy
