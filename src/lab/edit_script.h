// What two lists of tokens have in common: the longest common subsequence by the shortest edit script (Myers 1986), in O((a + b) · d) with a
// bound on d. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::lab {

inline constexpr std::size_t edits_max = 1'200;

// Pairs of positions, rising in both. Beyond `edits_max` only the common beginning and end.
std::vector<std::pair<std::size_t, std::size_t>> common_tokens(const std::vector<std::string_view>& a,
                                                               const std::vector<std::string_view>& b);

} // namespace sallyport::lab
