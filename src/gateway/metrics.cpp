#include "gateway/metrics.h"

#include "content/finding.h"

#include <fmt/format.h>

namespace sallyport::gateway {

namespace {

class Page {
public:
    explicit Page(std::span<const Metrics* const> loops) : loops_(loops) {}

    void describe(const char* name, const char* type, const char* help) {
        name_ = name;
        text_ += fmt::format("# HELP sallyport_{} {}\n# TYPE sallyport_{} {}\n", name, help, name, type);
    }
    void value(std::string_view labels, std::uint64_t number) {
        if (labels.empty())
            text_ += fmt::format("sallyport_{} {}\n", name_, number);
        else
            text_ += fmt::format("sallyport_{}{{{}}} {}\n", name_, labels, number);
    }
    template <class Pick> void sum(std::string_view labels, Pick pick) {
        std::uint64_t total = 0;
        for (const Metrics* loop : loops_) total += pick(*loop).value();
        value(labels, total);
    }
    template <class Pick> void counter(const char* name, const char* help, Pick pick) {
        describe(name, "counter", help);
        sum({}, pick);
    }
    void gauge(const char* name, const char* help, std::uint64_t number) {
        describe(name, "gauge", help);
        value({}, number);
    }
    template <class Pick>
    void describe_each(const char* name, const char* type, const char* help,
                       std::span<const handover::Figures> destinations, Pick pick) {
        if (destinations.empty()) return;
        describe(name, type, help);
        for (const handover::Figures& one : destinations) value(fmt::format("destination=\"{}\"", one.name), pick(one));
    }
    std::string take() { return std::move(text_); }

private:
    std::span<const Metrics* const> loops_;
    const char* name_ = "";
    std::string text_;
};

constexpr std::string_view refusal_words[] = {"policy", "identity", "invalid", "too_large", "unavailable", "not_found"};
constexpr std::string_view status_words[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

// A witness's name is what sallyport.yaml says: any text without spaces.
std::string label(const std::string& witness) {
    std::string out = "witness=\"";
    for (const char c : witness) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return out + "\"";
}

void add_witnesses(Page& page, const WitnessFigures& figures) {
    page.gauge("ledger_cosigned_entries", "Entries in the newest checkpoint that enough witnesses cosigned.",
               figures.cosigned);
    page.gauge("ledger_cosigned_lag_entries", "Entries behind that checkpoint.", figures.lag);
    page.describe("witness_cosigned_entries", "gauge", "Entries in the newest checkpoint that a witness cosigned.");
    for (const auto& one : figures.witnesses) page.value(label(one.name), one.cosigned);
    page.describe("witness_failures_total", "counter", "Times that a witness did not cosign what it was shown.");
    for (const auto& one : figures.witnesses) page.value(label(one.name), one.failures);
}

void add_bodies(Page& page, const bodies::WriterFigures& figures, const OffloadFigures& offload) {
    page.describe("bodies_kept_total", "counter", "Bodies of requests and answers that were taken to be kept.");
    page.value({}, figures.bodies);
    page.describe("bodies_bytes_total", "counter", "Their bytes, by what became of them.");
    page.value("bytes=\"passed\"", figures.body_bytes);
    page.value("bytes=\"new\"", figures.new_bytes);
    page.value("bytes=\"written\"", figures.disk_bytes);
    page.describe("bodies_chunks_total", "counter", "Chunks that were written for them.");
    page.value({}, figures.chunks);
    page.gauge("bodies_queued_bytes", "Bytes of bodies waiting for the disk.", figures.queued_bytes);
    page.describe("bodies_lost_total", "counter",
                  "Bodies that were to be kept and are not: alarm on it. Entries say so, too.");
    page.sum("why=\"limit\"", [](const Metrics& m) -> const Counter& { return m.bodies_over_limit; });
    page.sum("why=\"disk\"", [](const Metrics& m) -> const Counter& { return m.bodies_lost; });
    page.gauge("bodies_folder_bytes", "Bytes of packs in the data directory.", figures.folder_bytes);
    page.gauge("bodies_limit_bytes", "How many there may be; 0: no limit.", figures.limit_bytes);
    page.describe("offloaded_files_total", "counter", "Files that were moved to the directories of offload.");
    page.value("of=\"ledger\"", offload.segments);
    page.value("of=\"bodies\"", offload.packs);
    page.describe("offloaded_bytes_total", "counter", "Their bytes.");
    page.value({}, offload.bytes);
    page.describe("offload_failures_total", "counter", "Passes that could not move what was due.");
    page.value({}, offload.failures);
    page.gauge("offload_failing", "1 where the last pass could not.", offload.failing ? 1 : 0);
}

} // namespace

std::string prometheus_text(std::span<const Metrics* const> loops, const ProcessFigures& process) {
    Page page(loops);
    page.describe("exchanges_total", "counter", "Exchanges decided, by dialect and decision.");
    for (std::size_t d = 0; d < 4; ++d)
        for (std::size_t decision = 0; decision < 4; ++decision)
            page.sum(fmt::format("dialect=\"{}\",decision=\"{}\"", name(static_cast<dialect::Dialect>(d)),
                                 name(static_cast<policy::Decision>(decision))),
                     [&](const Metrics& m) -> const Counter& { return m.decisions[d][decision]; });
    page.describe("let_through_total", "counter",
                  "Requests that the policy refuses where that is not enforced, by mode.");
    for (const policy::Mode mode : {policy::Mode::warn, policy::Mode::observe})
        page.sum("mode=\"" + std::string(policy::name(mode)) + "\"",
                 [&](const Metrics& m) -> const Counter& { return m.let_through[static_cast<std::size_t>(mode)]; });
    page.sum("mode=\"exception\"", [](const Metrics& m) -> const Counter& { return m.under_exception; });
    page.sum("mode=\"break-glass\"", [](const Metrics& m) -> const Counter& { return m.under_break_glass; });
    page.describe("decision_point_answers_total", "counter",
                  "Exchanges that the company's own decision point was to permit, by its answer.");
    for (const policy::Pdp answer : {policy::Pdp::permitted, policy::Pdp::denied, policy::Pdp::unanswered})
        page.sum("answer=\"" + std::string(policy::name(answer)) + "\"",
                 [&](const Metrics& m) -> const Counter& { return m.pdp[static_cast<std::size_t>(answer)]; });
    page.counter("decision_point_calls_total", "Calls to the decision point; equal questions at one time share one.",
                 [](const Metrics& m) -> const Counter& { return m.pdp_calls; });
    page.counter("decision_point_remembered_total", "Exchanges for which its answer was remembered.",
                 [](const Metrics& m) -> const Counter& { return m.pdp_remembered; });
    page.describe("refusals_total", "counter", "Refusals answered, by kind.");
    for (std::size_t kind = 0; kind < 6; ++kind)
        page.sum(fmt::format("kind=\"{}\"", refusal_words[kind]),
                 [&](const Metrics& m) -> const Counter& { return m.refusals[kind]; });
    page.counter("callers_unknown_total", "Requests without a valid company key: counted, not recorded.",
                 [](const Metrics& m) -> const Counter& { return m.callers_unknown; });
    page.counter("repeats_total", "A client's own repeats of a refused exchange.",
                 [](const Metrics& m) -> const Counter& { return m.repeats; });
    page.counter("attempts_total", "Attempts to send to an upstream.",
                 [](const Metrics& m) -> const Counter& { return m.attempts; });
    page.counter("failovers_total", "Attempts after a failed one.",
                 [](const Metrics& m) -> const Counter& { return m.failovers; });
    page.describe("upstream_answers_total", "counter", "Answers of upstreams, by status class.");
    for (std::size_t s = 0; s < 6; ++s)
        page.sum(fmt::format("status=\"{}\"", status_words[s]),
                 [&](const Metrics& m) -> const Counter& { return m.upstream_status[s]; });
    page.counter("inspected_units_total", "Parts of requests, each looked at once.",
                 [](const Metrics& m) -> const Counter& { return m.units_inspected; });
    page.counter("inspected_units_new_total", "Of these, those not known from before: that were looked at.",
                 [](const Metrics& m) -> const Counter& { return m.units_new; });
    page.counter("inspected_bytes_total", "Bytes of text that were looked at.",
                 [](const Metrics& m) -> const Counter& { return m.text_bytes_inspected; });
    page.describe("findings_total", "counter", "Exchanges in which something was found, by kind.");
    for (std::size_t kind = 0; kind < content::finding_kinds; ++kind)
        page.sum(fmt::format("kind=\"{}\"", content::name(static_cast<content::FindingKind>(kind))),
                 [&](const Metrics& m) -> const Counter& { return m.findings[kind]; });
    page.counter("withheld_by_default_total",
                 "Exchanges from which content of a stricter class was withheld without a rule.",
                 [](const Metrics& m) -> const Counter& { return m.sources_withheld; });
    page.counter("placeholders_restored_total", "Placeholders in answers that went on as what they stand for.",
                 [](const Metrics& m) -> const Counter& { return m.placeholders_restored; });
    page.counter("streams_broken_total", "Answers that broke off after their first byte.",
                 [](const Metrics& m) -> const Counter& { return m.streams_broken; });
    page.counter("clients_left_total", "Clients that left before their answer was whole.",
                 [](const Metrics& m) -> const Counter& { return m.clients_left; });
    page.counter("request_bytes_total", "Bytes of request bodies read.",
                 [](const Metrics& m) -> const Counter& { return m.request_bytes; });
    page.counter("answer_bytes_total", "Bytes of answers relayed.",
                 [](const Metrics& m) -> const Counter& { return m.answer_bytes; });
    page.describe("tokens_total", "counter", "Tokens as the vendors count them.");
    page.sum("kind=\"input\"", [](const Metrics& m) -> const Counter& { return m.input_tokens; });
    page.sum("kind=\"output\"", [](const Metrics& m) -> const Counter& { return m.output_tokens; });
    page.sum("kind=\"cache_read\"", [](const Metrics& m) -> const Counter& { return m.cache_read_tokens; });
    page.sum("kind=\"cache_write\"", [](const Metrics& m) -> const Counter& { return m.cache_write_tokens; });
    page.gauge("connections", "Open client connections.", process.connections);
    page.gauge("buffered_bytes", "Bytes of request bodies held.", process.buffered_bytes);
    page.gauge("ledger_entries", "Entries appended since start.", process.ledger_entries);
    page.gauge("ledger_queued_bytes", "Bytes waiting for the ledger's disk.", process.ledger_queued_bytes);
    page.gauge("ledger_syncs", "Group commits since start.", process.ledger_syncs);
    page.gauge("world_generation", "Grows with every change of policy, configuration or keys.",
               process.world_generation);
    page.gauge("units_remembered", "Parts of conversations of which it is known what was found in them.",
               process.units_remembered);
    page.gauge("repositories_indexed", "Repositories whose content is looked for.", process.repositories_indexed);
    page.gauge("reloads_failed", "Reloads that left the old policy or configuration in force.", process.reloads_failed);
    page.gauge("break_glass_open", "Break-glasses in force: alarm on it.", process.break_glass_open);
    page.describe_each("handover_lag_entries", "gauge", "Durable entries that a destination was not handed over yet.",
                       process.destinations, [](const handover::Figures& one) { return one.lag_entries; });
    page.describe_each("handover_lag_seconds", "gauge", "Age of the oldest event that waits for a destination.",
                       process.destinations, [](const handover::Figures& one) { return one.lag_seconds; });
    page.describe_each("handover_events_total", "counter", "Events that a destination acknowledged.",
                       process.destinations, [](const handover::Figures& one) { return one.events; });
    page.describe_each("handover_failures_total", "counter", "Tries in vain to hand over.", process.destinations,
                       [](const handover::Figures& one) { return one.failures; });
    page.describe_each("handover_rejected_total", "counter",
                       "Events that a destination took and said it will not keep.", process.destinations,
                       [](const handover::Figures& one) { return one.rejected; });
    page.describe_each("handover_failing", "gauge", "1 where the last try was in vain.", process.destinations,
                       [](const handover::Figures& one) { return std::uint64_t{one.failing}; });
    if (!process.witnesses.witnesses.empty()) add_witnesses(page, process.witnesses);
    add_bodies(page, process.bodies, process.offload);
    if (!process.unsealed.empty())
        page.describe("ledger_unsealed_seconds", "gauge",
                      "Age of the oldest entry of a class that has not the cosignatures which the policy asks for.");
    for (const UnsealedFigure& one : process.unsealed)
        page.value(fmt::format("class=\"{}\"", policy::name(one.cls)), one.oldest_seconds);
    page.gauge("ready", "1 where /readyz says ready.", process.ready ? 1 : 0);
    return page.take();
}

} // namespace sallyport::gateway
