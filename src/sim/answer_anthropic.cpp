// anthropic-messages. Claude Code wants the `event:` lines: without them it repeats every call, not streamed.
#include "sim/compose.h"

namespace sallyport::sim {

namespace {

std::string_view stop_reason(const Answer& answer) { return answer.call.name.empty() ? "end_turn" : "tool_use"; }

void write_usage(json::Writer& w, const Answer& answer, std::uint64_t output) {
    const TokenCounts& tokens = answer.tokens;
    w.begin_object("usage");
    w.member("input_tokens", tokens.input - tokens.cache_read - tokens.cache_write);
    w.member("cache_creation_input_tokens", tokens.cache_write);
    w.member("cache_read_input_tokens", tokens.cache_read);
    w.member("output_tokens", output);
    w.end_object();
}

void write_block(json::Writer& w, const Answer& answer, std::string_view text, std::string_view input) {
    if (answer.call.name.empty()) {
        w.member("type", "text");
        w.member("text", text);
    } else {
        w.member("type", "tool_use");
        w.member("id", id_of("toolu", answer.number));
        w.member("name", answer.call.name);
        w.member_raw("input", input);
    }
}

// Up to where a stream and a body differ.
void write_message(json::Writer& w, const Answer& answer) {
    w.member("id", id_of("msg", answer.number));
    w.member("type", "message");
    w.member("role", "assistant");
    w.member("model", answer.model);
}

void delta(EventWriter& out, std::string_view type, std::string_view key, std::string_view piece) {
    out.event("content_block_delta", object([&](json::Writer& w) {
                  w.member("type", "content_block_delta");
                  w.member("index", 0);
                  w.begin_object("delta");
                  w.member("type", type);
                  w.member(key, piece);
                  w.end_object();
              }));
}

} // namespace

void compose_anthropic(const Answer& answer, EventWriter& out) {
    out.event("message_start", object([&](json::Writer& w) {
                  w.member("type", "message_start");
                  w.begin_object("message");
                  write_message(w, answer);
                  w.begin_array("content");
                  w.end_array();
                  w.member_null("stop_reason");
                  w.member_null("stop_sequence");
                  write_usage(w, answer, 1);
                  w.end_object();
              }));
    out.event("content_block_start", object([&](json::Writer& w) {
                  w.member("type", "content_block_start");
                  w.member("index", 0);
                  w.begin_object("content_block");
                  write_block(w, answer, "", "{}");
                  w.end_object();
              }));
    out.event("ping", R"({"type":"ping"})");
    if (answer.call.name.empty()) {
        for (const std::string_view piece : deltas_of(answer)) delta(out, "text_delta", "text", piece);
    } else {
        // In two pieces, as it comes from a model: neither is JSON by itself.
        const std::string_view arguments = answer.call.arguments;
        delta(out, "input_json_delta", "partial_json", arguments.substr(0, arguments.size() / 2));
        delta(out, "input_json_delta", "partial_json", arguments.substr(arguments.size() / 2));
    }
    out.event("content_block_stop", R"({"type":"content_block_stop","index":0})");
    out.event("message_delta", object([&](json::Writer& w) {
                  w.member("type", "message_delta");
                  w.begin_object("delta");
                  w.member("stop_reason", stop_reason(answer));
                  w.member_null("stop_sequence");
                  w.end_object();
                  w.begin_object("usage");
                  w.member("output_tokens", answer.tokens.output);
                  w.end_object();
              }));
    out.closing();
    out.event("message_stop", R"({"type":"message_stop"})");
}

std::string anthropic_body(const Answer& answer) {
    return object([&](json::Writer& w) {
        write_message(w, answer);
        w.begin_array("content");
        w.begin_object();
        write_block(w, answer, answer.text, answer.call.arguments);
        w.end_object();
        w.end_array();
        w.member("stop_reason", stop_reason(answer));
        w.member_null("stop_sequence");
        write_usage(w, answer, answer.tokens.output);
    });
}

} // namespace sallyport::sim
