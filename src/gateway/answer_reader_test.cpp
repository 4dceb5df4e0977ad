#include "gateway/answer_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::gateway {
namespace {

std::string read(dialect::Dialect dialect, const std::vector<std::string>& events) {
    AnswerReader reader(dialect);
    for (const std::string& event : events) reader.event(event);
    std::string out;
    for (const auto& [number, part] : reader.parts())
        out += (part.is_argument ? "(" : "<") + part.text + (part.is_argument ? ")" : ">");
    return out;
}

// As vendors write them, with blanks and other orders, and with several texts in one: the same is read.
TEST(AnswerReader, ReadsWhatTheModelWroteHoweverTheEventsAreWritten) {
    using enum dialect::Dialect;
    EXPECT_EQ(
        read(
            anthropic_messages,
            {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
             R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a \"b\\"}})",
             R"({ "index": 0, "delta": { "text": "\u00e4c", "type": "text_delta" }, "type": "content_block_delta" })",
             R"({"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"no"}})",
             R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"Edit","input":{}}})",
             R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}})",
             R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}})"}),
        "<a \"b\\\xC3\xA4"
        "c>({\"x\":1})");
    EXPECT_EQ(
        read(
            openai_responses,
            {R"({"type":"response.output_text.delta","sequence_number":3,"item_id":"m","output_index":0,"content_index":0,"delta":"one "})",
             R"({"type":"response.output_text.delta","output_index":0,"delta":"two","obfuscation":"x"})",
             R"({"type":"response.output_text.done","output_index":0,"content_index":0,"text":"one two"})",
             R"({"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"})"}),
        "<one two>({})");
    EXPECT_EQ(
        read(
            openai_chat,
            {R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"one "},"finish_reason":null}]})",
             R"({"id":"c","choices":[{"index":0,"delta":{"content":"two"}}]})",
             R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]})",
             "[DONE]", ""}),
        "<one two>({})");
    EXPECT_EQ(
        read(
            gemini,
            {R"({"candidates":[{"content":{"parts":[{"text":"one "}],"role":"model"},"index":0}]})",
             R"({"candidates":[{"content":{"parts":[{"text":"two"},{"text":" three"},{"functionCall":{"name":"f","args":{"x":"y"}}}]}}]})"}),
        "<one two three>(y)");
}

TEST(AnswerReader, IsBounded) {
    AnswerReader reader(dialect::Dialect::openai_chat);
    const std::string event = R"({"choices":[{"index":0,"delta":{"content":")" + std::string(100'000, 'x') + R"("}}]})";
    for (int i = 0; i < 100; ++i) reader.event(event);
    EXPECT_FALSE(reader.whole());
    EXPECT_LE(reader.bytes(), std::size_t{4} << 20);
    for (const std::string odd : {"{", R"({"delta":{"content":")", R"({"choices":[{"delta":{"content":"x\)"})
        reader.event(odd);
}

} // namespace
} // namespace sallyport::gateway
