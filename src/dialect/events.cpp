// Watching answers: what an event or a whole body tells of model, usage, tool calls, end and errors. Nothing here fails: an
// answer goes to the client whatever we understand of it.
//
// Events that are not parsed: text deltas and pings, by name where there is one, else by prefilter.h.
#include "base/buffer.h"
#include "dialect/answers.h"
#include "dialect/dialect.h"
#include "dialect/prefilter.h"

#include <array>

namespace sallyport::dialect {
namespace {

constexpr std::array<std::string_view, 5> anthropic_types = {"message_start", "message_delta", "message_stop",
                                                             "content_block_start", "error"};
constexpr std::array<std::string_view, 6> responses_types = {"response.created",           "response.completed",
                                                             "response.incomplete",        "response.failed",
                                                             "response.output_item.added", "error"};
constexpr std::array<std::string_view, 4> chat_keys = {"finish_reason", "usage", "name", "error"};
constexpr std::array<std::string_view, 4> gemini_keys = {"finishReason", "functionCall", "promptFeedback", "error"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
    for (const std::string_view one : words)
        if (word == one) return true;
    return false;
}

bool is_of_interest(Dialect dialect, std::string_view event, std::string_view data, const Answer& answer) {
    switch (dialect) {
    case Dialect::anthropic_messages:
        return event.empty() ? mentions(data, "mce", anthropic_types) : is_one_of(event, anthropic_types);
    case Dialect::openai_responses:
        return event.empty() ? mentions(data, "re", responses_types) : is_one_of(event, responses_types);
    case Dialect::openai_chat:
        // The first chunk tells id and model.
        return (answer.id.empty() && answer.model.empty()) || mentions(data, "fune", chat_keys);
    case Dialect::gemini:
        // Every chunk repeats the usage so far: the first one and the last one are read, and what comes behind the last.
        return answer.complete || (answer.id.empty() && answer.model.empty()) || mentions(data, "fpe", gemini_keys);
    }
    return false;
}

void read_answer(Dialect dialect, const json::Document& document, Answer& answer) {
    switch (dialect) {
    case Dialect::anthropic_messages: return read_anthropic_answer(document, 0, answer);
    case Dialect::openai_responses: return read_responses_answer(document, 0, answer);
    case Dialect::openai_chat: return read_chat_answer(document, 0, answer);
    case Dialect::gemini: return read_gemini_answer(document, 0, answer);
    }
}

// Memory of what is looked at, kept by the thread: answers come one behind the other.
struct Looked {
    Buffer text;
    json::Document document;
    bool parse(std::string_view json) {
        constexpr std::size_t kept_max = 256 * 1024;
        if (text.capacity() > kept_max) text = Buffer();
        text.clear();
        text.append(json);
        return document.parse(text.view()).has_value();
    }
};
Looked& looked() {
    thread_local Looked memory;
    return memory;
}

} // namespace

void watch_event(Dialect dialect, std::string_view event, std::string_view data, Answer& answer) {
    if (dialect == Dialect::openai_chat && data == "[DONE]") {
        answer.complete = true;
        return;
    }
    if (data.empty() || !is_of_interest(dialect, event, data, answer)) return;
    Looked& memory = looked();
    if (memory.parse(data)) read_answer(dialect, memory.document, answer);
}

const json::Document* watch_body(const Endpoint& endpoint, std::string_view body, Answer& answer) {
    if (endpoint.operation == Operation::list_models || body.empty()) return nullptr;
    Looked& memory = looked();
    if (!memory.parse(body)) return nullptr;
    const json::Document& document = memory.document;
    // streamGenerateContent without alt=sse answers with an array of chunks.
    if (endpoint.dialect == Dialect::gemini && document[0].kind == json::Kind::array) {
        for (auto n = document.first_child(0); n != json::no_node; n = document.next_sibling(n))
            read_gemini_answer(document, n, answer);
        return &document;
    }
    read_answer(endpoint.dialect, document, answer);
    // A whole answer without an error is complete when it is there; a stream says so itself.
    if (answer.error_type.empty() && document[0].kind == json::Kind::object) answer.complete = true;
    return &document;
}

} // namespace sallyport::dialect
