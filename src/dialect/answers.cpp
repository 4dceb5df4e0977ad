#include "dialect/answers.h"

#include <charconv>
#include <string>

namespace sallyport::dialect {
namespace {

using json::Document;
using json::Kind;
using json::no_node;
using json::NodeIndex;

constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t message_bytes_max = 2048;
constexpr std::size_t tool_calls_max = 256;

// The node at a path of keys, no_node where it breaks off.
NodeIndex at(const Document& d, NodeIndex n, std::initializer_list<std::string_view> path) {
    for (const std::string_view key : path) {
        if (n == no_node) return n;
        n = d.find(n, key);
    }
    return n;
}

bool is_object(const Document& d, NodeIndex n) { return n != no_node && d[n].kind == Kind::object; }

void set_text(const Document& d, NodeIndex n, std::string& to, std::size_t bytes_max = name_bytes_max) {
    if (n == no_node || d[n].kind != Kind::string) return;
    std::string scratch;
    to = d.text(n, scratch).substr(0, bytes_max);
}

// A count that is no plain non-negative integer is not one.
bool set_count(const Document& d, NodeIndex n, std::int64_t& to) {
    if (n == no_node || d[n].kind != Kind::number) return false;
    const std::string_view digits = d.raw_value(n);
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 0) return false;
    to = value;
    return true;
}

void add_tool_call(const Document& d, NodeIndex name, Answer& answer) {
    std::string text;
    set_text(d, name, text);
    if (!text.empty() && answer.tool_calls.size() < tool_calls_max) answer.tool_calls.push_back(std::move(text));
}

template <class F> void each(const Document& d, NodeIndex n, F f) {
    if (n == no_node || d[n].kind != Kind::array) return;
    for (NodeIndex i = d.first_child(n); i != no_node; i = d.next_sibling(i)) f(i);
}

// {"error":{"type":…,"message":…}} with the name of the type in one of `names`; OpenAI-like servers also send a plain string.
void read_error(const Document& d, NodeIndex error, std::initializer_list<std::string_view> names, Answer& answer) {
    if (error == no_node || d[error].kind == Kind::null) return;
    for (const std::string_view name : names)
        if (answer.error_type.empty()) set_text(d, at(d, error, {name}), answer.error_type);
    if (answer.error_type.empty()) answer.error_type = "error";
    set_text(d, is_object(d, error) ? at(d, error, {"message"}) : error, answer.error_message, message_bytes_max);
}

void read_anthropic_usage(const Document& d, NodeIndex usage, Answer& answer) {
    set_count(d, at(d, usage, {"input_tokens"}), answer.usage.input_tokens);
    set_count(d, at(d, usage, {"output_tokens"}), answer.usage.output_tokens);
    set_count(d, at(d, usage, {"cache_read_input_tokens"}), answer.usage.cache_read_tokens);
    set_count(d, at(d, usage, {"cache_creation_input_tokens"}), answer.usage.cache_write_tokens);
}

void read_anthropic_block(const Document& d, NodeIndex block, Answer& answer) {
    const NodeIndex type = at(d, block, {"type"});
    std::string scratch;
    if (type != no_node && d.text(type, scratch).ends_with("tool_use"))
        add_tool_call(d, at(d, block, {"name"}), answer);
}

} // namespace

// message_start has the message under "message", message_delta its changes under "delta"; a whole answer is the message itself.
void read_anthropic_answer(const Document& d, NodeIndex n, Answer& answer) {
    const NodeIndex type = at(d, n, {"type"});
    const bool start = type != no_node && d.text_is(type, "message_start");
    const NodeIndex message = start ? at(d, n, {"message"}) : n;
    if (type != no_node && d.text_is(type, "message_stop")) answer.complete = true;
    if (start || (type != no_node && d.text_is(type, "message"))) {
        set_text(d, at(d, message, {"id"}), answer.id);
        set_text(d, at(d, message, {"model"}), answer.model);
        set_text(d, at(d, message, {"stop_reason"}), answer.stop_reason);
        each(d, at(d, message, {"content"}), [&](NodeIndex block) { read_anthropic_block(d, block, answer); });
    }
    set_text(d, at(d, n, {"delta", "stop_reason"}), answer.stop_reason);
    read_anthropic_block(d, at(d, n, {"content_block"}), answer);
    read_anthropic_usage(d, at(d, message, {"usage"}), answer);
    set_count(d, at(d, n, {"input_tokens"}), answer.usage.input_tokens); // count_tokens
    read_error(d, at(d, n, {"error"}), {"type"}, answer);
}

