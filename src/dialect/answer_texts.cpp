#include "dialect/answer_texts.h"

#include <charconv>

namespace sallyport::dialect {

using json::no_node;
using json::NodeIndex;

namespace {

constexpr std::uint64_t tool_part = 1u << 20; // parts of arguments beside those of texts

bool is_string(const json::Document& data, NodeIndex n) { return n != no_node && data[n].kind == json::Kind::string; }

std::uint64_t number_at(const json::Document& data, NodeIndex object, std::string_view key) {
    const NodeIndex n = data.find(object, key);
    std::uint64_t value = 0;
    if (n != no_node && data[n].kind == json::Kind::number) {
        const std::string_view text = data.raw_value(n);
        std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value % (tool_part / 4); // a vendor's number is no reason to run out of memory or mix parts up
}

bool type_is(const json::Document& data, NodeIndex object, std::string_view type) {
    const NodeIndex n = data.find(object, "type");
    return n != no_node && data.text_is(n, type);
}

template <class Each> void each(const json::Document& data, NodeIndex array, Each told) {
    if (array == no_node || data[array].kind != json::Kind::array) return;
    for (NodeIndex n = data.first_child(array); n != no_node; n = data.next_sibling(n)) told(n);
}

} // namespace

std::string_view AnswerTexts::keep_tool(std::uint64_t part, const json::Document& data, NodeIndex name) {
    std::string& kept = tools_[part];
    if (is_string(data, name)) {
        std::string scratch;
        kept = data.text(name, scratch);
    }
    return kept;
}

void AnswerTexts::event(const json::Document& data, std::vector<AnswerText>& texts, std::vector<std::uint64_t>& ended) {
    texts.clear();
    ended.clear();
    switch (dialect_) {
    case Dialect::anthropic_messages: anthropic(data, texts, ended); break;
    case Dialect::openai_responses: responses(data, texts, ended); break;
    case Dialect::openai_chat: chat(data, false, texts, ended); break;
    case Dialect::gemini: gemini(data, false, texts, ended); break;
    }
}

void AnswerTexts::body(const json::Document& whole, std::vector<AnswerText>& texts) {
    texts.clear();
    std::vector<std::uint64_t> ended;
    const NodeIndex root = whole.root();
    switch (dialect_) {
    case Dialect::anthropic_messages:
        each(whole, whole.find(root, "content"), [&](NodeIndex block) {
            if (type_is(whole, block, "text")) {
                if (const NodeIndex text = whole.find(block, "text"); is_string(whole, text))
                    texts.push_back({.node = text});
            } else if (type_is(whole, block, "tool_use")) {
                leaves(whole, whole.find(block, "input"), keep_tool(tools_.size(), whole, whole.find(block, "name")),
                       texts);
            }
        });
        break;
    case Dialect::openai_responses:
        each(whole, whole.find(root, "output"), [&](NodeIndex item) { output_item(whole, item, texts); });
        break;
    case Dialect::openai_chat: chat(whole, true, texts, ended); break;
    case Dialect::gemini: gemini(whole, true, texts, ended); break;
    }
}

void AnswerTexts::leaves(const json::Document& data, NodeIndex of, std::string_view tool,
                         std::vector<AnswerText>& texts) {
    if (of == no_node) return;
    for (NodeIndex n = of; n < data[of].end_node; ++n)
        if (data[n].kind == json::Kind::string) texts.push_back({.node = n, .tool = tool});
}

// https://platform.claude.com/docs/en/build-with-claude/streaming
void AnswerTexts::anthropic(const json::Document& data, std::vector<AnswerText>& texts,
                            std::vector<std::uint64_t>& ended) {
    const NodeIndex root = data.root();
    const std::uint64_t part = number_at(data, root, "index");
    if (type_is(data, root, "content_block_start")) {
        const NodeIndex block = data.find(root, "content_block");
        if (block == no_node) return;
        if (type_is(data, block, "tool_use"))
            leaves(data, data.find(block, "input"), keep_tool(part, data, data.find(block, "name")), texts);
        else if (const NodeIndex text = data.find(block, "text"); type_is(data, block, "text") && is_string(data, text))
            texts.push_back({.node = text, .is_delta = true, .part = part});
    } else if (type_is(data, root, "content_block_delta")) {
        const NodeIndex delta = data.find(root, "delta");
        if (delta == no_node) return;
        if (const NodeIndex text = data.find(delta, "text");
            type_is(data, delta, "text_delta") && is_string(data, text))
            texts.push_back({.node = text, .is_delta = true, .part = part});
        const NodeIndex json = data.find(delta, "partial_json");
        if (type_is(data, delta, "input_json_delta") && is_string(data, json))
            texts.push_back({.node = json, .inside_json = 1, .is_delta = true, .part = part, .tool = tools_[part]});
    } else if (type_is(data, root, "content_block_stop")) {
        ended.push_back(part);
    }
}

// https://platform.openai.com/docs/api-reference/responses-streaming
void AnswerTexts::responses(const json::Document& data, std::vector<AnswerText>& texts,
                            std::vector<std::uint64_t>& ended) {
    const NodeIndex root = data.root();
    const std::uint64_t item_part = number_at(data, root, "output_index");
    const std::uint64_t text_part = item_part * 1024 + number_at(data, root, "content_index") % 1024 + tool_part * 2;
    const auto whole = [&](std::string_view key, unsigned inside_json, std::string_view tool) {
        if (const NodeIndex n = data.find(root, key); is_string(data, n))
            texts.push_back({.node = n, .inside_json = inside_json, .tool = tool});
    };
    const auto delta = [&](unsigned inside_json, std::uint64_t part, std::string_view tool) {
        if (const NodeIndex n = data.find(root, "delta"); is_string(data, n))
            texts.push_back({.node = n, .inside_json = inside_json, .is_delta = true, .part = part, .tool = tool});
    };
    if (type_is(data, root, "response.output_text.delta")) {
        delta(0, text_part, {});
    } else if (type_is(data, root, "response.output_text.done")) {
        ended.push_back(text_part);
        whole("text", 0, {});
    } else if (type_is(data, root, "response.content_part.done")) {
        if (const NodeIndex part = data.find(root, "part"); part != no_node && type_is(data, part, "output_text"))
            if (const NodeIndex text = data.find(part, "text"); is_string(data, text)) texts.push_back({.node = text});
    } else if (type_is(data, root, "response.function_call_arguments.delta")) {
        delta(1, item_part, tools_[item_part]);
    } else if (type_is(data, root, "response.function_call_arguments.done")) {
        ended.push_back(item_part);
        whole("arguments", 1, tools_[item_part]);
    } else if (type_is(data, root, "response.custom_tool_call_input.delta")) {
        delta(0, item_part, tools_[item_part]);
    } else if (type_is(data, root, "response.custom_tool_call_input.done")) {
        ended.push_back(item_part);
        whole("input", 0, tools_[item_part]);
    } else if (type_is(data, root, "response.output_item.added") || type_is(data, root, "response.output_item.done")) {
        const NodeIndex item = data.find(root, "item");
        if (item == no_node) return;
        keep_tool(item_part, data, data.find(item, "name"));
        output_item(data, item, texts);
    } else if (const NodeIndex response = data.find(root, "response"); response != no_node) {
        each(data, data.find(response, "output"), [&](NodeIndex item) { output_item(data, item, texts); });
    }
}

void AnswerTexts::output_item(const json::Document& data, NodeIndex item, std::vector<AnswerText>& texts) {
    const std::string_view tool = keep_tool(tool_part * 3 + tools_.size(), data, data.find(item, "name"));
    if (type_is(data, item, "message")) {
        each(data, data.find(item, "content"), [&](NodeIndex part) {
            if (const NodeIndex text = data.find(part, "text");
                type_is(data, part, "output_text") && is_string(data, text))
                texts.push_back({.node = text});
        });
    } else if (type_is(data, item, "function_call")) {
        if (const NodeIndex n = data.find(item, "arguments"); is_string(data, n))
            texts.push_back({.node = n, .inside_json = 1, .tool = tool});
    } else if (type_is(data, item, "custom_tool_call")) {
        if (const NodeIndex n = data.find(item, "input"); is_string(data, n))
            texts.push_back({.node = n, .tool = tool});
    }
}

// https://platform.openai.com/docs/api-reference/chat/streaming
void AnswerTexts::chat(const json::Document& data, bool whole, std::vector<AnswerText>& texts,
                       std::vector<std::uint64_t>& ended) {
    each(data, data.find(data.root(), "choices"), [&](NodeIndex choice) {
        const std::uint64_t text_part = number_at(data, choice, "index") * 1024;
        const NodeIndex said = data.find(choice, whole ? "message" : "delta");
        if (said != no_node) {
            if (const NodeIndex text = data.find(said, "content"); is_string(data, text))
                texts.push_back({.node = text, .is_delta = !whole, .part = text_part});
            std::uint64_t place = 0;
            each(data, data.find(said, "tool_calls"), [&](NodeIndex call) {
                const std::uint64_t part = text_part + 1 + (whole ? place++ : number_at(data, call, "index")) % 1023;
                for (const auto& [key, argument, inside] :
                     {std::tuple("function", "arguments", 1u), std::tuple("custom", "input", 0u)}) {
                    const NodeIndex of = data.find(call, key);
                    if (of == no_node) continue;
                    const std::string_view tool = keep_tool(part, data, data.find(of, "name"));
                    if (const NodeIndex n = data.find(of, argument); is_string(data, n))
                        texts.push_back(
                            {.node = n, .inside_json = inside, .is_delta = !whole, .part = part, .tool = tool});
                }
            });
        }
        const NodeIndex finish = data.find(choice, "finish_reason");
        if (whole || !is_string(data, finish)) return;
        ended.push_back(text_part);
        for (auto tool = tools_.lower_bound(text_part); tool != tools_.end() && tool->first < text_part + 1024; ++tool)
            ended.push_back(tool->first);
    });
}

// https://ai.google.dev/api/generate-content
void AnswerTexts::gemini(const json::Document& data, bool whole, std::vector<AnswerText>& texts,
                         std::vector<std::uint64_t>& ended) {
    NodeIndex root = data.root();
    if (const NodeIndex wrapped = data.find(root, "response"); wrapped != no_node) root = wrapped;
    each(data, data.find(root, "candidates"), [&](NodeIndex candidate) {
        const std::uint64_t part = number_at(data, candidate, "index");
        const NodeIndex content = data.find(candidate, "content");
        if (content != no_node)
            each(data, data.find(content, "parts"), [&](NodeIndex one) {
                const NodeIndex thought = data.find(one, "thought");
                if (thought != no_node && data.raw_value(thought) == "true") return;
                if (const NodeIndex text = data.find(one, "text"); is_string(data, text))
                    texts.push_back({.node = text, .is_delta = !whole, .part = part});
                if (const NodeIndex call = data.find(one, "functionCall"); call != no_node)
                    leaves(data, data.find(call, "args"),
                           keep_tool(tool_part + tools_.size(), data, data.find(call, "name")), texts);
            });
        if (const NodeIndex finish = data.find(candidate, "finishReason"); !whole && is_string(data, finish))
            ended.push_back(part);
    });
}

} // namespace sallyport::dialect
