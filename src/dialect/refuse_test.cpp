#include "base/buffer.h"
#include "dialect/dialect.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::dialect {
namespace {

constexpr Dialect all_dialects[] = {Dialect::anthropic_messages, Dialect::openai_responses, Dialect::openai_chat,
                                    Dialect::gemini};
constexpr RefusalKind all_kinds[] = {RefusalKind::policy,    RefusalKind::identity,    RefusalKind::invalid,
                                     RefusalKind::too_large, RefusalKind::unavailable, RefusalKind::not_found};

std::string at(std::string_view body, std::initializer_list<std::string_view> path) {
    const Buffer raw(body);
    json::Document document;
    if (!document.parse(raw.view())) return "no JSON";
    json::NodeIndex n = 0;
    for (const std::string_view key : path) {
        n = document.find(n, key);
        if (n == json::no_node) return "absent";
    }
    std::string scratch;
    return std::string(document.text(n, scratch));
}

int status(Dialect dialect, std::string_view client, RefusalKind kind) {
    return refuse(dialect, client, kind, "s", "r").status;
}

TEST(Refuse, UsesTheStatusThatTheClientShowsAndDoesNotRepeat) {
    EXPECT_EQ(status(Dialect::anthropic_messages, "claude-code", RefusalKind::policy), 451);
    EXPECT_EQ(status(Dialect::anthropic_messages, "claude-code", RefusalKind::identity), 403);
    EXPECT_EQ(status(Dialect::anthropic_messages, "claude-code", RefusalKind::invalid), 451);
    EXPECT_EQ(status(Dialect::anthropic_messages, "claude-code", RefusalKind::too_large), 451);
    EXPECT_EQ(status(Dialect::anthropic_messages, "claude-code", RefusalKind::unavailable), 503);
    for (const RefusalKind kind : all_kinds)
        EXPECT_EQ(status(Dialect::openai_responses, "codex", kind), kind == RefusalKind::not_found ? 404 : 400);
    EXPECT_EQ(status(Dialect::openai_chat, "qwen-code", RefusalKind::policy), 451);
    EXPECT_EQ(status(Dialect::openai_chat, "copilot", RefusalKind::identity), 451) << "it hides the sentence of a 403";
    EXPECT_EQ(status(Dialect::openai_chat, "qwen-code", RefusalKind::too_large), 400);
    EXPECT_EQ(status(Dialect::openai_chat, "qwen-code", RefusalKind::unavailable), 400);
    EXPECT_EQ(status(Dialect::openai_chat, "pi", RefusalKind::unavailable), 503);
    EXPECT_EQ(status(Dialect::openai_chat, "opencode", RefusalKind::unavailable), 503);
    EXPECT_EQ(status(Dialect::gemini, "gemini-cli", RefusalKind::policy), 403);
    EXPECT_EQ(status(Dialect::gemini, "gemini-cli", RefusalKind::unavailable), 400);
}

// Measured: these make some client storm, hide the sentence, or loop.
TEST(Refuse, NeverUsesAStatusThatStormsOrHides) {
    for (const Dialect dialect : all_dialects)
        for (const RefusalKind kind :
             {RefusalKind::policy, RefusalKind::identity, RefusalKind::invalid, RefusalKind::too_large})
            for (const std::string_view client :
                 {"claude-code", "codex", "qwen-code", "opencode", "pi", "gemini-cli", "unknown", ""}) {
                const int code = status(dialect, client, kind);
                EXPECT_TRUE(code >= 400 && code < 500 && code != 401 && code != 404 && code != 413 && code != 429)
                    << code;
            }
}

TEST(Refuse, AnUnknownClientGetsTheDialectsDefault) {
    for (const Dialect dialect : all_dialects)
        for (const RefusalKind kind : all_kinds)
            EXPECT_EQ(status(dialect, "", kind), status(dialect, "nobody-knows-it", kind));
}

TEST(Refuse, HasTheDialectsShape) {
    const Refusal a = refuse(Dialect::anthropic_messages, "", RefusalKind::policy, "No.", "gw/1");
    EXPECT_EQ(
        a.body,
        R"x({"type":"error","error":{"type":"permission_error","message":"No. (reference gw/1)"},"request_id":"gw/1"})x");
    EXPECT_EQ(a.content_type, "application/json");
    EXPECT_EQ(a.extra_headers, "x-should-retry: false\r\nrequest-id: gw/1\r\n");
    const Refusal r = refuse(Dialect::openai_responses, "", RefusalKind::policy, "No.", "gw/1");
    EXPECT_EQ(
        r.body,
        R"x({"error":{"message":"No. (reference gw/1)","type":"invalid_request_error","param":null,"code":"refused_by_policy"},"request_id":"gw/1"})x");
    const Refusal c = refuse(Dialect::openai_chat, "", RefusalKind::identity, "No.", "gw/1");
    EXPECT_EQ(at(c.body, {"error", "type"}), "authentication_error");
    EXPECT_EQ(at(c.body, {"error", "code"}), "not_identified");
    const Refusal g = refuse(Dialect::gemini, "", RefusalKind::policy, "No.", "gw/1");
    EXPECT_EQ(
        g.body,
        R"x({"error":{"code":403,"message":"No. (reference gw/1)","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"gw/1"}]}})x");
}

