#include "handover/format.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "handover/measures.h"
#include "handover/members.h"

namespace sallyport::handover {

std::string digest_text(const ledger::Body& body) {
    if (body.digest == crypto::Digest{}) return {};
    return (body.keyed ? "hmac-sha256:" : "sha256:") + to_hex(crypto::bytes(body.digest));
}

void append(Format format, const Event& event, std::string& out) {
    switch (format) {
    case Format::ocsf: return append_ocsf(event, out);
    case Format::cef: return append_cef(event, out);
    case Format::otlp: return append_span(event, out);
    case Format::hec: return append_hec(event, out);
    case Format::otlp_metrics: return append_metrics(event, out);
    }
}

// In the envelope of the HTTP Event Collector: time in seconds, with its milliseconds.
void append_hec(const Event& event, std::string& out) {
    const std::int64_t at_ms = event.end_ms >= 0 ? event.end_ms : event.begin_ms;
    std::string milliseconds = std::to_string(at_ms % 1000);
    milliseconds.insert(0, 3 - milliseconds.size(), '0');
    std::string ocsf;
    append_ocsf(event, ocsf);
    json::Writer writer(out);
    writer.begin_object();
    writer.member_raw("time", std::to_string(at_ms / 1000) + "." + milliseconds);
    writer.member("source", "sallyport:" + std::string(event.origin));
    writer.member("sourcetype", "ocsf:api_activity");
    writer.member_raw("event", ocsf);
    writer.end_object();
}

void append_metrics(const Event& event, std::string& out) {
    Measures measures;
    measures.add(event);
    measures.append(event.origin, out);
}

// The sender's name and process are not told: who reads the entries knows their origin, and a host's name is nobody's business.
void append_syslog_frame(const Event& event, std::string_view message, std::string& out) {
    constexpr int facility = 13, warning = 4, informational = 6;
    const bool refused = event.kind == Event::Kind::refusal;
    std::string line = "<" + std::to_string(facility * 8 + (refused ? warning : informational)) + ">1 ";
    line += rfc3339(event.end_ms >= 0 ? event.end_ms : event.begin_ms);
    line += " - sallyport - ";
    line += refused ? "refusal" : "attempt";
    line += " - ";
    line += message;
    out += std::to_string(line.size()) + " " + line;
}

} // namespace sallyport::handover
