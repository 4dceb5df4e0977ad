// A policy that keeps all of its invariants, and one change after the other that breaks one of them: each is found, told with a
// request, and decide() lets that very request through.
#include "policy/decide.h"
#include "policy/program.h"
#include "policy/prove.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sallyport::policy {
namespace {

constexpr std::string_view sound = R"(version: 1
repositories:
  - { match: "git.acme.example/core/**",    class: trade-secret }
  - { match: "git.acme.example/mono",       class: internal, paths: { "engine/**": trade-secret } }
  - { match: "git.acme.example/clients/**", class: customer, legal_entity: acme-gmbh }
  - { match: "git.acme.example/**",         class: internal }
unknown_repository: customer
claims_lower_to: customer
legal_entity: acme-inc
clients:
  claude-code: { versions: ">=2.1.198" }
  codex:       { versions: ">=0.160.0" }
  unknown:     {}
upstreams:
  anthropic: { vendor: anthropic, hosting: vendor, region: eu, training: never, retention: none, payment: invoice,
               contract: { name: enterprise, until: 2027-01-01 }, legal_entities: [acme-gmbh, acme-inc] }
  openai:    { vendor: openai, hosting: vendor, region: us, training: never, retention: 30d, payment: card,
               contract: standard, legal_entities: [acme-inc] }
  local:     { vendor: self, hosting: own, region: eu, training: never, retention: none, payment: none, contract: none }
plugins:
  github: { classes: [open-source, internal, customer], url: "https://mcp.github.example/**" }
  jira:   { classes: [open-source, internal] }
rules:
  - id: open
    when: { class: [open-source, internal] }
    allow: { upstreams: [anthropic, openai, local], models: ["claude-*", "gpt-5*", "qwen-*"] }
  - id: customers
    when: { class: customer, client: [claude-code, codex] }
    allow: { upstreams: [anthropic, local], models: ["claude-*", "qwen-*"], references: [] }
  - id: secrets-at-home
    when: { class: [secret-bearing, trade-secret] }
    allow: { upstreams: [local], clients: [claude-code, codex], plugins: [] }
  - { id: no-previews, when: { model: "*-preview" }, refuse: true }
  - { id: no-old-codex, when: { client: codex, client_version: "<0.170.0", class: customer }, refuse: true }
  - { id: no-weekends, when: { class: customer, hosting: vendor, days: [sat, sun] }, refuse: true }
  - { id: no-contractors, when: { role: contractor, class: [customer, secret-bearing, trade-secret] }, refuse: true }
  - { id: no-interns, when: { team: interns, class: [customer, secret-bearing, trade-secret] }, refuse: true }
  - { id: bound-only, when: { class: trade-secret, evidence: [none, claimed] }, refuse: true }
  - { id: no-jira-at-openai, when: { plugin: jira, upstream: openai }, refuse: true }
invariants:
  - never: { class: [secret-bearing, trade-secret], hosting: vendor }
  - never: { class: customer, region: us }
  - never: { account: personal }
  - never: { class: customer, references: [url, file, vendor-tool, remote-mcp] }
  - never: { client: unknown, class: [customer, secret-bearing, trade-secret] }
  - never: { client: codex, client_version: "<0.170.0", class: customer }
  - never: { model: "*-preview" }
  - never: { plugin: jira, vendor: openai }
  - never: { legal_entity: acme-gmbh, region: us }
  - never: { role: contractor, class: customer }
  - never: { days: [sat, sun], class: customer, hosting: vendor }
  - never: { team: interns, class: [customer, secret-bearing, trade-secret] }
  - never: { training: [allowed, unknown] }
  - never: { class: customer, retention: 30d }
  - never: { class: trade-secret, evidence: [none, claimed] }
  - never: { hosting: vendor, from: 2027-01-01, region: eu }
  - never: { class: [secret-bearing, trade-secret], plugin: [github, jira] }
  - never: { class: customer, payment: card }
  - never: { class: customer, contract: standard }
)";

struct Planted {
    std::string_view what, from, to;
    std::size_t invariant; // counted from 1
    std::string_view rule; // that lets it through
};

