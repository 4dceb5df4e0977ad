// prove() and compare() against brute force: every request that a small random policy can tell apart is decided one by one.
#include "policy/prove.h"

#include "policy/compare.h"
#include "policy/decide.h"
#include "policy/program.h"
#include "policy/small_space_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace sallyport::policy {
namespace {

// SALLYPORT_ROUNDS: 100,000 at night.
const int rounds = [] {
    const char* asked = std::getenv("SALLYPORT_ROUNDS");
    if (asked != nullptr) return std::atoi(asked);
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return 2'000;
#endif
#endif
    return 6'000;
}();

const Document& document_of(const Policy::Loaded& loaded) { return loaded.policy->program().document; }

bool allows(const Policy& policy, const Facts& facts, std::uint16_t upstream) {
    const std::uint16_t candidates[] = {upstream};
    return decide(policy, facts, candidates).decision == Decision::allow;
}

TEST(Prove, EqualsBruteForce) {
    small::Random random(20261126);
    int broken = 0, kept = 0;
    for (int round = 0; round < rounds; ++round) {
        const small::Dimensions used = small::choose_dimensions(random);
        const auto rules = small::random_rules(random, used, 1 + random.below(6));
        const auto never = small::random_conditions(random, used);
        small::Setting setting;
        const std::string text = small::enforced(small::policy_text(random, used, rules, &never, setting));
        const auto loaded = load_text(text, "p.yaml", Invariants::unproven);
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text() << "\n" << text;
        std::set<std::uint16_t> expected; // upstreams at which something forbidden is let through
        small::each_request(used, [&](const Facts& facts) {
            for (std::uint16_t u = 0; u < small::upstream_count; ++u)
                if (!expected.contains(u) &&
                    small::holds(never, setting, facts, effective_class(*loaded.policy, facts), u) &&
                    allows(*loaded.policy, facts, u))
                    expected.insert(u);
        });
        Proof proof = prove(document_of(loaded));
        ASSERT_EQ(proof.undecided, "") << text;
        std::set<std::uint16_t> found;
        for (Violation& violation : proof.violations) {
            const auto upstream = static_cast<std::uint16_t>(violation.upstream);
            found.insert(upstream);
            const Facts facts = violation.sample.facts();
            ASSERT_EQ(effective_class(*loaded.policy, facts), violation.cls) << text;
            ASSERT_TRUE(allows(*loaded.policy, facts, upstream)) << violation.words(document_of(loaded)) << "\n"
                                                                 << text;
            ASSERT_TRUE(small::holds(never, setting, facts, violation.cls, upstream))
                << violation.words(document_of(loaded)) << "\n"
                << text;
        }
        // One case a rule is told, so fewer upstreams may be named; but never none, and never a wrong one.
        ASSERT_EQ(found.empty(), expected.empty()) << text;
        ASSERT_TRUE(std::ranges::includes(expected, found)) << text;
        ++(expected.empty() ? kept : broken);
    }
    EXPECT_GT(broken, rounds / 10);
    EXPECT_GT(kept, rounds / 10);
}

TEST(Compare, EqualsBruteForce) {
    small::Random random(7);
    int differing = 0;
    for (int round = 0; round < rounds / 2; ++round) {
        const small::Dimensions used = small::choose_dimensions(random);
        auto rules = small::random_rules(random, used, 1 + random.below(5));
        small::Setting setting;
        const std::string before_text = small::policy_text(random, used, rules, nullptr, setting);
        // A change as people make it: a rule goes, comes or is another one.
        if (random.below(3) != 0) rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(random.below(rules.size())));
        if (random.below(3) != 0) {
            auto more = small::random_rules(random, used, 1);
            more.front().id = "fresh";
            rules.push_back(more.front());
        }
        const std::string after_text = small::policy_text(random, used, rules, nullptr, setting);
        const auto before = load_text(before_text, "before.yaml"), after = load_text(after_text, "after.yaml");
        ASSERT_TRUE(before.policy && after.policy) << before_text << after_text;
        using Row = std::tuple<bool, Class, Class, std::string>;
        std::map<Row, std::pair<std::set<std::string>, std::set<std::string>>> expected; // clients, teams
        small::each_request(used, [&](const Facts& facts) {
            for (std::uint16_t u = 0; u < small::upstream_count; ++u) {
                const bool was = allows(*before.policy, facts, u), is = allows(*after.policy, facts, u);
                if (was == is) continue;
                auto& [clients, teams] = expected[{is, effective_class(*before.policy, facts),
                                                   effective_class(*after.policy, facts), "u" + std::to_string(u)}];
                // What neither policy names is one of the others.
                const auto named = [&](std::string_view one) {
                    return (before_text + after_text).find(one) != std::string::npos;
                };
                clients.insert(named(facts.client) ? std::string(facts.client) : "another");
                teams.insert(named(facts.team) ? std::string(facts.team) : std::string());
            }
        });
        Comparison comparison = compare(document_of(before), document_of(after));
        ASSERT_EQ(comparison.undecided, "");
        std::map<Row, std::pair<std::set<std::string>, std::set<std::string>>> found;
        for (Change& change : comparison.changes) {
            auto& [clients, teams] = found[{change.gained, change.before, change.after, change.upstream}];
            // A client or team that only the space names stands for all others.
            for (const auto& client : change.clients)
                clients.insert(client.starts_with("other-client") ? "another" : client);
            for (const auto& team : change.teams) teams.insert(team);
            const Facts facts = change.sample.facts();
            const auto u = static_cast<std::uint16_t>(change.upstream[1] - '0');
            ASSERT_EQ(allows(*after.policy, facts, u), change.gained) << before_text << after_text;
            ASSERT_EQ(allows(*before.policy, facts, u), !change.gained) << before_text << after_text;
        }
        ASSERT_EQ(found, expected) << before_text << after_text;
        differing += expected.empty() ? 0 : 1;
    }
    EXPECT_GT(differing, rounds / 10);
}

