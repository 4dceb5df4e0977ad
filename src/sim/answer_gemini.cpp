// gemini: chunks of one form, as server-sent events (?alt=sse) or as the elements of a JSON array.
#include "sim/compose.h"

namespace sallyport::sim {

namespace {

std::string chunk(const Answer& answer, std::string_view text, bool last) {
    return object([&](json::Writer& w) {
        w.begin_array("candidates");
        w.begin_object();
        w.begin_object("content");
        w.begin_array("parts");
        w.begin_object();
        if (answer.call.name.empty()) {
            w.member("text", text);
        } else {
            w.begin_object("functionCall");
            w.member("name", answer.call.name);
            w.member_raw("args", answer.call.arguments);
            w.end_object();
        }
        w.end_object();
        w.end_array();
        w.member("role", "model");
        w.end_object();
        if (last) w.member("finishReason", "STOP");
        w.member("index", 0);
        w.end_object();
        w.end_array();
        if (last) {
            const TokenCounts& tokens = answer.tokens;
            w.begin_object("usageMetadata");
            w.member("promptTokenCount", tokens.input);
            w.member("cachedContentTokenCount", tokens.cache_read);
            w.member("candidatesTokenCount", tokens.output);
            w.member("totalTokenCount", tokens.input + tokens.output);
            w.end_object();
        }
        w.member("modelVersion", answer.model);
        w.member("responseId", id_of("resp", answer.number));
    });
}

} // namespace

void compose_gemini(const Answer& answer, EventWriter& out) {
    std::vector<std::string_view> pieces = deltas_of(answer);
    if (pieces.empty() || !answer.call.name.empty()) pieces.assign(1, {});
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool last = i + 1 == pieces.size();
        if (last) out.closing();
        const std::string data = chunk(answer, pieces[i], last);
        if (answer.server_sent)
            out.event("", data);
        else
            out.raw((i == 0 ? "[" : ",\r\n") + data + (last ? "]\n" : ""));
    }
}

std::string gemini_body(const Answer& answer) { return chunk(answer, answer.text, true); }

} // namespace sallyport::sim