constexpr Planted planted[] = {
    {"a rule sends trade secrets to a vendor",
     "when: { class: [secret-bearing, trade-secret] }\n    allow: { upstreams: [local]",
     "when: { class: [secret-bearing, trade-secret] }\n    allow: { upstreams: [local, anthropic]", 1,
     "secrets-at-home"},
    {"a rule forgets the class", "when: { class: [open-source, internal] }", "when: {}", 1, "open"},
    {"a class more in a list", "when: { class: [open-source, internal] }",
     "when: { class: [open-source, internal, secret-bearing] }", 1, "open"},
    {"an upstream moves to a vendor", "local:     { vendor: self, hosting: own",
     "local:     { vendor: self, hosting: vendor", 1, "secrets-at-home"},
    {"customers' code may go overseas", "allow: { upstreams: [anthropic, local], models",
     "allow: { upstreams: [anthropic, openai, local], models", 2, "customers"},
    {"an upstream changes its region", "hosting: vendor, region: eu, training", "hosting: vendor, region: us, training",
     2, "customers"},
    {"an upstream no longer states its region", "hosting: vendor, region: eu, training", "hosting: vendor, training", 2,
     "customers"},
    {"all upstreams are meant", "allow: { upstreams: [anthropic, local], models", "allow: { upstreams: \"*\", models",
     2, "customers"},
    {"personal accounts are let in", "models: [\"claude-*\", \"gpt-5*\", \"qwen-*\"] }",
     "models: [\"claude-*\", \"gpt-5*\", \"qwen-*\"], accounts: [company, personal] }", 3, "open"},
    {"references are let in", "references: [] }", "references: [url] }", 4, "customers"},
    {"every reference is let in", "references: [] }", "references: \"*\" }", 4, "customers"},
    {"any client may work for customers", "when: { class: customer, client: [claude-code, codex] }",
     "when: { class: customer }", 5, "customers"},
    {"any client may work on secrets", "clients: [claude-code, codex], plugins: [] }", "plugins: [] }", 5,
     "secrets-at-home"},
    {"an old version is no longer refused", "client_version: \"<0.170.0\", class: customer }, refuse",
     "client_version: \"<0.165.0\", class: customer }, refuse", 6, "customers"},
    {"a version is refused in another class only", "client_version: \"<0.170.0\", class: customer }, refuse",
     "client_version: \"<0.170.0\", class: internal }, refuse", 6, "customers"},
    {"the rule against previews has a slip in its pattern", "when: { model: \"*-preview\" }",
     "when: { model: \"*_preview\" }", 7, "open"},
    {"previews are refused at one upstream only", "when: { model: \"*-preview\" }",
     "when: { model: \"*-preview\", upstream: openai }", 7, "open"},
    {"a plugin's rule names another upstream", "when: { plugin: jira, upstream: openai }",
     "when: { plugin: jira, upstream: anthropic }", 8, "open"},
    {"a plugin's rule asks for two things", "when: { plugin: jira, upstream: openai }",
     "when: { plugin: jira, upstream: openai, account: personal }", 8, "open"},
    {"a contract is said to serve another entity", "contract: standard, legal_entities: [acme-inc] }",
     "contract: standard, legal_entities: [acme-inc, acme-gmbh] }\n  spare: { vendor: self, hosting: own, region: eu, "
     "training: never, retention: none, payment: none, contract: none }",
     0, ""},
    {"an entity's repositories become internal", "class: customer, legal_entity: acme-gmbh }",
     "class: internal, legal_entity: acme-gmbh }", 0, ""},
    {"an entity's internal repositories and a contract that serves all",
     "contract: standard, legal_entities: [acme-inc] }", "contract: standard }", 0, ""},
    {"a role's rule is limited to a team",
     "when: { role: contractor, class:", "when: { role: contractor, team: web, class:", 10, "customers"},
    {"Sunday is forgotten", "hosting: vendor, days: [sat, sun] }, refuse", "hosting: vendor, days: sat }, refuse", 11,
     "customers"},
    {"the week-end ends in the evening", "hosting: vendor, days: [sat, sun] }, refuse",
     "hosting: vendor, days: [sat, sun], hours: \"00:00-18:00\" }, refuse", 11, "customers"},
    {"the week-end is another one at another offset", "version: 1\n", "version: 1\nutc_offset: \"+02:00\"\n", 0, ""},
    {"interns are kept out of one class only",
     "when: { team: interns, class: [customer, secret-bearing, trade-secret] }",
     "when: { team: interns, class: customer }", 12, "secrets-at-home"},
    {"an upstream trains", "region: us, training: never", "region: us, training: allowed", 13, "open"},
    {"an upstream does not say whether it trains", "region: us, training: never", "region: us", 13, "open"},
    {"retention changes", "training: never, retention: none, payment: invoice",
     "training: never, retention: 30d, payment: invoice", 14, "customers"},
    {"a claim is enough for trade secrets", "when: { class: trade-secret, evidence: [none, claimed] }, refuse",
     "when: { class: trade-secret, evidence: none }, refuse", 15, "secrets-at-home"},
    {"a contract is prolonged", "until: 2027-01-01 }, legal", "until: 2027-01-02 }, legal", 16, "open"},
    {"a contract has no end", "contract: { name: enterprise, until: 2027-01-01 }", "contract: enterprise", 16, "open"},
    {"a plugin on secrets", "plugins: [] }", "plugins: [github] }\n", 0, ""},
    {"a plugin is approved for secrets and let in", "github: { classes: [open-source, internal, customer]",
     "github: { classes: [open-source, internal, customer, trade-secret]", 0, ""},
    {"payment by card", "retention: none, payment: invoice", "retention: none, payment: card", 18, "customers"},
    {"a contract of another kind", "contract: { name: enterprise, until", "contract: { name: standard, until", 19,
     "customers"},
};

