#include "sim/request_view.h"

#include "base/buffer.h"

#include <gtest/gtest.h>

namespace sallyport::sim {
namespace {

// A request of our own making in the shape of one of the clients.
struct Seen {
    Buffer bytes;
    json::Document doc;
    RequestView view;
    Seen(std::string_view path, std::string_view body, std::string_view query = {}) : bytes(body) {
        const auto endpoint = dialect::match_endpoint("POST", path);
        EXPECT_TRUE(endpoint);
        const Result<void> parsed = doc.parse(bytes.view());
        EXPECT_TRUE(parsed) << parsed.error().message;
        Result<RequestView> seen = view_request(*endpoint, query, doc);
        EXPECT_TRUE(seen);
        view = std::move(*seen);
    }
};

constexpr std::string_view messages = "/v1/messages";
constexpr std::string_view responses = "/v1/responses";
constexpr std::string_view chat = "/v1/chat/completions";
constexpr std::string_view gemini = "/v1beta/models/g-1:streamGenerateContent";

TEST(RequestView, OfClaudeCodeLooksPastTheSystemMessageAtTheEnd) {
    const Seen first(messages, R"json({"model":"m","stream":true,"tools":[{"name":"Read"}],"messages":[
        {"role":"user","content":[{"type":"text","text":"<reminder>"},{"type":"text","text":"vendor:read(a.txt)"}]},
        {"role":"system","content":[{"type":"text","text":"environment"}]}]})json");
    EXPECT_EQ(first.view.asked, "vendor:read(a.txt)");
    EXPECT_TRUE(first.view.stream);
    EXPECT_TRUE(first.view.has_tools);
    EXPECT_FALSE(first.view.ends_in_result);
    EXPECT_FALSE(first.view.continues);

    const Seen second(messages, R"json({"model":"m","messages":[{"role":"user","content":"vendor:read(a.txt)"},
        {"role":"system","content":"environment"},
        {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Read","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1\tal\u0070ha\n"},{"type":"text","text":"<reminder>"}]}]})json");
    EXPECT_TRUE(second.view.ends_in_result);
    EXPECT_EQ(second.view.result, "1\talpha\n");
    EXPECT_EQ(second.view.asked, "vendor:read(a.txt)");
    EXPECT_TRUE(second.view.continues);
    EXPECT_FALSE(second.view.stream);

    const Seen reminded(messages, R"json({"model":"m","messages":[
        {"role":"user","content":[{"type":"text","text":"vendor:read(a.txt)"},{"type":"text","text":"<reminder>"}]},
        {"role":"assistant","content":[]},
        {"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"al"},{"type":"text","text":"pha"}]}]},
        {"role":"system","content":"environment"}]})json");
    EXPECT_EQ(reminded.view.asked, "vendor:read(a.txt)");
    EXPECT_TRUE(reminded.view.ends_in_result);
    EXPECT_EQ(reminded.view.result, "alpha");
}

TEST(RequestView, OfCodexFindsToolsInsideTheInputAndJoinsTheOutput) {
    const Seen first(responses, R"json({"model":"m","stream":true,"input":[
        {"type":"additional_tools","role":"developer","tools":[{"type":"namespace","name":"functions","tools":[]}]},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context><cwd>/w</cwd>"}]},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"vendor:read(a.txt)"}]}]})json");
    EXPECT_EQ(first.view.asked, "vendor:read(a.txt)");
    EXPECT_TRUE(first.view.has_tools);

    const Seen second(responses, R"json({"model":"m","stream":true,"input":[
        {"role":"user","content":"vendor:read(a.txt)"},
        {"type":"custom_tool_call","call_id":"c","name":"exec","input":"x"},
        {"type":"custom_tool_call_output","call_id":"c","output":[{"type":"input_text","text":"Output:\n"},{"type":"input_text","text":"alpha"}]}]})json");
    EXPECT_TRUE(second.view.ends_in_result);
    EXPECT_EQ(second.view.result, "Output:\nalpha");
    EXPECT_TRUE(second.view.continues);

    const Seen bare(responses, R"({"model":"m","input":"hello"})");
    EXPECT_EQ(bare.view.asked, "hello");
    EXPECT_FALSE(bare.view.has_tools);
}

