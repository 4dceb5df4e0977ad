// openai-chat. The chunk with finish_reason must come: opencode loops for ever without it.
#include "sim/compose.h"

namespace sallyport::sim {

namespace {

std::string_view finish_reason(const Answer& answer) { return answer.call.name.empty() ? "stop" : "tool_calls"; }

void write_usage(json::Writer& w, const TokenCounts& tokens) {
    w.begin_object("usage");
    w.member("prompt_tokens", tokens.input);
    w.member("completion_tokens", tokens.output);
    w.member("total_tokens", tokens.input + tokens.output);
    w.begin_object("prompt_tokens_details");
    w.member("cached_tokens", tokens.cache_read);
    w.end_object();
    w.end_object();
}

void write_call(json::Writer& w, const Answer& answer, bool in_stream) {
    w.begin_array("tool_calls");
    w.begin_object();
    if (in_stream) w.member("index", 0);
    w.member("id", id_of("call", answer.number));
    w.member("type", "function");
    w.begin_object("function");
    w.member("name", answer.call.name);
    w.member("arguments", answer.call.arguments);
    w.end_object();
    w.end_object();
    w.end_array();
}

void write_head(json::Writer& w, const Answer& answer, std::string_view kind) {
    w.member("id", id_of("chatcmpl", answer.number));
    w.member("object", kind);
    w.member("created", made_at_s);
    w.member("model", answer.model);
}

// One chunk with one choice; `fill` writes its delta.
template <class Fill> void chunk(EventWriter& out, const Answer& answer, std::string_view finish, const Fill& fill) {
    out.event("", object([&](json::Writer& w) {
                  write_head(w, answer, "chat.completion.chunk");
                  w.begin_array("choices");
                  w.begin_object();
                  w.member("index", 0);
                  w.begin_object("delta");
                  fill(w);
                  w.end_object();
                  if (finish.empty())
                      w.member_null("finish_reason");
                  else
                      w.member("finish_reason", finish);
                  w.end_object();
                  w.end_array();
              }));
}

} // namespace

void compose_chat(const Answer& answer, EventWriter& out) {
    chunk(out, answer, "", [](json::Writer& w) {
        w.member("role", "assistant");
        w.member("content", "");
    });
    if (answer.call.name.empty())
        for (const std::string_view piece : deltas_of(answer))
            chunk(out, answer, "", [&](json::Writer& w) { w.member("content", piece); });
    else
        chunk(out, answer, "", [&](json::Writer& w) { write_call(w, answer, true); });
    out.closing();
    chunk(out, answer, finish_reason(answer), [](json::Writer&) {});
    if (answer.usage_in_stream)
        out.event("", object([&](json::Writer& w) {
                      write_head(w, answer, "chat.completion.chunk");
                      w.begin_array("choices");
                      w.end_array();
                      write_usage(w, answer.tokens);
                  }));
    out.event("", "[DONE]");
}

std::string chat_body(const Answer& answer) {
    return object([&](json::Writer& w) {
        write_head(w, answer, "chat.completion");
        w.begin_array("choices");
        w.begin_object();
        w.member("index", 0);
        w.begin_object("message");
        w.member("role", "assistant");
        if (answer.call.name.empty()) {
            w.member("content", answer.text);
        } else {
            w.member_null("content");
            write_call(w, answer, false);
        }
        w.end_object();
        w.member("finish_reason", finish_reason(answer));
        w.end_object();
        w.end_array();
        write_usage(w, answer.tokens);
    });
}

} // namespace sallyport::sim
