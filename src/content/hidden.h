// Hidden characters: what a text carries that a reader does not see, or takes for something else. One pass over UTF-8; pure ASCII
// goes by at memory speed. Pure and thread-safe.
//
// What scripts, emoji and typography need is silent (UAX #9, #14, #29; UTS #37, #39, #51); what is left is a channel or a mistake.
// Marks that together can carry a message are one finding, from the first to the last.
#pragma once

#include "content/finding.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

enum class HiddenRule : std::uint8_t {
    zero_width,
    tags,
    variation_selectors,
    bidi,
    filler,
    odd_space,
    private_use,
    look_alike_letter,
    look_alike_apostrophe,
    look_alike_punctuation,
    lone_surrogate,
    broken_utf8,
};
inline constexpr std::size_t hidden_rules = 12;
std::string_view name(HiddenRule); // "zero-width"

// Appends what is found, sorted by begin; `rule` is a HiddenRule, the kind `marker`. Confidence is high where a payload decodes
// (tag text, two bytes of variation selectors, eight bits of zero-width characters), medium where there is no innocent reason, low
// else. A text beyond limits::scanned_text_bytes_max is one finding `uninspected`, and so is the rest of one with more than
// limits::hidden_marks_max odd characters. Spans of different rules may overlap.
void find_hidden(std::string_view text, std::vector<Found>& out);

// A character that hides something, and what a reader takes it for: nothing, a space, an ASCII character, U+FFFD where no one can tell.
struct PlainCharacter {
    std::uint32_t begin = 0, end = 0;
    std::string_view plain;
};
// Appends those that the rule sees in the text, in order.
void find_plain_form(std::string_view text, HiddenRule rule, std::vector<PlainCharacter>& out);

// What a person is told of a finding. All ASCII, each bounded.
struct HiddenDescription {
    std::string code_points; // "3 x U+200B ZERO WIDTH SPACE, U+200D ZERO WIDTH JOINER"
    std::string rendering;   // the text of the span with code points in place of what is odd: "pass<U+200B>word"
    std::string payload;     // decoded, what is not printable as \xNN; empty where nothing decodes
    std::string channel;     // "text in tag characters, which no font shows"
};
// Of a finding of find_hidden() in this very text.
HiddenDescription describe(std::string_view text, const Found& found);

} // namespace sallyport::content
