// The events of a batch as metrics of the OpenTelemetry GenAI conventions: token usage, duration and time to the first chunk as histograms,
// exchanges by decision as a sum. Temporality is delta, so that a batch is whole by itself: whoever collects adds them up.
//
// Source: semantic-conventions-genai, "GenAI client metrics", with the bucket boundaries given there; opentelemetry-proto metrics.proto.
#pragma once

#include "handover/event.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::handover {

class Measures {
public:
    void add(const Event& event);
    void clear();
    bool empty() const { return exchanges_.empty(); }
    // One OTLP ExportMetricsServiceRequest in JSON.
    void append(std::string_view origin, std::string& out) const;

private:
    // What tells one series of a metric from the others: values of the attributes in `names` of measures.cpp; empty: it has none.
    using Key = std::array<std::string, 6>;
    struct Histogram {
        std::uint64_t count = 0;
        std::int64_t sum = 0, smallest = 0, largest = 0;
        std::array<std::uint64_t, 15> buckets{}; // between 14 boundaries
        void add(std::int64_t value, std::span<const std::int64_t> boundaries);
    };
    using Series = std::map<Key, Histogram>;
    struct Metric;
    void append_histogram(const Metric& metric, const Series& series, std::string& out) const;
    void append_sum(std::string& out) const;

    Series tokens_, durations_ms_, first_chunks_ms_;
    std::map<Key, std::uint64_t> exchanges_;
    std::int64_t begin_ms_ = 0, end_ms_ = 0; // of the events
};

} // namespace sallyport::handover
