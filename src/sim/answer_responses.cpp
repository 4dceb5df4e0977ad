// openai-responses. Codex needs response.output_item.done and response.completed; the rest is as the vendor sends it.
#include "sim/compose.h"

namespace sallyport::sim {

namespace {

// Every event carries its type and a number that counts up.
class Numbered {
public:
    Numbered(const Answer& answer, EventWriter& out) : answer_(answer), out_(out) {}
    template <class Fill> void event(std::string_view type, const Fill& fill) {
        out_.event(type, object([&](json::Writer& w) {
                       w.member("type", type);
                       w.member("sequence_number", number_++);
                       fill(w);
                   }));
    }
    // One that belongs to the only output item.
    template <class Fill> void item_event(std::string_view type, std::string_view item_id, const Fill& fill) {
        event(type, [&](json::Writer& w) {
            w.member("item_id", item_id);
            w.member("output_index", 0);
            fill(w);
        });
    }
    const Answer& answer() const { return answer_; }

private:
    const Answer& answer_;
    EventWriter& out_;
    std::uint64_t number_ = 0;
};

std::string item_id(const Answer& answer) {
    const std::string_view prefix = answer.call.name.empty() ? "msg" : answer.call.custom ? "ctc" : "fc";
    return id_of(prefix, answer.number);
}

std::string text_part(std::string_view text) {
    return object([&](json::Writer& w) {
        w.member("type", "output_text");
        w.member("text", text);
        w.begin_array("annotations");
        w.end_array();
    });
}

// The output item: empty while it is in progress, whole when it is done.
std::string item(const Answer& answer, bool done) {
    return object([&](json::Writer& w) {
        w.member("id", item_id(answer));
        if (answer.call.name.empty()) {
            w.member("type", "message");
            w.member("role", "assistant");
            w.begin_array("content");
            if (done) w.element_raw(text_part(answer.text));
            w.end_array();
        } else {
            w.member("type", answer.call.custom ? "custom_tool_call" : "function_call");
            w.member("call_id", id_of("call", answer.number));
            w.member("name", answer.call.name);
            w.member(answer.call.custom ? "input" : "arguments", done ? answer.call.arguments : std::string());
        }
        w.member("status", done ? "completed" : "in_progress");
    });
}

std::string response(const Answer& answer, bool done) {
    return object([&](json::Writer& w) {
        w.member("id", id_of("resp", answer.number));
        w.member("object", "response");
        w.member("created_at", made_at_s);
        w.member("status", done ? "completed" : "in_progress");
        w.member_null("error");
        w.member("model", answer.model);
        w.begin_array("output");
        if (done) w.element_raw(item(answer, true));
        w.end_array();
        if (!done) {
            w.member_null("usage");
            return;
        }
        const TokenCounts& tokens = answer.tokens;
        w.begin_object("usage");
        w.member("input_tokens", tokens.input);
        w.begin_object("input_tokens_details");
        w.member("cached_tokens", tokens.cache_read);
        w.end_object();
        w.member("output_tokens", tokens.output);
        w.begin_object("output_tokens_details");
        w.member("reasoning_tokens", 0);
        w.end_object();
        w.member("total_tokens", tokens.input + tokens.output);
        w.end_object();
    });
}

void text_events(Numbered& out, const std::string& id) {
    const Answer& answer = out.answer();
    const auto part_event = [&](std::string_view type, std::string_view text) {
        out.item_event(type, id, [&](json::Writer& w) {
            w.member("content_index", 0);
            w.member_raw("part", text_part(text));
        });
    };
    part_event("response.content_part.added", "");
    for (const std::string_view piece : deltas_of(answer))
        out.item_event("response.output_text.delta", id, [&](json::Writer& w) {
            w.member("content_index", 0);
            w.member("delta", piece);
        });
    out.item_event("response.output_text.done", id, [&](json::Writer& w) {
        w.member("content_index", 0);
        w.member("text", answer.text);
    });
    part_event("response.content_part.done", answer.text);
}

void call_events(Numbered& out, const std::string& id) {
    const ToolCall& call = out.answer().call;
    const std::string type = call.custom ? "response.custom_tool_call_input" : "response.function_call_arguments";
    out.item_event(type + ".delta", id, [&](json::Writer& w) { w.member("delta", call.arguments); });
    out.item_event(type + ".done", id,
                   [&](json::Writer& w) { w.member(call.custom ? "input" : "arguments", call.arguments); });
}

} // namespace

void compose_responses(const Answer& answer, EventWriter& writer) {
    Numbered out(answer, writer);
    const std::string id = item_id(answer);
    const auto whole = [&](std::string_view type, bool done) {
        out.event(type, [&](json::Writer& w) { w.member_raw("response", response(answer, done)); });
    };
    const auto of_item = [&](std::string_view type, bool done) {
        out.event(type, [&](json::Writer& w) {
            w.member("output_index", 0);
            w.member_raw("item", item(answer, done));
        });
    };
    whole("response.created", false);
    whole("response.in_progress", false);
    of_item("response.output_item.added", false);
    if (answer.call.name.empty())
        text_events(out, id);
    else
        call_events(out, id);
    of_item("response.output_item.done", true);
    writer.closing();
    whole("response.completed", true);
}

std::string responses_body(const Answer& answer) { return response(answer, true); }

} // namespace sallyport::sim
