#include "base/buffer.h"
#include "http/event_stream.h"
#include "json/document.h"
#include "sim/compose.h"
#include "sim/shape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace sallyport::sim {
namespace {

constexpr std::array dialects = {Dialect::anthropic_messages, Dialect::openai_responses, Dialect::openai_chat,
                                 Dialect::gemini};

struct Parsed {
    Buffer bytes;
    json::Document doc;
    explicit Parsed(std::string_view text) : bytes(text) {
        const Result<void> parsed = doc.parse(bytes.view());
        EXPECT_TRUE(parsed) << parsed.error().message << " in " << text;
    }
};

struct Event {
    std::string name, data;
};

std::vector<Event> events_of(std::string_view stream) {
    std::vector<Event> list;
    http::EventStream events;
    events.feed(stream, [&](std::string_view name, std::string_view data) {
        list.push_back({std::string(name), std::string(data)});
    });
    return list;
}

Answer answer_in(Dialect dialect) {
    Answer answer;
    answer.dialect = dialect;
    answer.model = "model \"x\"";
    answer.number = 7;
    answer.text = "Grüße, 日本 \"quoted\"\n and more than one delta of it";
    answer.tokens = {.input = 1000, .cache_read = 700, .cache_write = 200, .output = 30};
    return answer;
}

Answer call_in(Dialect dialect) {
    Answer answer = answer_in(dialect);
    answer.text.clear();
    answer.call = {"read_file", R"({"path":"a b"})", false};
    return answer;
}

// What the gateway's own reader of this dialect makes of a stream.
dialect::Answer watched(Dialect dialect, std::string_view stream) {
    dialect::Answer seen;
    for (const Event& event : events_of(stream)) dialect::watch_event(dialect, event.name, event.data, seen);
    return seen;
}

TEST(SimAnswer, StreamsAreEventsOfJsonThatTheReadersUnderstand) {
    for (const Dialect dialect : dialects) {
        SCOPED_TRACE(name(dialect));
        const Composed composed = compose_events(answer_in(dialect));
        std::size_t number = 0;
        for (const Event& event : events_of(composed.bytes)) {
            if (event.data == "[DONE]") continue;
            Parsed parsed(event.data);
            if (dialect == Dialect::openai_responses)
                EXPECT_EQ(parsed.doc.raw_value(parsed.doc.find(0, "sequence_number")), std::to_string(number++));
            // These two dialects name each event as its data does.
            if (dialect == Dialect::anthropic_messages || dialect == Dialect::openai_responses) {
                EXPECT_TRUE(parsed.doc.text_is(parsed.doc.find(0, "type"), event.name)) << event.data;
            }
        }
        const dialect::Answer seen = watched(dialect, composed.bytes);
        EXPECT_TRUE(seen.complete);
        EXPECT_EQ(seen.model, "model \"x\"");
        EXPECT_EQ(seen.usage.output_tokens, 30);
        EXPECT_EQ(seen.usage.cache_read_tokens, 700);
        EXPECT_TRUE(seen.tool_calls.empty());
        EXPECT_TRUE(seen.error_type.empty());
    }
}

TEST(SimAnswer, BodiesAreJsonThatTheReadersUnderstand) {
    constexpr std::array paths = {"/v1/messages", "/v1/responses", "/v1/chat/completions",
                                  "/v1beta/models/m:generateContent"};
    for (std::size_t i = 0; i < dialects.size(); ++i) {
        SCOPED_TRACE(paths[i]);
        const auto endpoint = dialect::match_endpoint("POST", paths[i]);
        ASSERT_TRUE(endpoint);
        const Composed text = compose_body(answer_in(dialects[i]));
        const Parsed parsed(text.bytes);
        EXPECT_NE(text.bytes.find("日本 \\\"quoted\\\"\\n"), std::string::npos);
        dialect::Answer seen;
        dialect::watch_body(*endpoint, text.bytes, seen);
        EXPECT_EQ(seen.usage.output_tokens, 30);
        EXPECT_EQ(seen.usage.cache_read_tokens, 700);

        const Composed call = compose_body(call_in(dialects[i]));
        const Parsed parsed_call(call.bytes);
        dialect::Answer called;
        dialect::watch_body(*endpoint, call.bytes, called);
        EXPECT_EQ(called.tool_calls, std::vector<std::string>{"read_file"});
    }
}

TEST(SimAnswer, ToolCallsAreSeenInStreams) {
    for (const Dialect dialect : dialects) {
        SCOPED_TRACE(name(dialect));
        const dialect::Answer seen = watched(dialect, compose_events(call_in(dialect)).bytes);
        EXPECT_EQ(seen.tool_calls, std::vector<std::string>{"read_file"});
        EXPECT_TRUE(seen.complete);
    }
    Answer custom = call_in(Dialect::openai_responses);
    custom.call = {"exec", "text(1);\n", true};
    const std::string stream = compose_events(custom).bytes;
    EXPECT_NE(
        stream.find(
            R"("type":"custom_tool_call","call_id":"call_sim_000007","name":"exec","input":"text(1);\n","status":"completed")"),
        std::string::npos);
}

TEST(SimAnswer, WithoutItsClosingEventsAStreamIsNotComplete) {
    for (const Dialect dialect : dialects) {
        SCOPED_TRACE(name(dialect));
        const Composed composed = compose_events(answer_in(dialect));
        EXPECT_FALSE(watched(dialect, composed.range(0, composed.closing)).complete);
        EXPECT_EQ(composed.ends.back(), composed.bytes.size());
    }
}

TEST(SimAnswer, TheDeltasJoinToTheTextAndNoneEndsInsideACharacter) {
    Answer answer = answer_in(Dialect::openai_chat);
    answer.text.clear();
    for (int i = 0; i < 40; ++i) answer.text += "日";
    for (const std::size_t events : {0u, 1u, 7u}) {
        answer.events = events;
        std::string joined;
        for (const std::string_view piece : deltas_of(answer)) {
            EXPECT_EQ(piece.size() % 3, 0u);
            joined += piece;
        }
        EXPECT_EQ(joined, answer.text);
    }
}

TEST(SimAnswer, HasAsManyTextDeltasAsWereAskedFor) {
    for (const Dialect dialect : dialects) {
        SCOPED_TRACE(name(dialect));
        Answer answer = answer_in(dialect);
        answer.text.assign(200 * 24, 'x');
        answer.events = 200;
        std::size_t deltas = 0;
        for (const Event& event : events_of(compose_events(answer).bytes))
            if (event.data.find('"' + std::string(24, 'x') + '"') != std::string::npos) ++deltas;
        EXPECT_EQ(deltas, 200u);
    }
}

TEST(SimAnswer, GeminiWithoutServerSentEventsIsOneJsonArray) {
    Answer answer = answer_in(Dialect::gemini);
    answer.server_sent = false;
    const Composed composed = compose_events(answer);
    const Parsed parsed(composed.bytes);
    EXPECT_EQ(parsed.doc[0].kind, json::Kind::array);
    EXPECT_GT(composed.count(), 2u);
    // An error in the middle keeps it one.
    Fault fault;
    fault.end = Fault::End::error_event;
    const Parsed broken(shape(composed, true, fault, error_event(Dialect::gemini, "no", false)).events.bytes);
    EXPECT_EQ(broken.doc[0].kind, json::Kind::array);
}

TEST(SimAnswer, ErrorsAreInTheDialectsOwnForm) {
    for (const Dialect dialect : dialects) {
        SCOPED_TRACE(name(dialect));
        const Parsed body(error_body(dialect, 429, "too \"many\""));
        const json::NodeIndex error = body.doc.find(0, "error");
        ASSERT_NE(error, json::no_node);
        EXPECT_TRUE(body.doc.text_is(body.doc.find(error, "message"), "too \"many\""));
        const dialect::Answer seen = watched(dialect, error_event(dialect, "broken", true));
        EXPECT_EQ(seen.error_message, "broken");
        EXPECT_FALSE(seen.complete);
        const Parsed models(model_list_body(dialect));
        const Parsed tokens(token_count_body(dialect, 12));
    }
}

} // namespace
} // namespace sallyport::sim
