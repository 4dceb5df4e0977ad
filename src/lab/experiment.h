// The whole of the runs over one client: baselines until their noise is known, each state of each variable, then whatever seemed to change
// something again and again, with baselines between (the swap back), until it is confirmed or turned out to be chance.
#pragma once

#include "lab/channels.h"
#include "lab/run_receipts.h"
#include "lab/trial.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct ExperimentOptions {
    std::size_t runs_max = 240;
    std::size_t repeats = 1;            // of each state at first
    std::vector<std::string> variables; // words in their names; empty: all
    bool pairs = true, switches = false, matrix = true;
    unsigned jobs = 2;
    TrialLimits limits;
    std::vector<std::string> decoded; // by static inspection
};

struct Experiment {
    std::vector<Variation> variations;
    Comparison comparison;
    std::vector<FoundChannel> channels;
    RunReceipts receipts;
    std::vector<MeasuredSwitch> switches;
    std::size_t runs = 0, baselines = 0, variables = 0, ended_by_us = 0;
    double seconds = 0;
    bool stable = true, whole = true; // noise is known; all that was planned was run
    std::vector<std::string> problems, not_covered;
    std::string command; // as it was started
    std::string verdict() const;
    bool found_something() const; // a concealed channel, a key that leaked, the gateway passed by
};

// Runs trials, in whatever order; their recordings in the order of the trials.
using Runner = std::function<Result<std::vector<Recording>>(std::span<const Trial>)>;
// `client`: whose off-switches are measured.
Result<Experiment> experiment(const Runner& runner, std::string_view client, const ExperimentOptions& options);
// In the boundary. `told`: runs done and planned so far.
Result<Experiment> experiment(const Runnable& subject, const ExperimentOptions& options,
                              const std::function<void(std::size_t, std::size_t)>& told);

} // namespace sallyport::lab
