// The single odd characters of a text, before they are grouped to findings: shared by finding and describing.
#pragma once

#include "content/code_points.h"
#include "content/hidden.h"

#include <vector>

namespace sallyport::content {

struct Mark {
    std::uint32_t begin = 0, end = 0; // a character, of look-alike letters the word
    char32_t value = 0;
    HiddenRule rule = HiddenRule::zero_width;
    Confidence confidence = Confidence::low; // on its own
};

// All that is odd in the text, in order; at most limits::hidden_marks_max, then where the first one is that was left out, else npos.
std::size_t collect_marks(std::string_view text, std::vector<Mark>& out);

// Of words their letters that look like others.
std::vector<Mark> letters_of(std::string_view text, const std::vector<Mark>& words);

// What the marks of one finding say, as bytes; empty where they say nothing. `bits` of two kinds of zero-width characters.
std::string payload_of(const std::vector<Mark>& marks, HiddenRule rule);

} // namespace sallyport::content