std::string changed(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    EXPECT_EQ(text.find(from, at + 1), std::string::npos) << from << " is there twice";
    return text.replace(at, from.size(), to);
}

TEST(Planted, TheSoundPolicyIsProven) {
    const auto loaded = load_text(sound, "sound.yaml");
    ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
}

TEST(Planted, EachViolationIsFoundWithARequestThatPasses) {
    int found = 0;
    for (const Planted& one : planted) {
        SCOPED_TRACE(one.what);
        const std::string text = changed(std::string(sound), one.from, one.to);
        const auto loaded = load_text(text, "planted.yaml");
        if (one.invariant == 0) { // looks dangerous, and is not: another boundary holds
            EXPECT_TRUE(loaded.policy) << loaded.mistakes.front().text();
            continue;
        }
        ++found;
        ASSERT_FALSE(loaded.policy);
        const auto unproven = load_text(text, "planted.yaml", Invariants::unproven);
        ASSERT_TRUE(unproven.policy);
        const Document& document = unproven.policy->program().document;
        Proof proof = prove(document);
        EXPECT_EQ(proof.undecided, "");
        bool named = false;
        for (Violation& violation : proof.violations) {
            named =
                named || (violation.invariant + 1 == one.invariant && document.rules[violation.rule].id == one.rule);
            const Facts facts = violation.sample.facts();
            const std::uint16_t candidates[] = {static_cast<std::uint16_t>(violation.upstream)};
            const Plan plan = decide(*unproven.policy, facts, candidates);
            EXPECT_EQ(plan.decision, Decision::allow) << violation.words(document);
            EXPECT_EQ(plan.effective_class, violation.cls) << violation.words(document);
            const auto told = std::ranges::any_of(loaded.mistakes, [&](const Mistake& mistake) {
                return mistake.sentence.find(violation.words(document)) != std::string::npos &&
                       mistake.line == document.invariants[violation.invariant].place.line;
            });
            EXPECT_TRUE(told) << violation.words(document);
        }
        EXPECT_TRUE(named) << "found instead: "
                           << (proof.violations.empty() ? "nothing" : proof.violations.front().words(document));
    }
    EXPECT_GE(found, 25);
}

} // namespace
} // namespace sallyport::policy
