#include "dialect/dialect.h"
#include "dialect/prefilter.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::dialect {
namespace {

struct Watched : Answer {
    Dialect dialect;
    explicit Watched(Dialect d) : dialect(d) {}
    Watched& event(std::string_view name, std::string_view data) {
        watch_event(dialect, name, data, *this);
        return *this;
    }
    Watched& data(std::string_view text) { return event({}, text); }
};

Answer whole(std::string_view path, std::string_view body) {
    Answer answer;
    watch_body(*match_endpoint("POST", path), body, answer);
    return answer;
}

void play_anthropic(Watched& w, bool named) {
    const auto event = [&](std::string_view name, std::string_view data) {
        w.event(named ? name : std::string_view(), data);
    };
    event(
        "message_start",
        R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":34,"cache_read_input_tokens":56,"output_tokens":1}}})");
    event("content_block_start",
          R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
    event("ping", R"({"type":"ping"})");
    event(
        "content_block_delta",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"about \"message_stop\" and \"error\""}})");
    event("content_block_stop", R"({"type":"content_block_stop","index":0})");
    event(
        "content_block_start",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"Read","input":{}}})");
    event(
        "content_block_start",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"server_tool_use","id":"s_1","name":"web_search","input":{}}})");
    event(
        "message_delta",
        R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":78}})");
    EXPECT_FALSE(w.complete);
    event("message_stop", R"({"type":"message_stop"})");
}

TEST(AnthropicEvents, TellModelUsageToolsAndEnd) {
    for (const bool named : {true, false}) {
        Watched w(Dialect::anthropic_messages);
        play_anthropic(w, named);
        EXPECT_EQ(w.id, "msg_1");
        EXPECT_EQ(w.model, "claude-x");
        EXPECT_EQ(w.usage.input_tokens, 12);
        EXPECT_EQ(w.usage.cache_write_tokens, 34);
        EXPECT_EQ(w.usage.cache_read_tokens, 56);
        EXPECT_EQ(w.usage.output_tokens, 78);
        EXPECT_EQ(w.stop_reason, "tool_use");
        EXPECT_EQ(w.tool_calls, (std::vector<std::string>{"Read", "web_search"}));
        EXPECT_TRUE(w.complete);
        EXPECT_EQ(w.error_type, "");
    }
}

TEST(AnthropicEvents, AnErrorInTheStreamIsKeptAndIsNoEnd) {
    Watched w(Dialect::anthropic_messages);
    w.event("error", R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
    EXPECT_EQ(w.error_type, "overloaded_error");
    EXPECT_EQ(w.error_message, "Overloaded");
    EXPECT_FALSE(w.complete);
}

TEST(AnthropicEvents, AWholeAnswerTellsTheSame) {
    const Answer a = whole(
        "/v1/messages",
        R"({"id":"msg_2","type":"message","model":"claude-y","content":[{"type":"text","text":"x"},{"type":"tool_use","name":"Bash"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3,"cache_creation_input_tokens":4}})");
    EXPECT_EQ(a.id + a.model + a.stop_reason, "msg_2claude-yend_turn");
    EXPECT_EQ(a.usage.cache_read_tokens, 3);
    EXPECT_EQ(a.tool_calls, std::vector<std::string>{"Bash"});
    EXPECT_TRUE(a.complete);
    EXPECT_EQ(whole("/v1/messages/count_tokens", R"({"input_tokens":99})").usage.input_tokens, 99);
    const Answer e =
        whole("/v1/messages",
              R"({"type":"error","error":{"type":"invalid_request_error","message":"no"},"request_id":"req_1"})");
    EXPECT_EQ(e.error_type, "invalid_request_error");
    EXPECT_FALSE(e.complete);
}

TEST(ResponsesEvents, TellModelUsageToolsAndEnd) {
    for (const bool named : {true, false}) {
        Watched w(Dialect::openai_responses);
        const auto event = [&](std::string_view name, std::string_view data) {
            w.event(named ? name : std::string_view(), data);
        };
        event(
            "response.created",
            R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-x","status":"in_progress","instructions":"long","usage":null}})");
        EXPECT_EQ(w.id, "resp_1");
        event("response.output_item.added",
              R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","role":"assistant"}})");
        event("response.output_text.delta", R"({"type":"response.output_text.delta","delta":"x"})");
        event(
            "response.output_item.added",
            R"({"type":"response.output_item.added","output_index":1,"item":{"type":"custom_tool_call","name":"exec"}})");
        event("response.output_item.added",
              R"({"type":"response.output_item.added","output_index":2,"item":{"type":"web_search_call"}})");
        EXPECT_FALSE(w.complete);
        event(
            "response.completed",
            R"({"type":"response.completed","response":{"id":"resp_1","model":"gpt-x-1","status":"completed","output":[{"type":"custom_tool_call","name":"exec"}],"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":5,"total_tokens":15}}})");
        EXPECT_EQ(w.model, "gpt-x-1");
        EXPECT_EQ(w.tool_calls, (std::vector<std::string>{"exec", "web_search_call"}));
        EXPECT_EQ(w.usage.input_tokens, 10);
        EXPECT_EQ(w.usage.cache_read_tokens, 4);
        EXPECT_EQ(w.usage.output_tokens, 5);
        EXPECT_EQ(w.stop_reason, "completed");
        EXPECT_TRUE(w.complete);
    }
}

TEST(ResponsesEvents, FailuresAreTold) {
    Watched failed(Dialect::openai_responses);
    failed.event(
        "response.failed",
        R"({"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"broke"}}})");
    EXPECT_EQ(failed.error_type, "server_error");
    EXPECT_EQ(failed.error_message, "broke");
    EXPECT_FALSE(failed.complete);
    Watched flat(Dialect::openai_responses);
    flat.event("error", R"({"type":"error","code":"rate_limit","message":"slow down"})");
    EXPECT_EQ(flat.error_type, "rate_limit");
    EXPECT_EQ(flat.error_message, "slow down");
    Watched cut(Dialect::openai_responses);
    cut.event(
        "response.incomplete",
        R"({"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"error":null}})");
    EXPECT_EQ(cut.stop_reason, "max_output_tokens");
    EXPECT_TRUE(cut.complete);
    EXPECT_EQ(cut.error_type, "");
}

