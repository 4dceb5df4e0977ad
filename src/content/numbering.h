// The numbers that clients put before the lines of a file, found by what they are: a numbering that goes up by one. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::content {

struct LeftOut {
    std::uint32_t begin = 0, end = 0; // bytes of the text
};

// Appends each number with the spaces before and the separator behind it, in order. The separator is the same in one numbering.
void find_numbering(std::string_view text, std::vector<LeftOut>& out);

} // namespace sallyport::content
