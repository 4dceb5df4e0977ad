// `sallyport serve`: one loop per thread, a control thread for keys, reloads and the admin listener, signals on the caller's thread.
//   SIGTERM, SIGINT: drain and stop.   SIGHUP: reload policy, configuration and certificates.
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "gateway/config.h"
#include "gateway/signing_in.h"
#include "gateway/world.h"
#include "http/server.h"

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace sallyport::gateway {

struct Listening {
    std::vector<std::string> urls;
    std::string admin_url;
    std::vector<std::string> beside;
};

// What runs on the gateway's loops beside it, joined by cli/: the forward proxy.
class Beside {
public:
    struct Lane {
        net::Loop& loop;
        http::BufferPool& buffers;
        http::Handler pipeline;
        std::function<std::shared_ptr<const World>()> world; // of the moment; on the loop's thread
    };
    struct Opening {
        std::span<const Lane> lanes;
        net::Resolver& resolver;
        const Log& log;
        Secret digest_key;                             // of what it records, from the installation's keys
        std::atomic<std::int64_t>& world_confirmed_ms; // see gateway/lane.h
    };
    virtual ~Beside() = default;
    // Before the loops run. Where it listens, each with what it is ("forward proxy on http://…").
    virtual Result<std::vector<std::string>> open(const Opening& opening) = 0;
    virtual void drain(std::size_t lane) = 0; // on the loop's thread, as the next one
    virtual void cut(std::size_t lane) = 0;
    virtual std::size_t connections() const = 0;
    virtual void close() = 0; // the loops run no more, and go after this
};

// Runs until a signal. `ready` is called once everything listens. Errors: what could not be started, in a sentence.
// `settings`: what a client that signed in is told of the policy; empty: nothing.
Result<void> serve(std::shared_ptr<const Config> config, Log& log, const std::function<void(const Listening&)>& ready,
                   Beside* beside = nullptr, ClientSettings settings = {});

// Blocks the signals that serve() waits for, in this thread and all it starts. Call before any thread is made.
void block_signals();

} // namespace sallyport::gateway
