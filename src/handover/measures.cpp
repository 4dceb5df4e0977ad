#include "handover/measures.h"

#include "handover/otlp_json.h"
#include "ledger/words.h"

#include <algorithm>

namespace sallyport::handover {

namespace {

using json::Writer;

// The attributes that a series' key has the values of, for each kind of metric.
using Names = std::array<std::string_view, 6>;
constexpr Names usage_names = {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model",
                               "gen_ai.response.model", "gen_ai.token.type",    ""};
constexpr Names time_names = {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model",
                              "gen_ai.response.model", "error.type",           ""};
constexpr Names exchange_names = {"sallyport.decision", "sallyport.class",      "sallyport.client.name",
                                  "sallyport.dialect",  "gen_ai.provider.name", "error.type"};

constexpr std::array<std::int64_t, 14> token_boundaries = {
    1, 4, 16, 64, 256, 1'024, 4'096, 16'384, 65'536, 262'144, 1'048'576, 4'194'304, 16'777'216, 67'108'864};
constexpr std::array<std::int64_t, 14> ms_boundaries = {10,    20,    40,    80,     160,    320,    640,
                                                        1'280, 2'560, 5'120, 10'240, 20'480, 40'960, 81'920};

void append_attributes(Writer& writer, const Names& names, const std::array<std::string, 6>& values) {
    Attributes attributes(writer);
    for (std::size_t i = 0; i < names.size(); ++i) attributes.text(names[i], values[i]);
}

} // namespace

struct Measures::Metric {
    std::string_view name, unit, description;
    const Names& names;
    std::span<const std::int64_t> boundaries;
    bool is_ms; // written in seconds

    std::string number(std::int64_t value) const { return is_ms ? seconds_of(value) : std::to_string(value); }
};

void Measures::Histogram::add(std::int64_t value, std::span<const std::int64_t> boundaries) {
    smallest = count == 0 ? value : std::min(smallest, value);
    largest = std::max(largest, value);
    sum += value;
    ++count;
    ++buckets[static_cast<std::size_t>(std::ranges::lower_bound(boundaries, value) - boundaries.begin())];
}

void Measures::clear() { *this = {}; }

void Measures::add(const Event& event) {
    const std::int64_t end_ms = std::max(event.begin_ms, event.end_ms);
    begin_ms_ = exchanges_.empty() ? event.begin_ms : std::min(begin_ms_, event.begin_ms);
    end_ms_ = std::max(end_ms_, end_ms);
    const std::string error = error_of(event);
    const bool refused = event.kind == Event::Kind::refusal;
    const std::string provider(refused ? std::string_view() : provider_of(event.provider()));
    ++exchanges_[{std::string(event.decision()),
                  std::string(event.judged ? ledger::word(event.judgement->effective_class) : std::string_view()),
                  std::string(event.client()), std::string(event.dialect), provider, error}];
    if (event.outcome == nullptr) return;
    const ledger::Outcome& outcome = *event.outcome;
    const auto key = [&](std::string_view last) {
        return Key{std::string(operation_of(event)), provider,          std::string(event.model()),
                   std::string(outcome.model),       std::string(last), {}};
    };
    durations_ms_[key(error)].add(end_ms - event.begin_ms, ms_boundaries);
    if (event.request->stream && outcome.first_byte_ms >= 0)
        first_chunks_ms_[key(error)].add(outcome.first_byte_ms, ms_boundaries);
    if (outcome.usage.input_tokens >= 0) tokens_[key("input")].add(outcome.usage.input_tokens, token_boundaries);
    if (outcome.usage.output_tokens >= 0) tokens_[key("output")].add(outcome.usage.output_tokens, token_boundaries);
}

void Measures::append_histogram(const Metric& metric, const Series& series, std::string& out) const {
    if (series.empty()) return;
    if (!out.empty()) out += ',';
    Writer writer(out);
    writer.begin_object();
    writer.member("name", metric.name);
    writer.member("description", metric.description);
    writer.member("unit", metric.unit);
    writer.begin_object("histogram");
    writer.member("aggregationTemporality", 1); // delta
    writer.begin_array("dataPoints");
    for (const auto& [key, one] : series) {
        writer.begin_object();
        append_attributes(writer, metric.names, key);
        writer.member("startTimeUnixNano", nanoseconds_of(begin_ms_));
        writer.member("timeUnixNano", nanoseconds_of(end_ms_));
        writer.member("count", std::to_string(one.count));
        writer.member_raw("sum", metric.number(one.sum));
        writer.member_raw("min", metric.number(one.smallest));
        writer.member_raw("max", metric.number(one.largest));
        writer.begin_array("bucketCounts");
        for (const std::uint64_t count : one.buckets) writer.element(std::to_string(count));
        writer.end_array();
        writer.begin_array("explicitBounds");
        for (const std::int64_t boundary : metric.boundaries) writer.element_raw(metric.number(boundary));
        writer.end_array();
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    writer.end_object();
}

void Measures::append_sum(std::string& out) const {
    if (!out.empty()) out += ',';
    Writer writer(out);
    writer.begin_object();
    writer.member("name", "sallyport.exchanges");
    writer.member("description", "Attempts and refusals, by what was decided and how they ended");
    writer.member("unit", "{exchange}");
    writer.begin_object("sum");
    writer.member("aggregationTemporality", 1); // delta
    writer.member("isMonotonic", true);
    writer.begin_array("dataPoints");
    for (const auto& [key, count] : exchanges_) {
        writer.begin_object();
        append_attributes(writer, exchange_names, key);
        writer.member("startTimeUnixNano", nanoseconds_of(begin_ms_));
        writer.member("timeUnixNano", nanoseconds_of(end_ms_));
        writer.member("asInt", std::to_string(count));
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    writer.end_object();
}

void Measures::append(std::string_view origin, std::string& out) const {
    std::string metrics;
    append_histogram({"gen_ai.client.token.usage", "{token}", "Tokens used, as the vendor counted them", usage_names,
                      token_boundaries, false},
                     tokens_, metrics);
    append_histogram({"gen_ai.client.operation.duration", "s", "From the recorded intent to the end of the answer",
                      time_names, ms_boundaries, true},
                     durations_ms_, metrics);
    append_histogram({"gen_ai.client.operation.time_to_first_chunk", "s", "Until the first byte of a streamed answer",
                      time_names, ms_boundaries, true},
                     first_chunks_ms_, metrics);
    append_sum(metrics);
    append_export(origin, "Metrics", metrics, out);
}

} // namespace sallyport::handover
