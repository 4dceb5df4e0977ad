// A span of the OpenTelemetry GenAI conventions.
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "handover/otlp_json.h"
#include "ledger/words.h"

namespace sallyport::handover {

// A client span. The trace is the exchange: its id is made of the ledger's and the exchange's names, so that attempts of one exchange,
// and a span that is sent twice, fall together.
void append_span(const Event& event, std::string& out) {
    const std::string exchange = std::string(event.origin) + "/" + std::string(event.exchange);
    const auto trace = crypto::sha256("sallyport trace\n" + exchange);
    const bool refused = event.kind == Event::Kind::refusal;
    const auto span =
        crypto::sha256("sallyport span\n" + exchange + "\n" + (refused ? "refusal" : std::to_string(event.attempt)));
    const ledger::Judgement& judgement = *event.judgement;
    const std::string error = error_of(event);
    json::Writer writer(out);
    writer.begin_object();
    writer.member("traceId", to_hex(crypto::bytes(trace).substr(0, 16)));
    writer.member("spanId", to_hex(crypto::bytes(span).substr(0, 8)));
    writer.member("name", std::string(operation_of(event)) +
                              (event.model().empty() ? std::string() : " " + std::string(event.model())));
    writer.member("kind", 3); // client
    writer.member("startTimeUnixNano", nanoseconds_of(event.begin_ms));
    writer.member("endTimeUnixNano", nanoseconds_of(std::max(event.begin_ms, event.end_ms)));
    {
        Attributes attributes(writer);
        attributes.text("gen_ai.operation.name", operation_of(event));
        attributes.text("gen_ai.provider.name", refused ? "unknown" : provider_of(event.provider()));
        attributes.text("gen_ai.request.model", event.model());
        attributes.text("gen_ai.conversation.id", event.request->session);
        if (const ledger::Outcome* outcome = event.outcome) {
            attributes.text("gen_ai.response.id", outcome->response_id);
            attributes.text("gen_ai.response.model", outcome->model);
            const std::string_view reasons[] = {outcome->stop_reason};
            if (!outcome->stop_reason.empty()) attributes.texts("gen_ai.response.finish_reasons", reasons);
            attributes.number("gen_ai.usage.input_tokens", outcome->usage.input_tokens);
            attributes.number("gen_ai.usage.output_tokens", outcome->usage.output_tokens);
            attributes.number("gen_ai.usage.cache_read.input_tokens", outcome->usage.cache_read_tokens);
            attributes.number("gen_ai.usage.cache_creation.input_tokens", outcome->usage.cache_write_tokens);
            attributes.seconds("gen_ai.response.time_to_first_chunk", outcome->first_byte_ms);
            attributes.number("sallyport.answer.bytes", static_cast<std::int64_t>(outcome->answer.bytes));
            attributes.texts("sallyport.tool_calls", outcome->tool_calls);
        }
        attributes.number("http.response.status_code", event.status > 0 ? event.status : -1);
        attributes.text("error.type", error);
        attributes.text("user.id", event.person);
        attributes.text("sallyport.exchange", event.exchange);
        attributes.text("sallyport.entry", event.id());
        attributes.number("sallyport.attempt", event.attempt);
        attributes.text("sallyport.client.name", event.client());
        attributes.text("sallyport.client.version", judgement.facts.client_version);
        attributes.text("sallyport.dialect", event.dialect);
        attributes.text("sallyport.team", event.team);
        attributes.text("sallyport.decision", event.decision());
        if (event.judged) {
            attributes.text("sallyport.repository", judgement.facts.repository);
            attributes.text("sallyport.class", ledger::word(judgement.effective_class));
            attributes.text("sallyport.evidence", ledger::word(judgement.facts.evidence));
            attributes.text("sallyport.rule", judgement.rule);
            attributes.text("sallyport.policy", judgement.policy);
            attributes.texts("sallyport.plugins", judgement.facts.plugins);
            if (judgement.mode != policy::Mode::enforce)
                attributes.text("sallyport.mode", ledger::word(judgement.mode));
        }
        attributes.number("sallyport.findings", static_cast<std::int64_t>(event.request->findings.size()));
        attributes.number("sallyport.sent.bytes", refused ? -1 : static_cast<std::int64_t>(event.sent.bytes));
        attributes.text("sallyport.upstream", event.upstream.name);
        attributes.text("sallyport.account", event.upstream.account);
        attributes.text("sallyport.region", event.upstream.region);
    }
    writer.begin_object("status");
    if (!error.empty()) {
        writer.member("code", 2);
        if (refused) writer.member("message", event.sentence);
    }
    writer.end_object();
    writer.end_object();
}

void append_traces(std::string_view origin, std::string_view spans, std::string& out) {
    append_export(origin, "Spans", spans, out);
}

} // namespace sallyport::handover
