// The forward proxy of `sallyport serve`: egress/ joined to the gateway's loops, keys, policy and pipeline.
#pragma once

#include "gateway/service.h"

#include <memory>

namespace sallyport::cli {

// Of a configuration with a `forward` section; nullptr without.
std::unique_ptr<gateway::Beside> make_forward(const gateway::Config& config);

} // namespace sallyport::cli
