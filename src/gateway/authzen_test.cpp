// AuthZEN's questions: every case of the example policies asked this way is decided as the policy decides it; what cannot be
// understood is never answered.
#include "gateway/authzen.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "json/document.h"
#include "json/writer.h"
#include "policy/cases.h"
#include "policy/names.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sallyport::gateway {
namespace {

const std::filesystem::path examples = std::filesystem::path(SALLYPORT_SOURCE_DIR) / "examples";

void write_texts(json::Writer& writer, std::string_view key, const std::vector<std::string>& texts) {
    writer.begin_array(key);
    for (const auto& text : texts) writer.element(text);
    writer.end_array();
}

std::string question(const policy::Case& one) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_object("subject");
    writer.member("type", "person");
    writer.member("id", "ada@acme.example");
    writer.begin_object("properties");
    if (!one.team.empty()) writer.member("team", one.team);
    if (!one.role.empty()) writer.member("role", one.role);
    writer.member("account", policy::name(one.account));
    writer.member("key_max_class", policy::name(one.key_max_class));
    writer.end_object();
    writer.end_object();
    writer.begin_object("action");
    writer.member("name", one.generates ? "generate" : "list-models");
    writer.begin_object("properties");
    if (!one.client.empty()) writer.member("client", one.client);
    writer.member("client_version", one.client_version);
    writer.member("model", one.model);
    std::vector<std::string> references;
    for (std::size_t kind = 0; kind < policy::reference_kinds; ++kind)
        if ((one.references >> kind & 1) != 0) references.emplace_back(policy::reference_names[kind]);
    write_texts(writer, "references", references);
    write_texts(writer, "plugins", one.plugins);
    if (!one.candidates.empty()) write_texts(writer, "upstreams", one.candidates);
    writer.end_object();
    writer.end_object();
    writer.begin_object("resource");
    writer.member("type", "repository");
    writer.member("id", one.repository);
    writer.begin_object("properties");
    writer.member("evidence", policy::name(one.evidence));
    writer.member("conversation_class", policy::name(one.conversation_class));
    write_texts(writer, "paths", one.paths);
    writer.end_object();
    writer.end_object();
    writer.end_object();
    return out;
}

Result<std::string> ask(const policy::Policy& policy, std::string_view body, bool several) {
    const Buffer padded(body);
    return evaluate(policy, padded.view(), several, wall_ms());
}

std::vector<bool> decisions(std::string_view answer) {
    const Buffer padded(answer);
    json::Document document;
    EXPECT_TRUE(document.parse(padded.view())) << answer;
    std::vector<bool> out;
    const auto list = document.find(document.root(), "evaluations");
    for (auto n = document.first_child(list); n != json::no_node; n = document.next_sibling(n))
        out.push_back(document.raw_value(document.find(n, "decision")) == "true");
    return out;
}

TEST(AuthZen, AnswersAsThePolicyDecides) {
    std::size_t asked = 0;
    for (const auto file : {"policy.test.yaml", "small-company/policy.test.yaml", "large-company/policy.test.yaml",
                            "local-only/policy.test.yaml"}) {
        const auto loaded = policy::load_cases(examples / file);
        ASSERT_TRUE(loaded.mistakes.empty()) << loaded.mistakes.front().text();
        const auto policy = policy::load((examples / file).parent_path() / loaded.cases.policy);
        ASSERT_TRUE(policy.policy) << policy.mistakes.front().text();
        std::string all = "{\"evaluations\":[";
        std::vector<bool> expected;
        for (const auto& one : loaded.cases.cases) {
            all += (expected.empty() ? "" : ",") + question(one);
            expected.push_back(one.expect != policy::Expectation::refuse);
            const auto answer = ask(*policy.policy, question(one), false);
            ASSERT_TRUE(answer) << one.title << ": " << answer.error().message;
            EXPECT_EQ(answer->starts_with("{\"decision\":true"), expected.back()) << one.title << *answer;
            EXPECT_EQ(answer->find("reason_user") == std::string::npos,
                      one.expect == policy::Expectation::allow || one.expect == policy::Expectation::amend)
                << one.title << *answer;
        }
        const auto answer = ask(*policy.policy, all + "]}", true);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(decisions(*answer), expected);
        asked += expected.size();
    }
    EXPECT_GE(asked, 25u);
}

