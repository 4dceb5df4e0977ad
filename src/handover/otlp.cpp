#include "base/encoding.h"
#include "crypto/crypto.h"
#include "handover/members.h"
#include "ledger/words.h"

#include <algorithm>

namespace sallyport::handover {

namespace {

using json::Writer;

constexpr std::string_view semantic_conventions = "https://opentelemetry.io/schemas/1.44.0";

// One attribute {"key", "value"} each. 64-bit numbers are texts in OTLP's JSON (proto3 JSON mapping).
class Attributes {
public:
    explicit Attributes(Writer& writer) : writer_(writer) { writer_.begin_array("attributes"); }
    ~Attributes() { writer_.end_array(); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    void text(std::string_view key, std::string_view value) {
        if (value.empty()) return;
        begin(key);
        writer_.member("stringValue", value);
        end();
    }
    void number(std::string_view key, std::int64_t value) {
        if (value < 0) return;
        begin(key);
        writer_.member("intValue", std::to_string(value));
        end();
    }
    void seconds(std::string_view key, std::int64_t ms) {
        if (ms < 0) return;
        std::string fraction = std::to_string(ms % 1000);
        fraction.insert(0, 3 - fraction.size(), '0');
        begin(key);
        writer_.member_raw("doubleValue", std::to_string(ms / 1000) + "." + fraction);
        end();
    }
    void texts(std::string_view key, std::span<const std::string_view> values) {
        if (values.empty()) return;
        begin(key);
        writer_.begin_object("arrayValue");
        writer_.begin_array("values");
        for (const std::string_view one : values.first(std::min(values.size(), listed_max))) {
            writer_.begin_object();
            writer_.member("stringValue", one);
            writer_.end_object();
        }
        writer_.end_array();
        writer_.end_object();
        end();
    }

private:
    void begin(std::string_view key) {
        writer_.begin_object();
        writer_.member("key", key);
        writer_.begin_object("value");
    }
    void end() {
        writer_.end_object();
        writer_.end_object();
    }
    Writer& writer_;
};

// The conventions' name where they have one for whom the policy calls by its own: gen_ai.provider.name is an open list.
std::string_view provider_of(std::string_view vendor) {
    if (vendor == "google" || vendor == "gemini") return "gcp.gemini";
    if (vendor == "azure") return "azure.ai.openai";
    if (vendor == "bedrock" || vendor == "aws") return "aws.bedrock";
    return vendor;
}

std::string_view operation_of(const Event& event) {
    if (event.request->operation != dialect::Operation::generate) return ledger::word(event.request->operation);
    return event.dialect == "gemini" ? "generate_content" : "chat";
}

std::string error_of(const Event& event) {
    if (event.kind == Event::Kind::refusal) return "refused." + std::string(event.refused_because);
    if (event.outcome == nullptr) return "outcome-unknown";
    if (!event.outcome->error.empty()) return std::string(event.outcome->error);
    if (event.outcome->ended != ledger::Ended::complete) return std::string(event.ended());
    return event.status >= 400 ? std::to_string(event.status) : std::string();
}

std::string nanoseconds(std::int64_t ms) { return std::to_string(ms) + "000000"; }

} // namespace

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
    Writer writer(out);
    writer.begin_object();
    writer.member("traceId", to_hex(crypto::bytes(trace).substr(0, 16)));
    writer.member("spanId", to_hex(crypto::bytes(span).substr(0, 8)));
    writer.member("name", std::string(operation_of(event)) +
                              (event.model().empty() ? std::string() : " " + std::string(event.model())));
    writer.member("kind", 3); // client
    writer.member("startTimeUnixNano", nanoseconds(event.begin_ms));
    writer.member("endTimeUnixNano", nanoseconds(std::max(event.begin_ms, event.end_ms)));
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
    Writer writer(out);
    writer.begin_object();
    writer.begin_array("resourceSpans");
    writer.begin_object();
    writer.begin_object("resource");
    {
        Attributes attributes(writer);
        attributes.text("service.name", "sallyport");
        attributes.text("service.version", program_version);
        attributes.text("service.instance.id", origin);
    }
    writer.end_object();
    writer.begin_array("scopeSpans");
    writer.begin_object();
    writer.begin_object("scope");
    writer.member("name", "sallyport.ledger");
    writer.member("version", program_version);
    writer.end_object();
    writer.begin_array("spans");
    writer.element_raw(spans);
    writer.end_array();
    writer.member("schemaUrl", semantic_conventions);
    writer.end_object();
    writer.end_array();
    writer.member("schemaUrl", semantic_conventions);
    writer.end_object();
    writer.end_array();
    writer.end_object();
}

} // namespace sallyport::handover
