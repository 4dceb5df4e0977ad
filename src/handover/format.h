// An event as text, for each format a pure function: the same event gives the same bytes. docs/handover.md has the mapping.
//
//   ocsf  Open Cybersecurity Schema Framework 1.8.0, class API Activity (6003), profiles ai_operation and security_control
//   hec   the same in the envelope of Splunk's HTTP Event Collector
//   otlp  a span of the OpenTelemetry GenAI semantic conventions, in OTLP's JSON encoding
//   cef   Common Event Format, version 0
//   otlp-metrics  the events of a batch as metrics of the same conventions (measures.h)
#pragma once

#include "handover/event.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::handover {

inline constexpr std::string_view ocsf_version = "1.8.0";
inline constexpr std::size_t listed_max = 16; // findings, plugins, tool calls that one event names

enum class Format : std::uint8_t { ocsf, cef, otlp, hec, otlp_metrics };
inline constexpr std::string_view format_names[] = {"ocsf", "cef", "otlp", "hec", "otlp-metrics"};

// Each appends one event, without a line's end in it or behind it.
void append_ocsf(const Event& event, std::string& out);
void append_hec(const Event& event, std::string& out);
void append_span(const Event& event, std::string& out); // one span of OTLP, see append_traces()
void append_cef(const Event& event, std::string& out);
void append_metrics(const Event& event, std::string& out); // a whole request of OTLP, of one event
void append(Format format, const Event& event, std::string& out);

// Spans, with commas between them, as one OTLP ExportTraceServiceRequest.
void append_traces(std::string_view origin, std::string_view spans, std::string& out);

// RFC 5424, framed by its length (RFC 5425 section 4.3): facility 13 (log audit), severity warning for refusals, else informational.
void append_syslog_frame(const Event& event, std::string_view message, std::string& out);

} // namespace sallyport::handover