TEST(RequestView, OfGeminiTakesTheModelFromThePathAndTheRouterWantsJson) {
    const Seen first(gemini,
                     R"json({"contents":[{"role":"user","parts":[{"text":"context"},{"text":"vendor:read(a.txt)"}]}],
        "tools":[{"functionDeclarations":[{"name":"read_file"}]}]})json",
                     "alt=sse");
    EXPECT_EQ(first.view.model, "g-1");
    EXPECT_EQ(first.view.asked, "vendor:read(a.txt)");
    EXPECT_TRUE(first.view.stream);
    EXPECT_TRUE(first.view.server_sent);
    EXPECT_FALSE(Seen(gemini, "{}", "alt=ssex").view.server_sent);

    const Seen second(gemini, R"({"contents":[{"role":"user","parts":[{"text":"ask"}]},
        {"role":"model","parts":[{"functionCall":{"name":"read_file","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"read_file","response":{"output":"alpha"}}}]}]})");
    EXPECT_TRUE(second.view.ends_in_result);
    EXPECT_EQ(second.view.result, "alpha");
    EXPECT_TRUE(second.view.continues);

    const Seen router("/v1beta/models/g-1:generateContent",
                      R"json({"contents":[{"role":"user","parts":[{"text":"vendor:read(a)"}]}],
        "generationConfig":{"responseJsonSchema":{"type":"object","properties":{"complexity_reasoning":{"type":"STRING"},
        "complexity_score":{"type":"INTEGER"}},"required":["complexity_reasoning","complexity_score"]}}})json");
    EXPECT_FALSE(router.view.has_tools);
    EXPECT_FALSE(router.view.stream);
    ASSERT_NE(router.view.schema, json::no_node);
    EXPECT_EQ(example_of_schema(router.doc, router.view.schema),
              R"({"complexity_reasoning":"x","complexity_score":10})");
}

TEST(RequestView, OfTheChatClientsReadsStringsAndBlocks) {
    const Seen opencode(chat, R"({"model":"m","stream":true,"messages":[{"role":"system","content":"s"},
        {"role":"user","content":"\"vendor:read(a.txt) and quote it\"\n"}]})");
    EXPECT_EQ(opencode.view.asked, "\"vendor:read(a.txt) and quote it\"\n");
    EXPECT_FALSE(opencode.view.has_tools);
    EXPECT_FALSE(opencode.view.usage_in_stream);

    const Seen qwen(chat, R"json({"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[
        {"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"vendor:read(a.txt)"}]},
        {"role":"assistant","content":null,"tool_calls":[]},
        {"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"alpha"}]}]})json");
    EXPECT_TRUE(qwen.view.ends_in_result);
    EXPECT_EQ(qwen.view.result, "alpha");
    EXPECT_TRUE(qwen.view.usage_in_stream);

    const Seen copilot(
        chat,
        R"({"model":"m","messages":[{"role":"user","content":"<current_datetime>now</current_datetime>\n\nhello"}],
        "tools":[{"type":"function","function":{"name":"view"}}]})");
    EXPECT_NE(copilot.view.asked.find("hello"), std::string::npos);
    EXPECT_TRUE(copilot.view.has_tools);
}

TEST(RequestView, KeepsFourHundredCharactersOfAResultAndNeverHalfOfOne) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "日";
    const Seen seen(chat, R"({"messages":[{"role":"tool","content":")" + text + R"("}]})");
    EXPECT_EQ(seen.view.result, text.substr(0, 3 * result_characters));
}

TEST(RequestView, AnOddBodyIsNoCrash) {
    for (const std::string_view body :
         {"{}", R"({"messages":5})", R"({"messages":[1,null,{}]})", R"({"messages":[{"role":"user"}]})",
          R"({"messages":[{"role":"user","content":7}]})", R"({"messages":[{"role":"tool","content":{}}]})",
          R"({"messages":{"role":"user"}})", R"({"tools":{},"messages":[[]]})"}) {
        SCOPED_TRACE(body);
        const Seen as_chat(chat, body);
        const Seen as_messages(messages, body);
        EXPECT_TRUE(as_chat.view.asked.empty());
    }
    for (const std::string_view body :
         {R"({"input":[1,{"type":7},{"type":"x_output"}]})", R"({"input":[{"type":"x_output","output":9}]})"})
        EXPECT_TRUE(Seen(responses, body).view.ends_in_result);
    const Seen parts(gemini, R"({"contents":[{"parts":[{"functionResponse":3}]},{"parts":7}]})");
    EXPECT_FALSE(parts.view.ends_in_result);
}

TEST(ExampleOfSchema, FillsEveryRequiredProperty) {
    const Seen seen(
        chat,
        R"({"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object","required":["a","b","c","d","e","f"],
        "properties":{"a":{"type":["string","null"]},"b":{"type":"boolean"},"c":{"type":"array"},"d":{"enum":["one","two"]},
        "e":{"type":"object","properties":{"x":{"type":"number"}}},"z":{"type":"string"}}}}}})");
    ASSERT_NE(seen.view.schema, json::no_node);
    EXPECT_EQ(example_of_schema(seen.doc, seen.view.schema),
              R"({"a":"x","b":true,"c":[],"d":"one","e":{"x":1},"f":"x"})");
}

} // namespace
} // namespace sallyport::sim
