#include "lab/runs_json.h"

#include "base/encoding.h"
#include "json/writer.h"

#include <fmt/format.h>

namespace sallyport::lab {

namespace {

constexpr std::size_t places_told = 50;

void texts(json::Writer& writer, std::string_view name, const auto& list) {
    writer.begin_array(name);
    for (const std::string& one : list) writer.element(one);
    writer.end_array();
}

// A value that is not UTF-8 is written in hexadecimal beside it.
void bytes(json::Writer& writer, std::string_view name, const std::string& value) {
    writer.member(name, value);
    writer.member(std::string(name) + "_code_points", with_code_points(value));
    writer.member(std::string(name) + "_hex", to_hex(value));
}

void state(json::Writer& writer, const ChannelState& one, const std::vector<Variation>& variations) {
    const Variation& variation = variations[one.variation];
    writer.begin_object();
    writer.member("variable", variation.variable);
    writer.member("state", variation.state);
    writer.member("only_as_a_pair", one.only_in_pair);
    writer.begin_array("changes");
    for (const Deviation& change : one.changes) {
        writer.begin_object();
        bytes(writer, "usual", change.before);
        bytes(writer, "here", change.after);
        writer.member("offset", std::uint64_t{change.offset});
        writer.end_object();
    }
    writer.end_array();
    writer.member("context", one.context);
    writer.member("runs", std::uint64_t{one.runs});
    writer.member("baselines", std::uint64_t{one.baselines});
    if (one.chance > 0) writer.member("chance", fmt::format("{:.2g}", one.chance));
    writer.end_object();
}

void channel(json::Writer& writer, const FoundChannel& one, const Experiment& of) {
    writer.begin_object();
    writer.member("sentence", one.sentence);
    writer.member("nature", name_of(one.nature));
    writer.member("concealed", is_concealed(one.nature));
    writer.member("how_we_know", "measured: repeated and swapped back");
    writer.member("host", one.host);
    writer.member("place", one.places.front());
    writer.member("places", std::uint64_t{one.places.size()});
    writer.begin_array("further_places");
    for (std::size_t i = 1; i < one.places.size() && i <= places_told; ++i) writer.element(one.places[i]);
    writer.end_array();
    writer.member("states_told_apart", std::uint64_t{one.distinct});
    writer.member_raw("bits", fmt::format("{:.2f}", one.bits()));
    writer.member("only_in_pairs", one.only_in_pairs);
    writer.member("visible_in_the_terminal", one.visible);
    writer.begin_array("states");
    for (const ChannelState& each : one.states) state(writer, each, of.variations);
    writer.end_array();
    writer.end_object();
}

void host(json::Writer& writer, const std::string& name, const HostReceipt& one) {
    writer.begin_object();
    writer.member("host", name);
    writer.member("runs", std::uint64_t{one.runs});
    writer.member("requests", std::uint64_t{one.requests});
    writer.member("sent_bytes", one.sent_bytes);
    writer.member("received_bytes", one.received_bytes);
    writer.begin_array("kinds");
    for (const auto& [kind, sum] : one.kinds) {
        writer.begin_object();
        writer.member("request", kind);
        writer.member("times", std::uint64_t{sum.requests});
        writer.member("runs", std::uint64_t{sum.runs});
        writer.member("bytes", sum.bytes);
        writer.end_object();
    }
    writer.end_array();
    texts(writer, "key_leaked_in", one.key_in);
    texts(writer, "gateway_named_in", one.gateway_in);
    texts(writer, "model_calls_past_the_gateway", one.model_calls);
    texts(writer, "problems", one.problems);
    writer.end_object();
}

} // namespace

std::string to_json(const Experiment& of) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("verdict", of.verdict());
    writer.member("runs", std::uint64_t{of.runs});
    writer.member("baselines", std::uint64_t{of.baselines});
    writer.member("variables", std::uint64_t{of.variables});
    writer.member("states", std::uint64_t{of.variations.size()});
    writer.member("places_compared", std::uint64_t{of.comparison.places});
    writer.member("places_that_differ_by_themselves", std::uint64_t{of.comparison.unstable});
    writer.member("noise_is_known", of.stable);
    writer.member("ended_by_us", std::uint64_t{of.ended_by_us});
    writer.member_raw("seconds", fmt::format("{:.1f}", of.seconds));
    writer.member("command", of.command);
    writer.begin_array("channels");
    for (const FoundChannel& one : of.channels) channel(writer, one, of);
    writer.end_array();
    writer.begin_array("plain_echoes");
    for (const Difference& one : of.comparison.echoes) {
        writer.begin_object();
        writer.member("variable", of.variations[one.variation].variable);
        writer.member("state", of.variations[one.variation].state);
        writer.member("place", one.place);
        writer.member("host", one.host);
        writer.member("spelled", one.deviation.after);
        writer.end_object();
    }
    writer.end_array();
    writer.begin_array("receipts");
    for (const auto& [name, one] : of.receipts.hosts()) host(writer, name, one);
    writer.end_array();
    writer.begin_array("off_switches");
    for (const MeasuredSwitch& one : of.switches) {
        writer.begin_object();
        writer.member("switch", one.name);
        writer.member("source", one.source);
        writer.member("runs", std::uint64_t{one.runs});
        texts(writer, "stops", one.stops);
        texts(writer, "remain", one.remain);
        texts(writer, "adds", one.adds);
        writer.end_object();
    }
    writer.end_array();
    texts(writer, "problems", of.problems);
    texts(writer, "not_covered", of.not_covered);
    writer.end_object();
    return out;
}

} // namespace sallyport::lab
