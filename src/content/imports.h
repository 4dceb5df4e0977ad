// Lines of source that only name what a file uses, or speak to the compiler: import, #include, use, require, #pragma, lists of dependencies.
// Whoever uses the same libraries writes the same lines, so they are evidence of nothing. Pure.
#pragma once

#include "content/intervals.h"
#include "content/normalise.h"

#include <string_view>
#include <vector>

namespace sallyport::content {

// Appends the places of such lines in the normalised text, in order; joined where they follow each other.
void find_imports(std::string_view text, const Normalised& normalised, std::vector<Interval>& out);

} // namespace sallyport::content
