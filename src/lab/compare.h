// Which input changes which bytes: runs of which one thing was varied, held against runs of which nothing was. Pure: the same runs give
// the same answer, and none of it asks for a client.
//
// A change counts once every run of its state shows it (at least three), no baseline does, and it is no noise: where another state shows
// it in some of its runs only, it is taken for chance. Inside of what differs by itself a change counts where it breaks the alphabet or
// the length of what is usual there, or where a character stands fixed in all runs of a state and its chance, by all other runs, is below
// one in a million after all that was looked at.
#pragma once

#include "lab/observe.h"
#include "lab/text_template.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sallyport::lab {

inline constexpr std::size_t baseline = static_cast<std::size_t>(-1);
inline constexpr std::size_t runs_to_confirm = 3;

struct LabelledRun {
    std::size_t variation = baseline; // of the list of variations
    Observations seen;
};

struct Difference {
    std::size_t variation = 0;
    std::string place;
    Channel channel = Channel::text;
    std::string host;
    Deviation deviation;
    std::string context;                 // a little of the value around it
    std::size_t runs = 0, baselines = 0; // that were held against each other
    double chance = 0;                   // of the same by noise; 0: not estimated, the bytes are otherwise constant
    bool only_in_pair = false;
};

struct Comparison {
    std::vector<Difference> differences;   // confirmed
    std::vector<Difference> echoes;        // what plainly spells the value, one each place and variation
    std::vector<std::size_t> to_repeat;    // variations whose differences need further runs
    std::size_t places = 0, unstable = 0;  // compared; those that differ by themselves
    std::vector<std::string> not_compared; // too little in common between baselines
};

Comparison compare(std::span<const LabelledRun> runs, std::span<const Variation> variations);
// Whether a further baseline shows nothing that those before it do not: noise is known then.
bool is_stable(std::span<const LabelledRun> runs);

} // namespace sallyport::lab
