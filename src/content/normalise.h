// A text reduced to what copying keeps: ASCII letters in lower case, digits, and bytes beyond ASCII; blanks, punctuation and layout are
// left out, and so are the line numbers that clients put before the lines of a file ("12->", "12→", "12<TAB>", "12: ", "12|").
// Re-indented, re-wrapped or numbered, a text has the same normal form. Pure; after the practice of SCANOSS and Symantec's IDM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

struct Normalised {
    std::string text;
    std::vector<std::uint32_t> offsets; // in the original, of each byte
    void clear() { text.clear(), offsets.clear(); }
};

// Line numbers are left out where they stand at the start of lines that follow each other and ascend.
enum class LineNumbers : std::uint8_t { keep, leave_out };

// Replaces `out`; holds its memory for the next text.
void normalise(std::string_view text, LineNumbers numbers, Normalised& out);
// The same without the way back, and with '\n' where a line of the text ends: as an index keeps it.
void normalise_lines(std::string_view text, std::string& out);

} // namespace sallyport::content
