#include "handover/format.h"
#include "ledger/words.h"

namespace sallyport::handover {

namespace {

// Header fields escape '|' and '\'; values escape '=' and '\', and write line ends as \n and \r. Other control characters become blanks,
// so that one event stays one line, and halves of surrogates, which entries can hold, U+FFFD.
std::string escaped(std::string_view text, char also) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\xED' && at + 2 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) {
            out += "\uFFFD";
            at += 2;
            continue;
        }
        if (c == '\n' || c == '\r')
            out += also == '=' ? (c == '\n' ? "\\n" : "\\r") : " ";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            out += ' ';
        else {
            if (c == '\\' || c == also) out += '\\';
            out += c;
        }
    }
    return out;
}

class Extension {
public:
    explicit Extension(std::string& out) : out_(out) {}
    void text(std::string_view key, std::string_view value) {
        if (value.empty()) return;
        if (!first_) out_ += ' ';
        first_ = false;
        out_ += key;
        out_ += '=';
        out_ += escaped(value, '=');
    }
    void number(std::string_view key, std::int64_t value) {
        if (value >= 0) text(key, std::to_string(value));
    }
    // A field whose meaning is told by a label of its own.
    void labelled(std::string_view key, std::string_view label, std::string_view value) {
        if (value.empty()) return;
        text(std::string(key) + "Label", label);
        text(key, value);
    }

private:
    std::string& out_;
    bool first_ = true;
};

// 0 to 10: 3 where all is well, 5 where something was found or amended, 7 where it was refused or would be.
int severity_of(const Event& event) {
    if (event.kind == Event::Kind::refusal || event.judgement->mode != policy::Mode::enforce) return 7;
    return event.judgement->decision != policy::Decision::allow || !event.request->findings.empty() ? 5 : 3;
}

} // namespace

// CEF version 0, "ArcSight Common Event Format", revision 26.
void append_cef(const Event& event, std::string& out) {
    const bool refused = event.kind == Event::Kind::refusal;
    const std::string operation(ledger::word(event.request->operation));
    out += "CEF:0|Sallyport|Sallyport|" + std::string(program_version) + "|";
    out += refused ? "refusal" : "attempt";
    out += "|" + escaped(refused ? "Refused: " + std::string(event.refused_because)
                                 : operation + " " + std::string(event.ended()),
                         '|');
    out += "|" + std::to_string(severity_of(event)) + "|";
    const ledger::Judgement& judgement = *event.judgement;
    Extension extension(out);
    extension.number("rt", event.end_ms >= 0 ? event.end_ms : event.begin_ms);
    extension.number("start", event.begin_ms);
    extension.number("end", event.end_ms);
    extension.text("externalId", event.id());
    extension.text("act", event.decision());
    extension.text("outcome", refused                    ? "failure"
                              : event.outcome == nullptr ? ""
                              : event.failed()           ? "failure"
                                                         : "success");
    extension.text("reason", refused ? event.refused_because : event.ended());
    extension.text("suser", event.person);
    extension.text("sourceServiceName", event.client());
    extension.text("destinationServiceName", event.upstream.name);
    extension.text("requestMethod", operation);
    extension.text("app", event.dialect);
    extension.number("out", refused ? -1 : static_cast<std::int64_t>(event.sent.bytes));
    if (event.outcome != nullptr) extension.number("in", static_cast<std::int64_t>(event.outcome->answer.bytes));
    extension.labelled("cs1", "repository", judgement.facts.repository);
    extension.labelled("cs2", "class", event.judged ? ledger::word(judgement.effective_class) : std::string_view());
    extension.labelled("cs3", "rule", judgement.rule);
    extension.labelled("cs4", "model", event.model());
    extension.labelled("cs5", "exchange", event.exchange);
    extension.labelled("cs6", "vendor", event.provider());
    extension.labelled("flexString1", "team", event.team);
    extension.labelled("flexString2", "clientVersion", judgement.facts.client_version);
    if (event.status > 0) extension.labelled("cn1", "status", std::to_string(event.status));
    if (event.outcome != nullptr && event.outcome->usage.input_tokens >= 0)
        extension.labelled("cn2", "inputTokens", std::to_string(event.outcome->usage.input_tokens));
    if (event.outcome != nullptr && event.outcome->usage.output_tokens >= 0)
        extension.labelled("cn3", "outputTokens", std::to_string(event.outcome->usage.output_tokens));
    if (refused) extension.text("msg", event.sentence);
}

} // namespace sallyport::handover
