// One run of a client, inside the boundary and bounded in all it may use: time, processes, memory, disk. What it leaves behind is its
// recording; the boundary takes everything else with it.
#pragma once

#include "lab/conditions.h"
#include "lab/recording.h"
#include "lab/runnable.h"
#include "lab/stand.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::lab {

struct TrialLimits {
    std::int64_t time_ms = 60'000;
    std::size_t processes = 400;
    std::uint64_t memory_bytes = 3ULL << 30;
};

struct Trial {
    Conditions conditions;
    const Switch* off = nullptr; // an off-switch that is applied
};

// Runs them all, `jobs` at a time, on this thread (which must be the process's only one, as the boundary asks). Recordings in the order of
// `trials`. Errors: no boundary on this machine, the program cannot be started. `told` after each.
Result<std::vector<Recording>> run_trials(const Runnable& subject, Authority& authority, std::span<const Trial> trials,
                                          unsigned jobs, const TrialLimits& limits, const std::function<void()>& told);

} // namespace sallyport::lab
