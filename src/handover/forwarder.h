// One destination's work, forever: read what is durable behind the cursor, send it in one batch, advance the cursor once it was
// acknowledged. At least once and in order; whatever fails is tried again, later and later, up to limits::handover_retry_ms_max.
//
// Runs on the handover's loop. Memory: one batch, one part of a segment, the places of open intents.
#pragma once

#include "base/log.h"
#include "handover/carrier.h"
#include "handover/cursor.h"
#include "handover/joiner.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace sallyport::handover {

// Written by the loop, read by the admin listener.
struct Progress {
    std::atomic<std::uint64_t> next{0};        // index of the first entry that was not handed over
    std::atomic<std::int64_t> waits_since{-1}; // wall time of that entry, in ms; -1: none is known to wait
    std::atomic<std::uint64_t> events{0}, batches{0}, failures{0}, rejected{0};
    std::atomic<bool> failing{false};
};

struct Source {
    std::filesystem::path ledger;  // directory
    std::filesystem::path cursors; // directory
    std::string origin;
    std::function<std::uint64_t()> durable; // every entry below is on the disk; from any thread
};

class Forwarder {
public:
    Forwarder(net::Loop& loop, http::Pool& pool, const Source& source, const Log& log, std::string name)
        : loop_(loop), source_(source), log_(log), name_(std::move(name)), carrier_(loop, pool) {}

    // Another one of the same name, or null: it ends soon, and `running` becomes false.
    void settle(std::shared_ptr<const Destination> destination) { wanted_ = std::move(destination); }
    // Until it has no destination; the forwarder must outlive it.
    net::Task<void> run();
    bool running = false;

    const std::string& name() const { return name_; }
    const Progress& progress() const { return progress_; }

private:
    net::Task<void> serve(std::shared_ptr<const Destination> destination);
    net::Task<void> wait(std::int64_t ms); // shorter where the settings change
    Result<void> begin(const Destination& destination);
    Result<void> fill(const Destination& destination);
    void failed(const std::string& why);
    void arrived();

    net::Loop& loop_;
    const Source& source_;
    const Log& log_;
    std::string name_;
    Carrier carrier_;
    std::shared_ptr<const Destination> wanted_, served_;
    Progress progress_;

    // Of what is read, and not acknowledged yet.
    std::unique_ptr<Tail> tail_;
    std::unique_ptr<Joiner> joiner_;
    Batch batch_;
    Cursor reached_;              // where the cursor is once the batch was acknowledged
    std::uint64_t told_from_ = 0; // events of entries below were handed over before
    std::size_t events_max_ = limits::handover_events_max;
    std::int64_t retry_ms_ = 0;
    std::string last_failure_;
};

} // namespace sallyport::handover
