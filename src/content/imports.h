// Lines of source that only name what a file uses, or speak to the compiler: import, #include, use, require, #pragma, lists of dependencies.
// Whoever uses the same libraries writes the same lines, so they are evidence of nothing. Pure.
#pragma once

#include "content/intervals.h"
#include "content/normalise.h"

#include <string_view>
#include <vector>

namespace sallyport::content {

// A line in the normalised text. It is one only where what makes it one is there too: of a line in brackets the line that opens them.
struct ImportLine {
    Interval place;
    std::uint32_t needs = 0; // from here on: the beginning of the line, or of that which opens the brackets
};
// Appends such lines, in order.
void find_imports(std::string_view text, const Normalised& normalised, std::vector<ImportLine>& out);
// What of `piece`, a part of the verified `run`, is left without the lines that stand wholly in the run: a line that only the text has made one,
// by a word before or behind it, is none.
void subtract_imports(Interval piece, Interval run, const std::vector<ImportLine>& lines, std::vector<Interval>& out);

} // namespace sallyport::content