TEST(ResponsesEvents, AWholeAnswerTellsTheSame) {
    const Answer a = whole(
        "/v1/responses",
        R"({"id":"resp_2","object":"response","model":"gpt-y","status":"completed","output":[{"type":"function_call","name":"f"}],"usage":{"input_tokens":1,"output_tokens":2}})");
    EXPECT_EQ(a.id + a.model, "resp_2gpt-y");
    EXPECT_EQ(a.tool_calls, std::vector<std::string>{"f"});
    EXPECT_EQ(a.usage.output_tokens, 2);
    EXPECT_TRUE(a.complete);
}

TEST(ChatEvents, TellModelUsageToolsAndEnd) {
    Watched w(Dialect::openai_chat);
    w.data(
        R"({"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})");
    w.data(
        R"({"id":"chatcmpl-1","model":"m1","choices":[{"index":0,"delta":{"content":"say \"usage\" and \"error\""},"finish_reason":null}],"usage":null})");
    w.data(
        R"({"id":"chatcmpl-1","model":"m1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"read_file","arguments":""}}]},"finish_reason":null}]})");
    w.data(
        R"({"id":"chatcmpl-1","model":"m1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\""}}]},"finish_reason":null}]})");
    w.data(R"({"id":"chatcmpl-1","model":"m1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})");
    w.data(
        R"({"id":"chatcmpl-1","model":"m1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":8,"prompt_tokens_details":{"cached_tokens":3}}})");
    EXPECT_FALSE(w.complete);
    w.data("[DONE]");
    EXPECT_TRUE(w.complete);
    EXPECT_EQ(w.id + w.model + w.stop_reason, "chatcmpl-1m1tool_calls");
    EXPECT_EQ(w.tool_calls, std::vector<std::string>{"read_file"});
    EXPECT_EQ(w.usage.input_tokens, 7);
    EXPECT_EQ(w.usage.output_tokens, 8);
    EXPECT_EQ(w.usage.cache_read_tokens, 3);
}

TEST(ChatEvents, ErrorsOfManyFormsAreTold) {
    Watched w(Dialect::openai_chat);
    w.data(R"({"id":"1","model":"m","choices":[]})")
        .data(R"({"error":{"message":"no","type":"permission_error","code":"policy"}})");
    EXPECT_EQ(w.error_type, "permission_error");
    EXPECT_EQ(w.error_message, "no");
    EXPECT_EQ(whole("/v1/chat/completions", R"({"error":"plain words"})").error_message, "plain words");
    EXPECT_EQ(whole("/v1/chat/completions", R"({"error":null,"id":"x"})").error_type, "");
}

TEST(ChatEvents, AWholeAnswerTellsTheSame) {
    const Answer a = whole(
        "/v1/chat/completions",
        R"({"id":"c2","model":"m2","choices":[{"message":{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_cache_hit_tokens":1}})");
    EXPECT_EQ(a.id + a.model + a.stop_reason, "c2m2stop");
    EXPECT_EQ(a.tool_calls, std::vector<std::string>{"f"});
    EXPECT_EQ(a.usage.cache_read_tokens, 1);
    EXPECT_TRUE(a.complete);
}