TEST(Refuse, TheSentenceIsEscapedAndKeptWhole) {
    const std::string sentence = "Rule \"a\\b\" says\nno: \u00e9 <tag> \x01";
    for (const Dialect dialect : all_dialects) {
        const Refusal refusal = refuse(dialect, "x", RefusalKind::policy, sentence, "");
        EXPECT_EQ(at(refusal.body, {"error", "message"}), sentence);
    }
}

TEST(Refuse, AReferenceThatTheSentenceHoldsIsNotRepeated) {
    const Refusal refusal = refuse(Dialect::openai_chat, "", RefusalKind::policy, "No (gw/77).", "gw/77");
    EXPECT_EQ(at(refusal.body, {"error", "message"}), "No (gw/77).");
    EXPECT_EQ(at(refusal.body, {"request_id"}), "gw/77");
}

TEST(Refuse, AReferenceCannotBreakTheHeader) {
    const Refusal refusal = refuse(Dialect::openai_chat, "", RefusalKind::policy, "No.", "a\r\nx-evil: 1");
    EXPECT_EQ(refusal.extra_headers, "x-should-retry: false\r\nx-request-id: a__x-evil:_1\r\n");
}

TEST(StreamError, IsAnErrorEventInTheDialectsForm) {
    EXPECT_EQ(stream_error(Dialect::anthropic_messages, "Cut.", "gw/1"),
              "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Cut. (reference "
              "gw/1)\"},"
              "\"request_id\":\"gw/1\"}\n\n");
    const std::string responses = stream_error(Dialect::openai_responses, "Cut.", "gw/1");
    EXPECT_TRUE(responses.starts_with("event: response.failed\ndata: {\"type\":\"response.failed\","));
    EXPECT_EQ(at(responses.substr(responses.find('{')), {"response", "error", "code"}), "invalid_prompt");
    EXPECT_EQ(at(responses.substr(responses.find('{')), {"response", "status"}), "failed");
    EXPECT_TRUE(stream_error(Dialect::openai_chat, "Cut.", "").starts_with("data: {\"error\":{\"message\":\"Cut.\""));
    EXPECT_TRUE(stream_error(Dialect::gemini, "Cut.", "").starts_with("data: {\"error\":{\"code\":500,"));
}

// Our own end of a stream must not look like the vendor's clean one.
TEST(StreamError, IsReadAsAnErrorAndNeverAsTheEnd) {
    for (const Dialect dialect : all_dialects) {
        std::string text = stream_error(dialect, "Cut.\nTwice \"quoted\".", "gw/1");
        std::string event;
        if (text.starts_with("event: ")) {
            event = text.substr(7, text.find('\n') - 7);
            text.erase(0, text.find('\n') + 1);
        }
        ASSERT_TRUE(text.starts_with("data: ") && text.ends_with("\n\n"));
        Answer answer;
        watch_event(dialect, event, std::string_view(text).substr(6, text.size() - 8), answer);
        EXPECT_NE(answer.error_type, "");
        EXPECT_EQ(answer.error_message, "Cut.\nTwice \"quoted\". (reference gw/1)");
        EXPECT_FALSE(answer.complete);
    }
}

} // namespace
} // namespace sallyport::dialect
