// Inside of what differs by itself: a character that stands fixed wherever one state runs. Pure statistics: how probable it is by chance,
// as often as it stands there in all other runs, times all that was looked at.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sallyport::lab {

struct HoleSample {
    std::size_t variation = 0;         // or `baseline`
    std::vector<std::string> contents; // of each hole of the place
};
struct FixedCharacter {
    std::size_t variation = 0, hole = 0;
    std::string what;  // "'a' as character 1 from its begin"
    double chance = 1; // after correction
    bool sure = false; // else further runs may tell
};
// At most one each variation and hole, the least probable. None from fewer than three runs of a state.
std::vector<FixedCharacter> fixed_characters(std::span<const HoleSample> samples);

} // namespace sallyport::lab
