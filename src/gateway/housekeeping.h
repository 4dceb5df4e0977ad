// What is done to the data once an hour, at the start and after a reload: how far the ledger is signed is noted; keys of bodies whose time is over are destroyed, packs that
// nobody can read any more removed, segments and packs beyond what shall lie here moved elsewhere, and the writer of bodies told how much
// room is left. In this order: retention and holds come before any quota.
//
// On a thread of its own, since copies take as long as they take. Public functions are thread-safe.
#pragma once

#include "base/log.h"
#include "bodies/writer.h"
#include "gateway/clock_watch.h"
#include "gateway/metrics.h"
#include "gateway/world.h"
#include "identity/installation.h"
#include "store/body_keys.h"
#include "store/state.h"

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace sallyport::gateway {

class Housekeeping {
public:
    struct Parts { // all of them outlive it
        const identity::Installation& installation;
        store::State& state;
        store::BodyKeys& keys;
        bodies::Writer& writer;
    };
    Housekeeping(Parts parts, std::shared_ptr<const World> world, const Log& log);
    ~Housekeeping() { stop(); }
    Housekeeping(const Housekeeping&) = delete;
    Housekeeping& operator=(const Housekeeping&) = delete;

    void start();
    void use(std::shared_ptr<const World> world); // after a reload, or a change of keys
    void stop();                                  // behind the file that is being moved
    OffloadFigures figures() const;
    // How far the ledger is signed now, in state.db; after stop() for the last time. An error is told in the log: it will be noted later.
    void note_ledger();

private:
    void run();
    void look_at_clock();
    void pass(const World& world);
    void expire(const World& world);
    void offload(const World& world);
    void tell_room(const World& world);
    bool goes_on() const;

    const Parts parts_;
    const std::filesystem::path bodies_;
    const Log& log_;
    std::optional<ClockWatch> clock_;        // the thread's
    std::uint64_t keys_erased_ = UINT64_MAX; // the thread's
    bool told_limit_ = false;                // the thread's

    mutable std::mutex mutex_; // guards what follows
    std::condition_variable wake_;
    std::shared_ptr<const World> world_;
    OffloadFigures figures_;
    bool is_due_ = true, stopping_ = false;
    std::thread thread_;
};

} // namespace sallyport::gateway
