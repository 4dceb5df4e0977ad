// What leaves to a decision point, what its answer is read as, and what is remembered of it.
#include "base/buffer.h"
#include "gateway/pdp_answer.h"
#include "gateway/pdp_memory.h"
#include "gateway/pdp_question.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

Result<PdpAnswer> read(std::string_view body) {
    const Buffer padded(body);
    return read_pdp_answer(padded.view());
}
std::string problem(std::string_view body) {
    const auto answer = read(body);
    return answer ? answer->permitted ? "permitted" : "denied" : answer.error().message;
}

TEST(PdpAnswer, IsABooleanOrNone) {
    EXPECT_EQ(problem(R"({"decision":true})"), "permitted");
    EXPECT_EQ(problem(R"( {"context":{"x":1},"d\u0065cision" : false, "more":[]} )"), "denied");
    EXPECT_EQ(problem(R"({"decision":"true"})"), "the decision in its answer is no boolean");
    EXPECT_EQ(problem(R"({"decision":1})"), "the decision in its answer is no boolean");
    EXPECT_EQ(problem(R"({"decision":null})"), "the decision in its answer is no boolean");
    EXPECT_EQ(problem(R"({"Decision":true})"), "its answer holds no decision");
    EXPECT_EQ(problem(R"({"context":{"decision":true}})"), "its answer holds no decision");
    EXPECT_EQ(problem(R"({"decision":true,"decision":true})"), "its answer says something twice");
    EXPECT_EQ(problem(R"({"decision":true,"d\u0065cision":false})"), "its answer says something twice");
    EXPECT_EQ(problem(R"({"decision":true,"context":{},"context":{}})"), "its answer says something twice");
    EXPECT_EQ(problem(R"([{"decision":true}])"), "its answer is not a JSON object");
    for (const char* body : {"", " ", "true!", R"({"decision":true)", R"({"decision":true}{})", "{'decision':true}"})
        EXPECT_EQ(problem(body), "its answer is not JSON") << body;
}

std::string reason(std::string_view context) {
    const auto answer = read(R"({"decision":false,"context":)" + std::string(context) + "}");
    EXPECT_TRUE(answer && !answer->permitted) << context;
    return answer ? answer->reason : "";
}

