#include "policy/cases.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

Policy::Loaded policy() {
    return load_text(
        "version: 1\nunknown_repository: internal\nclients: { codex: { versions: \">=1\" }, pi: {} }\n"
        "upstreams: { far: { vendor: v, hosting: vendor }, near: { vendor: self, hosting: own } }\nrules:\n"
        "  - { id: open, when: { class: internal }, allow: { upstreams: [far, near] } }\n"
        "  - { id: no-mini, when: { model: \"*-mini\", team: red }, refuse: \"Small models are out.\", mode: warn }\n",
        "p.yaml");
}

CasesRun run_text(const std::string& cases) {
    const auto loaded = load_cases_text(
        "version: 1\ndefaults: { client: codex, client_version: \"1.2\", model: gpt-5 }\ncases:\n" + cases, "c.yaml");
    EXPECT_TRUE(loaded.mistakes.empty()) << loaded.mistakes.front().text();
    return run(*policy().policy, loaded.cases);
}

std::string wrong(const CasesRun& run) {
    std::string all;
    for (const auto& result : run.results)
        for (const auto& one : result.wrong) all += one + ";";
    return all;
}

TEST(Cases, ThatAreAsExpectedSayNothing) {
    const auto run = run_text(
        "  - { name: open, expect: allow, rule: open, class: internal, upstreams: [far, near] }\n"
        "  - { name: home first, when: { candidates: [near, far] }, expect: allow, upstreams: [near, far] }\n"
        "  - { name: red, when: { team: red, model: gpt-mini }, expect: warn, rule: no-mini, sentence: Small models }\n"
        "  - { name: old, when: { client_version: \"0.9\" }, expect: refuse, sentence: \"0.9\" }\n"
        "  - { name: closed, when: { conversation_class: trade-secret }, expect: refuse, rule: none, class: "
        "trade-secret }\n");
    EXPECT_EQ(wrong(run), "");
    EXPECT_EQ(run.failed, 0u);
    EXPECT_EQ(run.rules_percent(), 100);
}

TEST(Cases, EachDifferenceIsTold) {
    const auto run =
        run_text("  - { name: a, expect: refuse, rule: no-mini, class: customer, upstreams: [near], sentence: x }\n");
    EXPECT_EQ(wrong(run), "expected refuse;expected class customer;expected rule no-mini;expected upstreams "
                          "near;expected a sentence with 'x';");
    EXPECT_EQ(run.failed, 1u);
    EXPECT_EQ(run.results[0].got, "allow in class internal by rule open to far, near");
}

TEST(Cases, CoverageNamesWhatNoCaseShows) {
    const auto run = run_text("  - { name: open, expect: allow }\n");
    EXPECT_EQ(run.rules_percent(), 50);
    EXPECT_EQ(run.unshown_rules, std::vector<std::string>{"no-mini"});
    // gpt-5 without a team keeps no-mini from holding by two conditions: neither is shown by it alone.
    EXPECT_EQ(run.unshown_conditions, (std::vector<std::string>{"rule open: class", "rule open: upstream",
                                                                "rule no-mini: team", "rule no-mini: model"}));
    const auto better = run_text("  - { name: a, when: { team: red }, expect: allow }\n"
                                 "  - { name: b, when: { model: x-mini }, expect: allow }\n");
    EXPECT_EQ(better.unshown_conditions, (std::vector<std::string>{"rule open: class", "rule open: upstream"}));
}

TEST(Cases, MistakesAreToldWithTheirPlace) {
    const auto mistakes = [](std::string_view text) {
        std::string all;
        for (const auto& one : load_cases_text(text, "c.yaml").mistakes) all += one.text() + "\n";
        return all;
    };
    EXPECT_EQ(mistakes("version: 1\ncases:\n  - { name: a, expect: alow }\n"),
              "c.yaml:3:24: unknown expectation 'alow'; did you mean 'allow'?\n");
    EXPECT_EQ(mistakes("version: 1\ncases:\n  - { name: a, expect: allow, wen: {} }\n"),
              "c.yaml:3:31: unknown word 'wen' in a case; did you mean 'when'?\n");
    EXPECT_NE(mistakes("version: 1\ncases:\n  - { expect: allow }\n"), "");
    EXPECT_NE(mistakes("version: 1\ncoverage: { rules: 101 }\ncases: []\n"), "");
    EXPECT_NE(mistakes("version: 2\ncases: []\n"), "");
    EXPECT_NE(mistakes("[]"), "");
    EXPECT_EQ(mistakes("version: 1\ncases: []\n"),
              "c.yaml:2:8: no cases, so nothing would be tested; write at least one as {name, when, expect}\n");
}

TEST(Cases, ADefaultCanBeUnset) {
    const auto run =
        run_text("  - { name: a, when: { client_version: ~ }, expect: refuse, sentence: without a version }\n");
    EXPECT_EQ(wrong(run), "");
}

TEST(Cases, AnUpstreamThatThePolicyDoesNotNameIsTold) {
    EXPECT_NE(wrong(run_text("  - { name: a, when: { candidates: [nowhere] }, expect: refuse }\n")).find("'nowhere'"),
              std::string::npos);
}

} // namespace
} // namespace sallyport::policy