TEST(Compare, TellsWhoseClassChanges) {
    const std::string rest = "upstreams: { u: { vendor: v, hosting: vendor } }\nclaims_lower_to: open-source\n"
                             "rules: [{ id: open, when: { class: open-source }, allow: { upstreams: u } }]\n";
    const auto before = load_text(
        "version: 1\nrepositories: [{ match: \"h/a\", class: open-source }, { match: \"h/**\", class: internal }]\n" +
            rest,
        "b");
    const auto after = load_text("version: 1\nrepositories: [{ match: \"h/**\", class: internal }]\n" + rest, "a");
    ASSERT_TRUE(before.policy && after.policy);
    auto comparison = compare(document_of(before), document_of(after));
    ASSERT_EQ(comparison.changes.size(), 1u);
    const Change& change = comparison.changes.front();
    EXPECT_FALSE(change.gained);
    EXPECT_EQ(change.sample.repository, "h/a");
    EXPECT_EQ(name(change.before), "open-source");
    EXPECT_EQ(name(change.after), "internal");
    EXPECT_TRUE(change.all_clients && change.all_teams);
}

TEST(Prove, KnowsThatTwoRefusalsTogetherCover) {
    const auto loaded =
        load_text("version: 1\nupstreams: { u: { vendor: v, hosting: vendor } }\nrules:\n"
                  "  - { id: all, allow: { upstreams: u } }\n"
                  "  - { id: bound, when: { class: trade-secret, evidence: [bound, observed] }, refuse: true }\n"
                  "  - { id: loose, when: { class: trade-secret, evidence: [none, claimed] }, refuse: true }\n"
                  "invariants: [{ never: { class: trade-secret, hosting: vendor } }]\n",
                  "p.yaml");
    EXPECT_TRUE(loaded.policy);
}

std::string without_effect(std::string_view rules) {
    const auto loaded =
        load_text("version: 1\nunknown_repository: internal\nteams: { ops: { mode: observe }, web: {} }\n"
                  "upstreams: { eu: { vendor: a, hosting: own }, us: { vendor: b, hosting: vendor } }\n"
                  "rules:\n" +
                      std::string(rules),
                  "p.yaml");
    EXPECT_TRUE(loaded.policy) << loaded.mistakes.front().text();
    std::string all;
    for (const Mistake& one : rules_without_effect(loaded.policy->program().document)) all += one.text() + "\n";
    return all;
}

TEST(Prove, FindsTheRuleOfWhichOthersLeaveNothing) {
    EXPECT_EQ(without_effect("  - { id: a, when: { team: web }, allow: { upstreams: \"*\" } }\n"
                             "  - { id: b, when: { hosting: own }, refuse: true }\n"
                             "  - { id: c, when: { vendor: b }, refuse: true }\n"),
              "p.yaml:6:5: rule 'a' lets nothing through: what it allows is refused by rules 'b', 'c'\n");
    EXPECT_EQ(without_effect("  - { id: a, allow: { upstreams: eu, models: [\"x-*\"] } }\n"
                             "  - { id: b, when: { model: \"x-*\" }, refuse: true, mode: enforce }\n"),
              "p.yaml:6:5: rule 'a' lets nothing through: what it allows is refused by rule 'b'\n");
    // Something is left: another model, a team for which the refusal is only observed, a rule that warns.
    EXPECT_EQ(without_effect("  - { id: a, allow: { upstreams: eu, models: [\"x-*\"] } }\n"
                             "  - { id: b, when: { model: \"x-y*\" }, refuse: true, mode: enforce }\n"),
              "");
    EXPECT_EQ(without_effect("  - { id: a, allow: { upstreams: eu } }\n  - { id: b, refuse: true }\n"), "");
    EXPECT_EQ(without_effect("  - { id: a, when: { team: web }, allow: { upstreams: eu } }\n"
                             "  - { id: b, refuse: true, mode: warn }\n"),
              "");
}

TEST(Prove, SaysWhereItCannotTell) {
    std::string models;
    for (char c = 'a'; c <= 'z'; ++c)
        models += std::string(models.empty() ? "" : ", ") + "\"**" + c + "**" + c + "**\"";
    const auto loaded = load_text("version: 1\nupstreams: { u: { vendor: v, hosting: vendor } }\nrules:\n"
                                  "  - { id: all, allow: { upstreams: u, models: [" +
                                      models +
                                      "] } }\n"
                                      "invariants: [{ never: { class: trade-secret, hosting: vendor } }]\n",
                                  "p.yaml");
    ASSERT_FALSE(loaded.policy);
    EXPECT_NE(loaded.mistakes.front().text().find("not proven"), std::string::npos) << loaded.mistakes.front().text();
}

} // namespace
} // namespace sallyport::policy
