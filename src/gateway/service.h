// `sallyport serve`: one loop per thread, a control thread for keys, reloads and the admin listener, signals on the caller's thread.
//   SIGTERM, SIGINT: drain and stop.   SIGHUP: reload policy, configuration and certificates.
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "gateway/config.h"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace sallyport::gateway {

struct Listening {
    std::vector<std::string> urls;
    std::string admin_url;
};

// Runs until a signal. `ready` is called once everything listens. Errors: what could not be started, in a sentence.
Result<void> serve(std::shared_ptr<const Config> config, Log& log, const std::function<void(const Listening&)>& ready);

// Blocks the signals that serve() waits for, in this thread and all it starts. Call before any thread is made.
void block_signals();

} // namespace sallyport::gateway