// Events carry the response under "response"; a whole answer is the response itself.
void read_responses_answer(const Document& d, NodeIndex n, Answer& answer) {
    const NodeIndex type = at(d, n, {"type"});
    std::string scratch;
    const std::string_view event = type == no_node ? std::string_view() : d.text(type, scratch);
    const auto call = [&](NodeIndex item) {
        const NodeIndex item_type = at(d, item, {"type"});
        std::string item_scratch;
        if (item_type == no_node || !d.text(item_type, item_scratch).ends_with("_call")) return;
        const NodeIndex name = at(d, item, {"name"});
        add_tool_call(d, name != no_node ? name : item_type, answer); // web_search_call has no name but its type
    };
    if (event == "response.output_item.added") return call(at(d, n, {"item"}));
    if (event == "error") {
        // The event's fields stand flat: {"type":"error","code":…,"message":…}.
        const NodeIndex inner = at(d, n, {"error"});
        return read_error(d, is_object(d, inner) ? inner : n, {"code", "type"}, answer);
    }
    const bool whole = !event.starts_with("response.");
    const NodeIndex response = whole ? n : at(d, n, {"response"});
    set_text(d, at(d, response, {"id"}), answer.id);
    set_text(d, at(d, response, {"model"}), answer.model);
    if (event == "response.created") return;
    if (whole) each(d, at(d, response, {"output"}), call); // in a stream each was told when it was added
    if (event == "response.completed" || event == "response.incomplete") answer.complete = true;
    const NodeIndex reason = at(d, response, {"incomplete_details", "reason"});
    set_text(d, reason != no_node ? reason : at(d, response, {"status"}), answer.stop_reason);
    const NodeIndex usage = at(d, response, {"usage"});
    set_count(d, at(d, usage, {"input_tokens"}), answer.usage.input_tokens);
    set_count(d, at(d, usage, {"output_tokens"}), answer.usage.output_tokens);
    set_count(d, at(d, usage, {"input_tokens_details", "cached_tokens"}), answer.usage.cache_read_tokens);
    set_count(d, at(d, n, {"input_tokens"}), answer.usage.input_tokens); // /v1/responses/input_tokens
    read_error(d, at(d, response, {"error"}), {"code", "type"}, answer);
}

// A chunk has "delta" where a whole answer has "message".
void read_chat_answer(const Document& d, NodeIndex n, Answer& answer) {
    if (answer.id.empty()) set_text(d, at(d, n, {"id"}), answer.id);
    if (answer.model.empty()) set_text(d, at(d, n, {"model"}), answer.model);
    each(d, at(d, n, {"choices"}), [&](NodeIndex choice) {
        set_text(d, at(d, choice, {"finish_reason"}), answer.stop_reason);
        for (const std::string_view part : {"delta", "message"}) {
            const NodeIndex message = at(d, choice, {part});
            each(d, at(d, message, {"tool_calls"}), [&](NodeIndex call) {
                add_tool_call(d, at(d, call, {"function", "name"}), answer);
                add_tool_call(d, at(d, call, {"custom", "name"}), answer);
            });
            add_tool_call(d, at(d, message, {"function_call", "name"}), answer);
        }
    });
    const NodeIndex usage = at(d, n, {"usage"});
    set_count(d, at(d, usage, {"prompt_tokens"}), answer.usage.input_tokens);
    set_count(d, at(d, usage, {"completion_tokens"}), answer.usage.output_tokens);
    set_count(d, at(d, usage, {"prompt_cache_hit_tokens"}), answer.usage.cache_read_tokens); // DeepSeek
    set_count(d, at(d, usage, {"prompt_tokens_details", "cached_tokens"}), answer.usage.cache_read_tokens);
    read_error(d, at(d, n, {"error"}), {"type", "code"}, answer);
}

// A chunk and a whole answer have the same form.
void read_gemini_answer(const Document& d, NodeIndex n, Answer& answer) {
    set_text(d, at(d, n, {"responseId"}), answer.id);
    set_text(d, at(d, n, {"modelVersion"}), answer.model);
    each(d, at(d, n, {"candidates"}), [&](NodeIndex candidate) {
        const NodeIndex reason = at(d, candidate, {"finishReason"});
        set_text(d, reason, answer.stop_reason);
        if (reason != no_node && d[reason].kind == Kind::string) answer.complete = true;
        each(d, at(d, candidate, {"content", "parts"}),
             [&](NodeIndex part) { add_tool_call(d, at(d, part, {"functionCall", "name"}), answer); });
    });
    if (const NodeIndex blocked = at(d, n, {"promptFeedback", "blockReason"}); blocked != no_node) {
        set_text(d, blocked, answer.stop_reason);
        answer.complete = true;
    }
    const NodeIndex usage = at(d, n, {"usageMetadata"});
    set_count(d, at(d, usage, {"promptTokenCount"}), answer.usage.input_tokens);
    set_count(d, at(d, usage, {"cachedContentTokenCount"}), answer.usage.cache_read_tokens);
    // What the vendor bills as output is the text and the thoughts, counted apart.
    std::int64_t text = 0;
    std::int64_t thoughts = 0;
    const bool has_text = set_count(d, at(d, usage, {"candidatesTokenCount"}), text);
    const bool has_thoughts = set_count(d, at(d, usage, {"thoughtsTokenCount"}), thoughts);
    if ((has_text || has_thoughts) && text <= INT64_MAX - thoughts) answer.usage.output_tokens = text + thoughts;
    set_count(d, at(d, n, {"totalTokens"}), answer.usage.input_tokens); // countTokens
    read_error(d, at(d, n, {"error"}), {"status"}, answer);
}

} // namespace sallyport::dialect
