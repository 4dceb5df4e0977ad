// Lines of a file as text: "1-3,5-9".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport {

using LineRanges = std::vector<std::pair<std::uint32_t, std::uint32_t>>; // first and last

// "1-3,5-9,4-4" as "1-9"; what is no range is left out.
LineRanges line_ranges(std::string_view text);
std::string text_of(const LineRanges& ranges);

} // namespace sallyport
