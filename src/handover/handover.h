// All destinations, on a thread and a loop of their own: nothing here is on the way of an exchange, and nothing waits for it. Each
// destination reads the ledger by itself, so one that is slow holds up no other.
//
// start() once, settle() whenever the settings change, stop() before what it refers to goes. figures() from any thread.
#pragma once

#include "handover/forwarder.h"

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::handover {

struct Figures {
    std::string name;
    std::uint64_t lag_entries = 0; // durable, and not handed over
    std::uint64_t lag_seconds = 0; // since the oldest event that waits
    std::uint64_t events = 0, batches = 0, failures = 0, rejected = 0;
    bool failing = false; // the last try was in vain
};

class Handover {
public:
    Handover(net::Resolver& resolver, Source source, const Log& log);
    ~Handover();
    Handover(const Handover&) = delete;
    Handover& operator=(const Handover&) = delete;

    void start();
    // The destinations from now on; those that are gone keep their cursor. From any thread.
    void settle(Destinations destinations);
    void stop();
    std::vector<Figures> figures() const;

private:
    void settle_here(const Destinations& destinations);

    const Source source_;
    const Log& log_;
    net::Loop loop_;
    http::BufferPool buffers_;
    http::Pool pool_;
    mutable std::mutex mutex_; // of the list; the loop alone changes it
    std::vector<std::unique_ptr<Forwarder>> forwarders_;
    std::vector<const Forwarder*> in_force_;
    std::thread thread_;
};

} // namespace sallyport::handover
