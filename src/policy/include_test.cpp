#include "policy/decide.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sallyport::policy {
namespace {

class Include : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) /
                  (std::string("include-") + testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_ / "teams");
        write("policy.yaml", "version: 1\n"
                             "include: [ \"teams/*.yaml\" ]\n"
                             "repositories:\n  - { match: \"h/open/**\", class: open-source }\n"
                             "upstreams: { local: { vendor: self, hosting: own } }\n"
                             "rules:\n  - { id: all, allow: { upstreams: local, references: \"*\" } }\n");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
    Policy::Loaded read() { return load(folder_ / "policy.yaml"); }
    std::string mistakes() {
        std::string all;
        for (const auto& mistake : read().mistakes) all += mistake.text().substr(folder_.string().size() + 1) + "\n";
        return all;
    }
    static Plan ask(const Policy& policy, std::string_view repository, std::string_view model) {
        Facts facts;
        facts.client = "codex";
        facts.repository = repository;
        facts.evidence = Evidence::bound;
        facts.model = model;
        const std::uint16_t candidates[] = {0};
        return decide(policy, facts, candidates);
    }

    std::filesystem::path folder_;
};

TEST_F(Include, adds_refusals_and_stricter_classes_in_the_order_of_names) {
    write("teams/b.yaml", "version: 1\nrules:\n  - { id: no-x, when: { model: x }, refuse: true }\n");
    write("teams/a.yaml", "version: 1\nrepositories:\n  - { match: \"h/open/engine\", class: trade-secret }\n"
                          "  - { match: \"h/other\", class: open-source }\n"
                          "rules:\n  - { id: keep, record: durable-first }\n");
    const auto loaded = read();
    ASSERT_TRUE(loaded.policy) << mistakes();
    EXPECT_EQ(loaded.policy->rule_count(), 3u);
    EXPECT_EQ(loaded.policy->rule_id(1), "keep");
    EXPECT_EQ(ask(*loaded.policy, "h/open/engine", "y").effective_class, Class::trade_secret);
    EXPECT_EQ(ask(*loaded.policy, "h/open/other", "y").effective_class, Class::open_source);
    EXPECT_EQ(ask(*loaded.policy, "h/other", "y").effective_class, Class::customer) << "an included file never loosens";
    EXPECT_EQ(ask(*loaded.policy, "h/open/a", "x").refused_by, RefusedBy::rule);
    EXPECT_TRUE(ask(*loaded.policy, "h/open/a", "y").durable_first);
}

TEST_F(Include, refuses_whatever_could_loosen) {
    write("teams/a.yaml",
          "version: 1\nunknown_repository: open-source\nrules:\n  - { id: x, allow: { upstreams: local } }\n");
    EXPECT_EQ(
        mistakes(),
        "teams/a.yaml:2:21: 'unknown_repository' belongs into the policy itself; an included file can only tighten, by "
        "repositories and by rules that refuse\n"
        "teams/a.yaml:4:21: an included file can only tighten, but rule 'x' allows; move it to the policy\n");
}

TEST_F(Include, one_broken_file_is_no_policy_and_ids_are_unique_over_all) {
    write("teams/a.yaml", "version: 1\nrules:\n  - { id: all, refuse: true }\n");
    EXPECT_EQ(mistakes(), "teams/a.yaml:3:5: rule 'all' is here twice; the first is at " +
                              (folder_ / "policy.yaml").string() + ":7\n");
    write("teams/a.yaml", "rules: [\n");
    EXPECT_NE(mistakes().find("teams/a.yaml:"), std::string::npos);
}

TEST_F(Include, stays_below_the_folder_of_the_policy) {
    for (const auto pattern : {"../x.yaml", "/etc/passwd", "*/x.yaml"}) {
        write("policy.yaml", std::string("version: 1\ninclude: \"") + pattern + "\"\n");
        EXPECT_EQ(mistakes(),
                  "policy.yaml:2:10: an include lies below the policy's own folder; only its last part is a pattern\n");
    }
    write("policy.yaml", "version: 1\ninclude: absent.yaml\n");
    EXPECT_NE(mistakes().find("policy.yaml:2:10: "), std::string::npos);
}

