#include "policy/document.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

// The mistakes of a policy with these rules (from line 8) and this invariant (line 7), without their file.
std::string broken(const std::string& never, const std::string& rules) {
    const auto loaded = load_text(
        "version: 1\nunknown_repository: open-source\nclaims_lower_to: open-source\n"
        "upstreams: { eu: { vendor: anthropic, hosting: vendor, region: eu }, local: { vendor: self, hosting: own } }\n"
        "plugins: { a: { classes: [open-source, internal] }, b: { classes: trade-secret } }\n"
        "clients: { claude-code: {}, codex: {} }\n"
        "invariants: [{ never: { " +
            never + " } }]\nrules:\n" + rules,
        "p.yaml");
    std::string all;
    for (const auto& mistake : loaded.mistakes) all += (all.empty() ? "" : "\n") + mistake.text();
    EXPECT_EQ(loaded.policy == nullptr, !all.empty());
    return all;
}

constexpr auto everything = "  - { id: all, allow: { upstreams: \"*\" } }\n";

TEST(Invariants, a_violation_names_the_rule_and_a_case) {
    EXPECT_EQ(
        broken("class: trade-secret, hosting: vendor", everything),
        "p.yaml:7:23: this invariant is broken: rule 'all' (p.yaml:9) lets through what is never allowed: client "
        "claude-code (version not told) names no model in class trade-secret (evidence none), to upstream eu (vendor "
        "anthropic, hosting vendor, region eu); narrow that rule");
}

TEST(Invariants, a_policy_that_keeps_them_loads) {
    EXPECT_EQ(broken("class: trade-secret, hosting: vendor", "  - { id: a, allow: { upstreams: local } }\n"), "");
    EXPECT_EQ(broken("class: trade-secret, hosting: vendor",
                     "  - { id: a, when: { class: internal }, allow: { upstreams: \"*\" } }\n"),
              "");
    EXPECT_EQ(broken("class: trade-secret, hosting: vendor",
                     "  - { id: a, when: { hosting: own }, allow: { upstreams: \"*\" } }\n"),
              "");
    EXPECT_EQ(broken("class: trade-secret, upstream: eu, client: codex",
                     "  - { id: a, allow: { upstreams: eu, clients: claude-code } }\n"),
              "");
    EXPECT_EQ(broken("class: internal, account: personal", everything), "")
        << "company accounts only, unless a rule says more";
    EXPECT_EQ(broken("class: internal, references: url", everything), "") << "no references outside open-source";
}

TEST(Invariants, every_dimension_counts) {
    EXPECT_NE(broken("vendor: anthropic", everything), "");
    EXPECT_NE(broken("upstream: eu", everything), "");
    EXPECT_NE(broken("class: internal, client: codex", everything), "");
    EXPECT_NE(broken("class: internal, team: night", everything), "") << "a rule without teams lets every team through";
    EXPECT_NE(broken("class: internal, evidence: claimed", everything), "");
    EXPECT_NE(broken("class: open-source, references: url", everything), "");
    EXPECT_NE(broken("account: personal", "  - { id: a, allow: { upstreams: local, accounts: [personal] } }\n"), "");
    EXPECT_NE(broken("class: internal, plugin: a", everything), "");
    EXPECT_EQ(broken("class: internal, plugin: b", everything), "") << "b is not approved there";
    EXPECT_EQ(broken("class: internal, plugin: a", "  - { id: a, allow: { upstreams: local, plugins: [b] } }\n"), "");
}

TEST(Invariants, models_are_compared_as_patterns) {
    EXPECT_NE(broken("class: customer, model: \"gpt-*\"", everything), "");
    EXPECT_NE(broken("class: customer, model: \"*-preview\"",
                     "  - { id: a, allow: { upstreams: eu, models: \"claude-*\" } }\n"),
              "");
    EXPECT_EQ(
        broken("class: customer, model: \"gpt-*\"", "  - { id: a, allow: { upstreams: eu, models: \"claude-*\" } }\n"),
        "");
    EXPECT_EQ(broken("class: customer, model: \"gpt-*\"",
                     "  - { id: a, when: { model: \"claude-*\" }, allow: { upstreams: eu } }\n"),
              "");
}

TEST(Invariants, an_upstream_that_does_not_state_the_fact_may_have_it) {
    EXPECT_NE(broken("region: us", "  - { id: a, allow: { upstreams: local } }\n").find("region not stated"),
              std::string::npos);
    EXPECT_EQ(broken("region: us", "  - { id: a, allow: { upstreams: eu } }\n"), "");
}

TEST(Invariants, a_refuse_rule_that_covers_the_case_keeps_them) {
    const std::string allow = everything;
    EXPECT_EQ(broken("class: trade-secret, hosting: vendor",
                     allow + "  - { id: r, when: { class: trade-secret, hosting: [vendor, cloud] }, refuse: true }\n"),
              "");
    EXPECT_EQ(broken("class: customer, model: \"gpt-*\", team: a",
                     allow + "  - { id: r, when: { team: [a, b], model: \"gpt-*\" }, refuse: true }\n"),
              "");
    EXPECT_NE(broken("class: trade-secret, hosting: vendor",
                     allow + "  - { id: r, when: { class: trade-secret, hosting: vendor, team: a }, refuse: true }\n"),
              "");
    EXPECT_NE(
        broken(
            "class: trade-secret, hosting: vendor",
            allow +
                "  - { id: r, when: { class: trade-secret, client: codex, client_version: \"<1\" }, refuse: true }\n"),
        "");
    EXPECT_NE(broken("class: trade-secret",
                     "  - { id: a, allow: { upstreams: local, clients: codex } }\n"
                     "  - { id: r, when: { client: codex, client_version: \"<1\" }, refuse: true }\n"),
              "");
    EXPECT_NE(broken("class: internal", allow + "  - { id: r, when: { plugin: a }, refuse: true }\n"), "");
}

} // namespace
} // namespace sallyport::policy
