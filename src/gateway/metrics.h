// Counters of one loop, summed when somebody asks (Prometheus text format 0.0.4). Written by their loop only, read by the admin
// listener: relaxed atomics. Labels are words of our own, never text from a caller.
#pragma once

#include "bodies/writer.h"
#include "dialect/dialect.h"
#include "handover/handover.h"
#include "policy/facts.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sallyport::gateway {

class Counter {
public:
    void add(std::uint64_t count = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_ = 0;
};

struct Metrics {
    std::array<std::array<Counter, 4>, 4> decisions; // [dialect][policy::Decision]
    std::array<Counter, 6> refusals;                 // by dialect::RefusalKind
    std::array<Counter, 3> let_through;              // by policy::Mode: refused, but that is not enforced
    Counter under_exception, under_break_glass;      // refused, but one lets it through
    std::array<Counter, 4> pdp;                      // exchanges, by policy::Pdp; not those for which it was not asked
    Counter pdp_calls, pdp_remembered;
    Counter callers_unknown;
    Counter repeats;
    Counter attempts;
    Counter failovers;
    std::array<Counter, 6> upstream_status;                   // 0: none, 1xx..5xx
    Counter units_inspected, units_new, text_bytes_inspected; // of requests; new: not known from before
    std::array<Counter, 4> findings;                          // exchanges with such, by content::FindingKind
    Counter sources_withheld, placeholders_restored;
    Counter bodies_over_limit, bodies_lost; // requests and answers that were to be kept and are not
    Counter streams_broken;
    Counter clients_left;
    Counter request_bytes;
    Counter answer_bytes;
    Counter input_tokens;
    Counter output_tokens;
    Counter cache_read_tokens;
    Counter cache_write_tokens;
};

// Of the ledger's witnesses (witnesses.h). Names are those of sallyport.yaml.
struct WitnessFigures {
    std::uint64_t cosigned = 0; // entries in the newest checkpoint with enough cosignatures
    std::uint64_t lag = 0;      // entries behind it
    struct One {
        std::string name;
        std::uint64_t cosigned = 0; // entries, since the start
        std::uint64_t failures = 0;
    };
    std::vector<One> witnesses{};
};

// Of what is moved elsewhere (housekeeping.h), since the start.
struct OffloadFigures {
    std::uint64_t segments = 0, packs = 0, bytes = 0;
    std::uint64_t failures = 0;
    bool failing = false; // the last pass
};

// Of a class for which the policy asks for cosignatures (sealing.h).
struct UnsealedFigure {
    policy::Class cls{};
    std::uint64_t oldest_seconds = 0; // age of the oldest entry that is not sealed; 0: all are
};

struct ProcessFigures {
    std::uint64_t connections = 0;
    std::uint64_t buffered_bytes = 0;
    std::uint64_t ledger_entries = 0;
    std::uint64_t ledger_queued_bytes = 0;
    std::uint64_t ledger_syncs = 0;
    std::uint64_t world_generation = 0;
    std::uint64_t reloads_failed = 0;
    std::uint64_t units_remembered = 0;
    std::uint64_t repositories_indexed = 0;
    std::uint64_t break_glass_open = 0;
    bool ready = false;
    std::vector<handover::Figures> destinations;
    WitnessFigures witnesses{};
    bodies::WriterFigures bodies{};
    OffloadFigures offload{};
    std::vector<UnsealedFigure> unsealed{};
};

std::string prometheus_text(std::span<const Metrics* const> loops, const ProcessFigures& process);

} // namespace sallyport::gateway
