// What names several repositories: decide() over all of them.
#include "policy/decide.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

class Claims : public testing::Test {
protected:
    void load(const std::string& mode) {
        auto loaded = load_text("version: 1\nmode: " + mode + R"(
repositories:
  - { match: "h/site", class: internal }
  - { match: "h/client", class: customer }
  - { match: "h/core", class: trade-secret }
claims_lower_to: open-source
unknown_repository: internal
clients: { codex: {} }
upstreams:
  eu: { vendor: a, hosting: vendor }
  us: { vendor: b, hosting: vendor }
  own: { vendor: self, hosting: own }
rules:
  - { id: internal, when: { class: internal }, allow: { upstreams: [eu, us] } }
  - { id: customers, when: { class: customer }, allow: { upstreams: [own, us] }, record: durable-first }
  - { id: secrets, when: { class: trade-secret }, allow: { upstreams: [own] } }
)",
                                "claims.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
        policy_ = loaded.policy;
    }
    Plan plan(std::vector<std::string_view> claims) {
        claims_ = std::move(claims);
        facts_.client = "codex";
        facts_.model = "gpt-5";
        facts_.repository = claims_.front();
        facts_.evidence = facts_.repository.empty() ? Evidence::none : Evidence::claimed;
        facts_.also_claimed = std::span(claims_).subspan(1);
        return decide(*policy_, facts_, candidates_);
    }

    std::shared_ptr<const Policy> policy_;
    Facts facts_;
    std::vector<std::string_view> claims_;
    std::vector<std::uint16_t> candidates_ = {0, 1, 2};
};

TEST_F(Claims, GoOnlyWhereEachMayGo) {
    load("enforce");
    for (const auto& claims : {std::vector<std::string_view>{"h/site", "h/client"}, {"h/client", "h/site"}}) {
        const Plan both = plan(claims);
        ASSERT_EQ(both.upstream_count, 1);
        EXPECT_EQ(both.upstreams[0], 1);
        EXPECT_EQ(both.effective_class, Class::customer);
        EXPECT_TRUE(both.durable_first) << "a rule of either asks for it";
    }
    const Plan unreadable = plan({"h/client", ""});
    ASSERT_EQ(unreadable.upstream_count, 1) << "what cannot be read is internal here";
    EXPECT_EQ(unreadable.upstreams[0], 1);
}

TEST_F(Claims, ThatMayGoNowhereTogetherAreRefusedAndNamed) {
    load("enforce");
    const Plan refused = plan({"h/core", "h/site"});
    EXPECT_EQ(refused.refused_by, RefusedBy::claims);
    EXPECT_EQ(refused.effective_class, Class::trade_secret);
    const auto said = sentence(*policy_, facts_, refused, candidates_);
    EXPECT_NE(said.find("names 2 repositories (h/core or h/site)"), std::string::npos) << said;
    EXPECT_EQ(smallest_change(*policy_, facts_, candidates_), "claiming one of the repositories alone");
    facts_.pdp = Pdp::denied;
    EXPECT_EQ(plan({"h/site", "h/client"}).refused_by, RefusedBy::decision_point);
}

TEST_F(Claims, WhereNothingIsEnforcedYetTheStrictestIsFollowedAndTold) {
    load("observe");
    const Plan passed = plan({"h/site", "h/core"});
    ASSERT_EQ(passed.decision, Decision::allow);
    EXPECT_EQ(passed.would_refuse, RefusedBy::claims);
    EXPECT_EQ(passed.mode, Mode::observe);
    ASSERT_EQ(passed.upstream_count, 1);
    EXPECT_EQ(passed.upstreams[0], 2);
}

// Each may go where the other may never: no mode opens that.
TEST_F(Claims, AreNotFollowedPastWhatIsEnforcedForOneOfThem) {
    for (const char* enforced :
         {"rules:\n  - { id: law, when: { class: internal, region: us }, refuse: \"Law.\", mode: enforce }",
          "invariants:\n  - never: { class: internal, region: us }\nrules:"}) {
        auto loaded = load_text(std::string(R"(version: 1
mode: observe
repositories:
  - { match: "h/site", class: internal }
claims_lower_to: open-source
unknown_repository: customer
clients: { codex: {} }
upstreams:
  eu: { vendor: a, hosting: vendor, region: eu }
  us: { vendor: b, hosting: vendor, region: us }
  other: { vendor: b, hosting: vendor, region: other }
)") + enforced + R"(
  - { id: internal, when: { class: internal }, allow: { upstreams: [eu] } }
  - { id: customers, when: { class: customer }, allow: { upstreams: [us] } }
)",
                                "claims.yaml");
        ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
        policy_ = loaded.policy;
        EXPECT_EQ(plan({"h/site", "h/client"}).refused_by, RefusedBy::claims);
        EXPECT_EQ(plan({"h/client", "h/site"}).refused_by, RefusedBy::claims);
    }
}

TEST_F(Claims, TheStrictestIsFoundInAnyOrder) {
    load("enforce");
    plan({"h/site"});
    EXPECT_EQ(
        strictest_claim(*policy_, facts_, std::vector<std::string_view>{"h/site", "h/core", "h/client"}, candidates_),
        1U);
    EXPECT_EQ(strictest_claim(*policy_, facts_, std::vector<std::string_view>{"h/b", "h/a"}, candidates_), 1U);
}

} // namespace
} // namespace sallyport::policy