TEST_F(Include, the_digest_covers_every_file) {
    const std::string alone(read().policy->digest());
    write("teams/a.yaml", "version: 1\n");
    const std::string both(read().policy->digest());
    EXPECT_NE(alone, both);
    EXPECT_EQ(alone.substr(0, 7), "sha256:");
    EXPECT_EQ(alone.size(), 7u + 64);
    EXPECT_EQ(read().policy->digest(), both);
}

TEST_F(Include, a_policy_that_is_not_there_is_a_mistake) {
    const auto loaded = load(folder_ / "absent.yaml");
    EXPECT_FALSE(loaded.policy);
    ASSERT_EQ(loaded.mistakes.size(), 1u);
    EXPECT_NE(loaded.mistakes[0].text().find("absent.yaml"), std::string::npos);
}

TEST_F(Include, speaks_only_for_whom_the_policy_says) {
    write("policy.yaml",
          "version: 1\n"
          "include: { files: \"teams/*.yaml\", owner: web-platform, teams: [web, app], repositories: \"h/web/**\" }\n"
          "upstreams: { local: { vendor: self, hosting: own } }\n"
          "rules:\n  - { id: all, allow: { upstreams: local, references: \"*\" } }\n");
    write("teams/a.yaml", "version: 1\nrepositories:\n  - { match: \"h/web/shop\", class: trade-secret }\n"
                          "rules:\n  - { id: no-x, when: { model: x }, refuse: true }\n");
    const auto loaded = read();
    ASSERT_TRUE(loaded.policy) << mistakes();
    Facts facts;
    facts.model = "x";
    const std::uint16_t candidates[] = {0};
    for (const auto& [team, refused] : {std::pair{"web", true}, {"app", true}, {"core", false}, {"", false}}) {
        facts.team = team;
        const Plan plan = decide(*loaded.policy, facts, candidates);
        EXPECT_EQ(plan.decision == Decision::refuse, refused) << team;
        if (refused)
            EXPECT_NE(sentence(*loaded.policy, facts, plan, candidates).find("Rule: no-x (owner web-platform)."),
                      std::string::npos)
                << sentence(*loaded.policy, facts, plan, candidates);
    }
    write("teams/a.yaml", "version: 1\nrepositories:\n  - { match: \"h/webshop\", class: trade-secret }\n"
                          "  - { match: \"**\", class: trade-secret }\n"
                          "  - { match: \"h/web/**\", class: customer, legal_entity: other }\n"
                          "rules:\n  - { id: no-x, when: { team: core }, refuse: true }\n");
    EXPECT_EQ(mistakes(),
              "teams/a.yaml:3:14: this file speaks for h/web/** only (its include says so), not for 'h/webshop'\n"
              "teams/a.yaml:4:14: this file speaks for h/web/** only (its include says so), not for '**'\n"
              "teams/a.yaml:5:57: legal_entity belongs into the policy itself; an included file can only tighten\n"
              "teams/a.yaml:7:5: this file speaks for team web, app (its include says so), but rule 'no-x' names team "
              "core\n");
}

TEST_F(Include, that_speaks_for_repositories_alone_holds_no_rules) {
    write("policy.yaml", "version: 1\ninclude: [ { files: teams/a.yaml, repositories: \"h/web/**\" } ]\n"
                         "upstreams: { local: { vendor: self, hosting: own } }\n");
    write("teams/a.yaml", "version: 1\nrules:\n  - { id: no-x, refuse: true }\n");
    EXPECT_EQ(mistakes(),
              "teams/a.yaml:3:5: this file speaks for repositories only (its include says so), so rule 'no-x' "
              "would hold for everybody; name teams in the include\n");
}

} // namespace
} // namespace sallyport::policy
