// What the policy believes of launchers, and classes that ask for a tier.
#include "policy/decide.h"
#include "policy/document.h"
#include "policy/names.h"
#include "policy/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::string_view rest = R"(
version: 1
mode: {}
repositories:
  - {{ match: "h/site", class: internal }}
  - {{ match: "h/core", class: trade-secret }}
upstreams:
  local: {{ vendor: self, hosting: own }}
rules:
  - {{ id: all, when: {{ class: [internal, trade-secret] }}, allow: {{ upstreams: [local] }} }}
launchers: {}
)";

Policy::Loaded loaded(std::string_view launchers, std::string_view mode = "enforce") {
    return load_text(fmt::format(fmt::runtime(rest), mode, launchers), "policy.yaml");
}

Plan plan(const Policy& policy, std::string_view repository, Tier tier, std::span<const Exception> exceptions = {}) {
    Facts facts;
    facts.client = "claude-code";
    facts.model = "m";
    facts.repository = repository;
    facts.evidence = Evidence::bound;
    facts.tier = tier;
    facts.exceptions = exceptions;
    const std::uint16_t all[] = {0};
    return decide(policy, facts, all);
}

TEST(LaunchersTest, NothingIsBelievedByItself) {
    const auto policy = load_text("version: 1\nupstreams: { u: { vendor: v, hosting: own } }\n", "policy.yaml").policy;
    ASSERT_NE(nullptr, policy);
    const Launchers& launchers = policy->program().document.launchers;
    EXPECT_FALSE(launchers.trusts_user);
    EXPECT_EQ(Tier::a, launchers.lowest);
    for (const Tier tier : launchers.needed) EXPECT_EQ(Tier::none, tier);
}

TEST(LaunchersTest, AClassPassesInItsTierOnly) {
    for (const char* mode : {"enforce", "observe"}) {
        const auto made = loaded("{ trust: user, tiers: { trade-secret: A, internal: C } }", mode);
        ASSERT_NE(nullptr, made.policy);
        const Exception anything[] = {{"x_1", every_refusal}};
        for (const Tier tier : {Tier::none, Tier::c, Tier::b}) {
            const Plan refused = plan(*made.policy, "h/core", tier, anything);
            EXPECT_EQ(Decision::refuse, refused.decision) << mode;
            EXPECT_EQ(RefusedBy::tier, refused.refused_by) << mode;
        }
        EXPECT_EQ(Decision::allow, plan(*made.policy, "h/core", Tier::a).decision);
        EXPECT_EQ(RefusedBy::tier, plan(*made.policy, "h/site", Tier::none).refused_by);
        EXPECT_EQ(Decision::allow, plan(*made.policy, "h/site", Tier::c).decision);
    }
}

TEST(LaunchersTest, TheSentenceSaysWhatIsAskedForAndWhatIsThere) {
    const auto policy = loaded("{ trust: user, tiers: { trade-secret: A } }").policy;
    ASSERT_NE(nullptr, policy);
    Facts facts;
    facts.repository = "h/core";
    facts.evidence = Evidence::bound;
    facts.tier = Tier::c;
    const std::string said = sentence(*policy, facts, plan(*policy, "h/core", Tier::c));
    EXPECT_NE(std::string::npos, said.find("tier A, and it runs in one of tier C")) << said;
    facts.tier = Tier::none;
    EXPECT_NE(std::string::npos, sentence(*policy, facts, plan(*policy, "h/core", Tier::none)).find("none is known"));
}

TEST(LaunchersTest, MistakesAreTold) {
    for (const char* one :
         {"{ trust: everybody }", "{ lowest_tier: none }", "{ tiers: { trade-secret: A } }",
          "{ trust: user, tiers: { secret: A } }", "{ trust: user, tiers: { internal: D } }", "{ trusts: user }"})
        EXPECT_EQ(nullptr, loaded(one).policy) << one;
}

} // namespace
} // namespace sallyport::policy