TEST(GeminiEvents, TellModelUsageToolsAndEnd) {
    Watched w(Dialect::gemini);
    w.data(
        R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":9},"modelVersion":"gemini-z","responseId":"r1"})");
    w.data(
        R"({"candidates":[{"content":{"parts":[{"text":"b"}]}}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":1},"modelVersion":"gemini-z","responseId":"r1"})");
    w.data(
        R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"read_file","args":{}}}]}}],"modelVersion":"gemini-z","responseId":"r1"})");
    EXPECT_FALSE(w.complete);
    w.data(
        R"({"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"thoughtsTokenCount":30,"cachedContentTokenCount":4},"modelVersion":"gemini-z","responseId":"r1"})");
    EXPECT_TRUE(w.complete);
    EXPECT_EQ(w.id + w.model + w.stop_reason, "r1gemini-zSTOP");
    EXPECT_EQ(w.tool_calls, std::vector<std::string>{"read_file"});
    EXPECT_EQ(w.usage.input_tokens, 9);
    EXPECT_EQ(w.usage.output_tokens, 32);
    EXPECT_EQ(w.usage.cache_read_tokens, 4);
}

TEST(GeminiEvents, BlockedPromptsErrorsAndArraysAreTold) {
    Watched blocked(Dialect::gemini);
    blocked.data(R"({"promptFeedback":{"blockReason":"SAFETY"},"modelVersion":"g"})");
    EXPECT_EQ(blocked.stop_reason, "SAFETY");
    EXPECT_TRUE(blocked.complete);
    Watched error(Dialect::gemini);
    error.data(R"({"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}})");
    EXPECT_EQ(error.error_type, "UNAVAILABLE");
    const Answer a = whole(
        "/v1beta/models/g:streamGenerateContent",
        R"([{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"responseId":"r"},{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"candidatesTokenCount":6}}])");
    EXPECT_EQ(a.usage.output_tokens, 6);
    EXPECT_TRUE(a.complete);
    EXPECT_EQ(whole("/v1beta/models/g:countTokens", R"({"totalTokens":31})").usage.input_tokens, 31);
}

TEST(Events, WhatCannotBeReadIsPassedOver) {
    for (const Dialect dialect :
         {Dialect::anthropic_messages, Dialect::openai_responses, Dialect::openai_chat, Dialect::gemini}) {
        Watched w(dialect);
        for (const std::string_view data :
             {"", "x", "{", "[]", "null", "{\"type\":5,\"usage\":7,\"error\":[]}", "\"error\"", "{\"choices\":{}}"})
            w.event("error", data).event("message_start", data).event("response.completed", data).data(data);
        EXPECT_EQ(w.usage.output_tokens, -1);
        EXPECT_EQ(w.id, "");
    }
}

TEST(Events, CountsThatAreNoneAreNotTaken) {
    Watched w(Dialect::anthropic_messages);
    w.event(
        "message_delta",
        R"({"type":"message_delta","usage":{"output_tokens":-5,"input_tokens":1.5,"cache_read_input_tokens":99999999999999999999,"cache_creation_input_tokens":"7"}})");
    EXPECT_EQ(w.usage.output_tokens, -1);
    EXPECT_EQ(w.usage.input_tokens, -1);
    EXPECT_EQ(w.usage.cache_read_tokens, -1);
    EXPECT_EQ(w.usage.cache_write_tokens, -1);
}

// At every position of the blocks that are looked at, and right up to the end.
TEST(Prefilter, FindsAKeyAnywhere) {
    static constexpr std::array<std::string_view, 2> words = {"usage", "error"};
    for (std::size_t before = 0; before < 100; ++before) {
        const std::string padding(before, 'x');
        EXPECT_TRUE(mentions(padding + "\"usage\"", "ue", words)) << before;
        EXPECT_TRUE(mentions((padding + "\"usage\": {}").append(padding), "ue", words)) << before;
        EXPECT_FALSE(mentions((padding + "\"usage\" : null").append(padding), "ue", words)) << before;
        EXPECT_FALSE(mentions(padding + "\"usag\"", "ue", words)) << before;
        EXPECT_FALSE(mentions(padding + "\"usage", "ue", words)) << before;
        EXPECT_FALSE(mentions(padding + "\\\"usage\\\"", "ue", words)) << before;
    }
    EXPECT_FALSE(mentions("", "ue", words));
}

} // namespace
} // namespace sallyport::dialect
