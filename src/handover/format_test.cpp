#include "handover/format.h"

#include "base/buffer.h"
#include "handover/carrier.h"
#include "json/document.h"
#include "ledger/entry_samples_test.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::handover {
namespace {

namespace samples = ledger::samples;

struct Told {
    ledger::Intent intent = samples::intent();
    ledger::Outcome outcome = samples::outcome();
    ledger::Refusal refusal = samples::refusal();
    ledger::Refusal bad_input = samples::bad_input();
    Event sent() const { return event_of("k3f9x2ab", 1207, intent, &outcome); }
    Event open() const { return event_of("k3f9x2ab", 1206, intent, nullptr); }
    Event refused() const { return event_of("k3f9x2ab", 1208, refusal); }
    Event unread() const { return event_of("k3f9x2ab", 1209, bad_input); }
    std::vector<Event> all() const { return {sent(), open(), refused(), unread()}; }
};

std::string text(Format format, const Event& event) {
    std::string out;
    append(format, event, out);
    return out;
}

// The value below these keys, without quotes; "(none)" where there is none.
std::string at(std::string_view json, std::initializer_list<std::string_view> keys) {
    const Buffer raw(json);
    json::Document document;
    const auto parsed = document.parse(raw.view());
    if (!parsed) return "not JSON: " + parsed.error().message;
    json::NodeIndex node = document.root();
    for (const std::string_view key : keys) {
        const auto found = document.find_once(node, key);
        if (!found) return "twice";
        if (*found == json::no_node) return "(none)";
        node = *found;
    }
    return std::string(document.raw_value(node));
}

TEST(Format, EachIsOneLineAndTheSameEachTime) {
    const Told told;
    for (const Format format : {Format::ocsf, Format::cef, Format::otlp, Format::hec, Format::otlp_metrics})
        for (const Event& event : told.all()) {
            const std::string once = text(format, event);
            EXPECT_EQ(once, text(format, event));
            EXPECT_EQ(std::string::npos, once.find('\n')) << once;
            if (format != Format::cef) EXPECT_EQ('{', at(once, {})[0]) << once;
        }
}

TEST(Format, ABatchAddsUpToMetrics) {
    Told told;
    told.outcome.ended = ledger::Ended::complete;
    told.outcome.usage = {.input_tokens = 16, .output_tokens = 67'108'865};
    Destination destination;
    destination.format = Format::otlp_metrics;
    Batch batch;
    for (const Event& event : told.all()) batch.add(destination, event);
    batch.add(destination, told.sent());
    EXPECT_EQ(batch.events(), 5u);
    const std::string json = batch.body(destination, "k3f9x2ab");
    EXPECT_EQ(json, batch.body(destination, "k3f9x2ab"));
    for (const char* there :
         {R"("name":"gen_ai.client.token.usage")", R"("name":"gen_ai.client.operation.duration")",
          R"("name":"sallyport.exchanges")", R"("count":"2","sum":32,"min":16,"max":16,"bucketCounts":["0","0","2",)",
          R"("max":67108865,"bucketCounts":["0","0","0","0","0","0","0","0","0","0","0","0","0","0","2"])",
          R"("key":"gen_ai.token.type","value":{"stringValue":"input"})", R"("explicitBounds":[0.010,0.020,)",
          R"("key":"error.type","value":{"stringValue":"outcome-unknown"})"})
        EXPECT_TRUE(json.contains(there)) << there << "\n" << json;
    for (const char* absent : {"p_abcdefghij", "git.acme.example", "k3f9x2ab/"})
        EXPECT_FALSE(json.contains(absent)) << absent;
    batch.clear();
    batch.add(destination, told.refused());
    EXPECT_FALSE(batch.body(destination, "k3f9x2ab").contains("gen_ai.client.token.usage"));
    EXPECT_EQ(read_acknowledgement(Format::otlp_metrics, R"({"partialSuccess":{"rejectedDataPoints":"3"}})")->rejected,
              3u);
}

TEST(Format, OcsfTellsTheOutcome) {
    const Told told;
    const std::string json = text(Format::ocsf, told.sent());
    EXPECT_EQ("6003", at(json, {"class_uid"}));
    EXPECT_EQ("600301", at(json, {"type_uid"}));
    EXPECT_EQ("k3f9x2ab/1207", at(json, {"metadata", "uid"}));
    EXPECT_EQ("1.8.0", at(json, {"metadata", "version"}));
    EXPECT_EQ("p_abcdefghijklmnopqrst", at(json, {"actor", "user", "uid"}));
    EXPECT_EQ("claude-sonnet-4-5", at(json, {"ai_model", "name"}));
    EXPECT_EQ("anthropic", at(json, {"ai_model", "ai_provider"}));
    EXPECT_EQ("2", at(json, {"status_id"})); // it was cut off
    EXPECT_EQ("2", at(json, {"message_context", "completion_tokens"}));
    EXPECT_EQ("1877", at(json, {"duration"}));
    EXPECT_EQ("sha256:" + std::string(64, '1') + "", at(json, {"unmapped", "sallyport", "sent", "digest"}));
}

TEST(Format, AnOutcomeThatIsNotKnownIsNeitherSuccessNorFailure) {
    const Told told;
    const std::string json = text(Format::ocsf, told.open());
    EXPECT_EQ("0", at(json, {"status_id"}));
    EXPECT_EQ("(none)", at(json, {"end_time"}));
    EXPECT_EQ("(none)", at(json, {"status_detail"}));
}

TEST(Format, ARefusalIsDeniedAndBlocked) {
    const Told told;
    for (const Event& event : {told.refused(), told.unread()}) {
        const std::string json = text(Format::ocsf, event);
        EXPECT_EQ("2", at(json, {"action_id"}));
        EXPECT_EQ("2", at(json, {"disposition_id"}));
        EXPECT_EQ("(none)", at(json, {"dst_endpoint"}));
    }
}

// What entries can hold many of, an event names few of and counts the rest.
TEST(Format, ManyFindingsAreCounted) {
    Told told;
    const std::vector<ledger::NamedFinding> many(40, {"secret", "high", "github-token", "message", 1, ""});
    const std::vector<std::string_view> plugins(40, "github#https://mcp.example/");
    told.intent.request.findings = many;
    told.intent.judgement.facts.plugins = plugins;
    const std::string json = text(Format::ocsf, told.sent());
    EXPECT_EQ("24", at(json, {"unmapped", "sallyport", "findings_left_out"}));
    EXPECT_EQ("24", at(json, {"unmapped", "sallyport", "plugins_left_out"}));
    EXPECT_GT(8192u, json.size()); // what a receiver of syslog should take (RFC 5425 section 4.3.1)
}

TEST(Format, SplunksEnvelopeHasSecondsWithMilliseconds) {
    Told told;
    told.outcome.at_ms = 1'795'000'002'007;
    const std::string json = text(Format::hec, told.sent());
    EXPECT_EQ("1795000002.007", at(json, {"time"}));
    EXPECT_EQ("6003", at(json, {"event", "class_uid"}));
}

TEST(Format, AttemptsOfOneExchangeAreSpansOfOneTrace) {
    Told told;
    const std::string second = text(Format::otlp, told.sent());
    told.intent.attempt = 1;
    const std::string first = text(Format::otlp, told.sent());
    EXPECT_EQ(at(first, {"traceId"}), at(second, {"traceId"}));
    EXPECT_NE(at(first, {"spanId"}), at(second, {"spanId"}));
    EXPECT_EQ(32u, at(first, {"traceId"}).size());
    EXPECT_EQ(16u, at(first, {"spanId"}).size());
    const Event other_ledger = event_of("other", 1207, told.intent, &told.outcome);
    EXPECT_NE(at(first, {"traceId"}), at(text(Format::otlp, other_ledger), {"traceId"}));
    std::string request;
    append_traces("k3f9x2ab", first + "," + second, request);
    EXPECT_EQ('[', at(request, {"resourceSpans"})[0]);
}

TEST(Format, CefEscapesWhatWouldEndAField) {
    Told told;
    told.refusal.sentence = "a=b|c\\d\ne\x01 \xED\xA0\x80.";
    told.refusal.judgement.rule = "r|=1";
    const std::string line = text(Format::cef, told.refused());
    EXPECT_TRUE(line.starts_with("CEF:0|Sallyport|Sallyport|")) << line;
    EXPECT_NE(std::string::npos, line.find("msg=a\\=b|c\\\\d\\ne  \uFFFD.")) << line;
    EXPECT_NE(std::string::npos, line.find("cs3Label=rule cs3=r|\\=1 ")) << line;
}

TEST(Format, SyslogIsFramedByItsLength) {
    const Told told;
    std::string out;
    append_syslog_frame(told.sent(), "one", out);
    append_syslog_frame(told.refused(), "two", out);
    EXPECT_EQ("59 <110>1 2026-11-18T11:06:42.000Z - sallyport - attempt - one"
              "59 <108>1 2026-11-18T11:06:40.200Z - sallyport - refusal - two",
              out);
}

TEST(Acknowledgement, SplunkMustSayCodeZero) {
    EXPECT_TRUE(read_acknowledgement(Format::hec, R"({"text":"Success","code":0})"));
    for (const char* no : {R"({"text":"Server is busy","code":9})", R"({"code":0,"code":0})", "{}", "", "ok", "[0]"})
        EXPECT_FALSE(read_acknowledgement(Format::hec, no)) << no;
}

TEST(Acknowledgement, ACollectorMayRejectSpansForGood) {
    for (const char* all :
         {"", "{}", "not json", R"({"partialSuccess":{}})", R"({"partialSuccess":{"rejectedSpans":0}})"})
        EXPECT_EQ(0u, read_acknowledgement(Format::otlp, all)->rejected) << all;
    for (const char* some :
         {R"({"partialSuccess":{"rejectedSpans":3}})", R"({"partialSuccess":{"rejectedSpans":"3"}})"})
        EXPECT_EQ(3u, read_acknowledgement(Format::otlp, some)->rejected) << some;
    EXPECT_TRUE(read_acknowledgement(Format::ocsf, "anything"));
}

} // namespace
} // namespace sallyport::handover
