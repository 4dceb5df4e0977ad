// Which tier the boundary earns on this machine, measured: sandbox/probes.h with the view that clients get.
#pragma once

#include "base/error.h"
#include "sandbox/probes.h"

namespace sallyport::endpoint {

Result<std::vector<sandbox::Probed>> measure_tier();

} // namespace sallyport::endpoint