TEST(PdpAnswer, HasAReasonOfOneLine) {
    EXPECT_EQ(reason(R"({"reason_user":{"en":"Ask legal."}})"), "Ask legal.");
    EXPECT_EQ(reason(R"({"reason_user":{"en":" a\r\n\tb\u2028c "}})"), "a b c");
    EXPECT_EQ(reason(R"({"reason_user":{"en":"\u001b[31m\u202ea\u200bb\u0085\ufeff\u007f"}})"), "[31mab");
    EXPECT_EQ(reason(R"({"reason_user":{"en":"Für Müller"}})"), "Für Müller");
    EXPECT_EQ(reason(R"({"reason_user":{"en":"\ud800a"}})"), "a"); // half a pair is no character
    const auto longest = reason(R"({"reason_user":{"en":")" + std::string(299, 'x') + "ü" + R"("}})");
    EXPECT_EQ(longest, std::string(299, 'x')); // no half of a character either
    for (const char* none : {"{}", "7", "null", "[]", R"({"reason_user":"x"})", R"({"reason_user":{"de":"x"}})",
                             R"({"reason_user":{"en":7}})", R"({"reason_user":{"en":"a","en":"b"}})"})
        EXPECT_EQ(reason(none), "") << none;
    EXPECT_EQ(read(R"({"decision":true,"context":{"reason_user":{"en":"x"}}})")->reason, "");
}

TEST(PdpQuestion, DiffersInAllButTheTime) {
    const auto loaded = policy::load_text("version: 1\nupstreams: { u: { vendor: v, hosting: own } }\n", "p.yaml");
    ASSERT_TRUE(loaded.policy);
    policy::Facts facts;
    facts.person = "p_abcdefghijklmnopqrst";
    facts.at_ms = 1'795'000'000'123;
    policy::Plan plan;
    plan.effective_class = policy::Class::internal;
    const auto asked = [&] { return make_pdp_question(*loaded.policy, facts, plan, "generate"); };
    const auto first = asked();
    EXPECT_EQ(first.body,
              R"({"subject":{"type":"person","id":"p_abcdefghijklmnopqrst","properties":{"team":"","role":"",)"
              R"("account":"company"}},"action":{"name":"generate","properties":{"client":"","client_version":"",)"
              R"("model":"","references":[],"plugins":[],"upstreams":[]}},"resource":{"type":"repository",)"
              R"("id":"unknown","properties":{"class":"internal","evidence":"none"}},)"
              R"("context":{"at":"2026-11-18T11:06:40.123Z"}})");
    facts.at_ms += 5'000;
    EXPECT_EQ(asked().key, first.key);
    EXPECT_NE(asked().body, first.body);
    EXPECT_NE(make_pdp_question(*loaded.policy, facts, plan, "list-models").key, first.key);
    std::vector<crypto::Digest> keys = {first.key};
    const auto another = [&](auto change) {
        change();
        keys.push_back(asked().key);
    };
    static constexpr std::string_view plugins[] = {"jira"};
    another([&] { facts.person = "p_other"; });
    another([&] { facts.team = "web"; });
    another([&] { facts.role = "editor"; });
    another([&] { facts.account = policy::AccountKind::personal; });
    another([&] { facts.client = "codex"; });
    another([&] { facts.client_version = "1"; });
    another([&] { facts.model = "m"; });
    another([&] { facts.references = 1; });
    another([&] { facts.plugins = plugins; });
    another([&] { facts.repository = "h/r"; });
    another([&] { facts.evidence = policy::Evidence::claimed; });
    another([&] { plan.effective_class = policy::Class::customer; });
    another([&] { plan.upstream_count = 1; });
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
}

crypto::Digest key(std::size_t number) { return crypto::sha256(std::to_string(number)); }

void learn(PdpMemory& memory, std::size_t number, Result<PdpAnswer> answer, std::int64_t now_ms) {
    auto call = std::make_shared<PdpCall>();
    memory.begin(key(number), call);
    call->answered(std::move(answer));
    memory.end(key(number), *call, now_ms, 100);
}

TEST(PdpMemory, KeepsAnswersForAWhileAndNoFailure) {
    PdpMemory memory;
    learn(memory, 1, PdpAnswer{true, ""}, 1'000);
    learn(memory, 2, PdpAnswer{false, "no"}, 1'000);
    learn(memory, 3, fail(ErrorKind::timeout, "late"), 1'000);
    ASSERT_NE(memory.find(key(1), 1'099), nullptr);
    EXPECT_TRUE(memory.find(key(1), 1'099)->permitted);
    EXPECT_EQ(memory.find(key(2), 1'099)->reason, "no");
    EXPECT_EQ(memory.find(key(1), 1'100), nullptr);
    EXPECT_EQ(memory.find(key(3), 1'000), nullptr);
    learn(memory, 1, PdpAnswer{false, ""}, 2'000);
    EXPECT_EQ(memory.size(), 1u); // what is over was dropped
    EXPECT_FALSE(memory.find(key(1), 2'000)->permitted);
    memory.forget();
    EXPECT_EQ(memory.find(key(1), 2'000), nullptr);
}

TEST(PdpMemory, IsBounded) {
    PdpMemory memory;
    constexpr std::size_t more = limits::pdp_answers_remembered_max + 10;
    for (std::size_t i = 0; i < more; ++i) learn(memory, i, PdpAnswer{true, ""}, 0);
    EXPECT_EQ(memory.size(), limits::pdp_answers_remembered_max);
    EXPECT_EQ(memory.find(key(9), 0), nullptr);
    EXPECT_NE(memory.find(key(10), 0), nullptr);
}

TEST(PdpMemory, SharesACallUntilItIsForgottenOrCancelled) {
    PdpMemory memory;
    net::Loop loop;
    const auto call = std::make_shared<PdpCall>();
    memory.begin(key(1), call);
    EXPECT_EQ(memory.under_way(key(1)), call);
    EXPECT_EQ(memory.under_way(key(2)), nullptr);
    {
        PdpCall::Waiter one(loop, *call), other(loop, *call);
        one.leave();
        EXPECT_FALSE(call->cancelled);
        other.leave();
        EXPECT_TRUE(call->cancelled);
    }
    EXPECT_EQ(memory.under_way(key(1)), nullptr); // nobody waits for it: it will bring no answer
    const auto late = std::make_shared<PdpCall>();
    memory.begin(key(1), late);
    memory.forget();
    late->answered(PdpAnswer{true, ""});
    memory.end(key(1), *late, 0, 100);
    EXPECT_EQ(memory.find(key(1), 0), nullptr); // asked before the reload
}

} // namespace
} // namespace sallyport::gateway
