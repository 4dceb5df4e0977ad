// Which tier the boundary earns on this machine, measured: sandbox/probes.h with the view that clients get.
#pragma once

#include "base/error.h"
#include "endpoint/remembered.h"
#include "sandbox/probes.h"

namespace sallyport::endpoint {

Result<std::vector<sandbox::Probed>> measure_tier();

struct KnownTier {
    char tier = 'C';        // 'A' or 'C'
    std::string why;        // of C: the ways that are open, or what the machine does not give
    std::size_t probes = 0; // that were tried; 0: it was remembered
};
// As measured on this kernel, with these settings of it, by this very program; measured where that is not remembered. What failed is not:
// the next start tries again. Call it before this process has made a thread.
KnownTier known_tier(const Remembered& remembered);

// What a measurement depends on, as one line.
std::string tier_key();

} // namespace sallyport::endpoint
