// What spans and metrics share of OTLP's JSON encoding (opentelemetry-proto 1.x, proto3 JSON mapping) and of the GenAI conventions.
#pragma once

#include "handover/event.h"
#include "handover/format.h"
#include "json/writer.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::handover {

inline constexpr std::string_view semantic_conventions = "https://opentelemetry.io/schemas/1.44.0";

// "1.877": proto's double of a number of milliseconds, in seconds.
std::string seconds_of(std::int64_t ms);
std::string nanoseconds_of(std::int64_t ms);

// One attribute {"key", "value"} each. 64-bit numbers are texts in OTLP's JSON (proto3 JSON mapping).
class Attributes {
public:
    explicit Attributes(json::Writer& writer) : writer_(writer) { writer_.begin_array("attributes"); }
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
        begin(key);
        writer_.member_raw("doubleValue", seconds_of(ms));
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
    json::Writer& writer_;
};

// In the conventions' words; error_of() is empty where there was none.
std::string_view provider_of(std::string_view vendor);
std::string_view operation_of(const Event& event);
std::string error_of(const Event& event);

// One Export…ServiceRequest of one resource (this ledger) and scope: `list` is "Spans" or "Metrics", `elements` its JSON, with commas.
void append_export(std::string_view origin, std::string_view list, std::string_view elements, std::string& out);

} // namespace sallyport::handover