class AuthZenSmall : public testing::Test {
protected:
    AuthZenSmall()
        : loaded_(policy::load_text("version: 1\nclaims_lower_to: open-source\n"
                                    "repositories: [{ match: h/open, class: open-source }]\n"
                                    "upstreams: { u: { vendor: v, hosting: own } }\n"
                                    "rules: [{ id: open, when: { class: open-source }, allow: { upstreams: u } }]\n",
                                    "p")) {}
    std::string answer(const std::string& body, bool several = true) {
        const auto made = ask(*loaded_.policy, body, several);
        return made ? *made : "error: " + made.error().message;
    }
    policy::Policy::Loaded loaded_;
    const std::string subject_ = R"("subject":{"type":"person","id":"ada"})";
    const std::string action_ = R"("action":{"name":"generate","properties":{"model":"m"}})";
    const std::string open_ = R"("resource":{"type":"repository","id":"h/open"})";
    const std::string other_ = R"("resource":{"type":"repository","id":"h/other"})";
};

TEST_F(AuthZenSmall, DefaultsAreTakenFromTheTopAndTheSemanticEndsTheList) {
    const std::string usual =
        "{" + subject_ + "," + action_ + "," + open_ + ",\"evaluations\":[{},{" + other_ + "},{}]";
    EXPECT_EQ(decisions(answer(usual + "}")), (std::vector<bool>{true, false, true}));
    const auto with = [&](const char* word) {
        return decisions(answer(usual + ",\"options\":{\"evaluations_semantic\":\"" + word + "\"}}"));
    };
    EXPECT_EQ(with("execute_all"), (std::vector<bool>{true, false, true}));
    EXPECT_EQ(with("deny_on_first_deny"), (std::vector<bool>{true, false}));
    EXPECT_EQ(with("permit_on_first_permit"), (std::vector<bool>{true}));
    EXPECT_TRUE(answer("{" + subject_ + "," + action_ + "," + open_ + ",\"evaluations\":[]}")
                    .starts_with("{\"decision\":true"));
}

TEST_F(AuthZenSmall, WhatIsNotUnderstoodIsNotAnswered) {
    for (const std::string& bad : {
             std::string(""),
             std::string("[]"),
             std::string("{}"),
             "{" + subject_ + "," + action_ + "}",
             "{" + action_ + "," + open_ + "}",
             "{" + subject_ + "," + open_ + "}",
             "{" + subject_ + "," + action_ + "," + open_ + "," + other_ + "}",
             "{" + subject_ + "," + action_ + R"(,"resource":{"type":"todo","id":"1"}})",
             "{" + subject_ + R"(,"action":{"name":"can_read"},)" + open_ + "}",
             "{" + subject_ + R"(,"action":{"name":"generate","properties":{"modl":"m"}},)" + open_ + "}",
             "{" + subject_ + R"(,"action":{"name":"generate","properties":{"references":["urls"]}},)" + open_ + "}",
             "{" + subject_ + R"(,"action":{"name":"generate","properties":{"upstreams":["w"]}},)" + open_ + "}",
             "{" + subject_ + R"(,"action":{"name":7},)" + open_ + "}",
             "{" + subject_ + "," + action_ + "," + open_ + R"(,"context":{"at":"soon"}})",
             "{" + subject_ + "," + action_ + "," + open_ + R"(,"evaluations":[{},7]})",
             "{" + subject_ + "," + action_ + "," + open_ +
                 R"(,"evaluations":[{}],"options":{"evaluations_semantic":"any"}})",
         })
        EXPECT_TRUE(answer(bad).starts_with("error: ")) << bad << answer(bad);
}

} // namespace
} // namespace sallyport::gateway
