// Advisories as a fact: one refuses the version that it covers where the policy says so for the client, and does nothing else.
#include "policy/decide.h"
#include "policy/document.h"
#include "policy/naive_policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::string_view text = R"(
version: 1
mode: {}
unknown_repository: internal
clients:
  claude-code: {{ versions: "{}", advisories: refuse }}
  codex: {{}}
upstreams:
  u: {{ vendor: v, hosting: own }}
rules:
  - {{ id: all, allow: {{ upstreams: u }} }}
)";
constexpr std::uint16_t candidates[] = {0};

std::shared_ptr<const Policy> made(std::string_view mode = "enforce", std::string_view versions = "*") {
    auto loaded = load_text(fmt::format(fmt::runtime(text), mode, versions), "p.yaml");
    EXPECT_TRUE(loaded.policy) << (loaded.mistakes.empty() ? "" : loaded.mistakes.front().text());
    EXPECT_TRUE(loaded.warnings.empty());
    return loaded.policy;
}
Facts facts_of(std::string_view client, std::string_view version,
               Advisory advisory = {"x_S-1", "a hidden mark", "2.1.198"}) {
    Facts facts;
    facts.client = client;
    facts.client_version = version;
    facts.model = "m";
    facts.advisory = advisory;
    return facts;
}

TEST(Advisory, refuses_where_the_policy_says_so) {
    const auto policy = made();
    const auto covered = facts_of("claude-code", "2.1.196");
    EXPECT_EQ(decide(*policy, covered, candidates).refused_by, RefusedBy::advisory);
    EXPECT_EQ(decide(*policy, facts_of("claude-code", "2.1.198", {}), candidates).decision, Decision::allow);
    EXPECT_EQ(decide(*policy, facts_of("codex", "1"), candidates).decision, Decision::allow);
    EXPECT_EQ(decide(*policy, facts_of("other", "1"), candidates).refused_by, RefusedBy::client);
    EXPECT_EQ(decide(*made("enforce", ">=2.2"), covered, candidates).refused_by, RefusedBy::client_version);
    EXPECT_EQ(smallest_change(*policy, covered, candidates),
              "claude-code in a version that no advisory covers: 2.1.198 or later");
}

TEST(Advisory, the_sentence_names_it_and_says_what_to_do) {
    const auto said = [](const Policy& policy, const Facts& facts) {
        return sentence(policy, facts, decide(policy, facts, candidates), candidates);
    };
    const std::string head = "Sallyport refused this request: client claude-code 2.1.196 is covered by advisory x_S-1 "
                             "(a hidden mark). ";
    EXPECT_EQ(said(*made(), facts_of("claude-code", "2.1.196")), head + "Update to 2.1.198 or later and try again.");
    EXPECT_EQ(said(*made("enforce", "<2.1.198"), facts_of("claude-code", "2.1.196")),
              head + "It is mended in 2.1.198, which is not approved here yet; ask your platform team.");
    EXPECT_EQ(said(*made(), facts_of("claude-code", "2.1.196", {"x_S-1", "a hidden mark", ""})),
              head + "No version is named that mends it; ask your platform team.");
    EXPECT_EQ(said(*made(), facts_of("claude-code", "")),
              "Sallyport refused this request: client claude-code does not say its version, and advisory x_S-1 (a "
              "hidden mark) is about some. Install a version that names itself, or ask your platform team.");
    const std::string long_one(500, 'x');
    EXPECT_LE(said(*made(), facts_of("claude-code", "1", {long_one, long_one, long_one})).size(), sentence_bytes_max);
}

TEST(Advisory, is_observed_and_excepted_as_a_version_is) {
    const auto facts = facts_of("claude-code", "2.1.196");
    for (const auto mode : {Mode::warn, Mode::observe}) {
        const auto plan = decide(*made(name(mode)), facts, candidates);
        EXPECT_EQ(plan.decision, Decision::allow);
        EXPECT_EQ(plan.mode, mode);
        EXPECT_EQ(plan.would_refuse, RefusedBy::advisory);
        EXPECT_TRUE(would_sentence(*made(name(mode)), facts, plan, candidates).contains("x_S-1"));
    }
    auto excepted = facts;
    const Exception exception[] = {{"x_1", default_refusal}};
    excepted.exceptions = exception;
    EXPECT_EQ(decide(*made(), excepted, candidates).decision, Decision::allow);
}

// Whatever the policy: with an advisory it is as without one, or refused for it where it was not refused for more.
TEST(Advisory, never_lets_more_pass) {
    naive::Random random(20261128);
    constexpr std::uint16_t all[] = {0, 1, 2};
    std::size_t refused = 0;
    for (int round = 0; round < 300; ++round) {
        auto yaml = naive::yaml(naive::random_policy(random));
        if (const auto at = yaml.find(": {versions: "); at != std::string::npos)
            yaml.insert(at + 3, "advisories: refuse, ");
        const auto loaded = load_text(yaml, "random.yaml");
        ASSERT_TRUE(loaded.policy) << yaml;
        std::vector<std::string_view> offered;
        for (int i = 0; i < 20; ++i) {
            auto facts = naive::random_facts(random, offered);
            const auto without = decide(*loaded.policy, facts, all);
            facts.advisory = {"x_S-1", "", ""};
            const auto with = decide(*loaded.policy, facts, all);
            if (with.refused_by == RefusedBy::advisory) {
                ++refused;
                continue;
            }
            EXPECT_EQ(with.decision, without.decision);
            EXPECT_EQ(with.refused_by, without.refused_by);
            EXPECT_EQ(with.upstreams, without.upstreams);
        }
    }
    EXPECT_GT(refused, 100u);
}

} // namespace
} // namespace sallyport::policy
