// String literals of JavaScript, and the encodings that they hide bytes in. A bundle is not parsed: each quotation mark is taken for the
// beginning of a literal that ends at the next one of its kind, so that nothing can throw the reader off its step; what lies between two
// literals is looked at as well, and means nothing. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct Literal {
    std::size_t begin = 0, end = 0; // of what is between the quotation marks; these stand at begin - 1 and end
    std::string_view raw;           // as it stands, with escapes
    bool escaped = false;           // there is a backslash in it
};

// In the order of their beginnings. A literal in ' or " ends before a line end, or is none.
void for_each_literal(std::string_view text, const std::function<void(const Literal&)>& on_literal);
// The literal whose opening quotation mark is at `quote`.
std::optional<Literal> literal_at(std::string_view text, std::size_t quote);

// ECMA-262 section 12.9.4: \n \x41 \u0041 \u{41} \101; an unknown escape is its character.
std::string unescape(std::string_view raw);
// The same, each code unit as a byte: what `charCodeAt` gives. Nothing where one is beyond 0xFF.
std::optional<std::string> unescape_to_bytes(std::string_view raw);

struct Encoded {
    std::string bytes;
    std::string_view how; // "base64", "base64url", "hexadecimal"
};
// What the whole text is, as bytes; nothing where it is none of these.
std::optional<Encoded> decode_text(std::string_view text);

// "[104, 0x74, 116]" from its opening bracket on: the numbers, and where the list ends. At least `count_min`, all below 0x110000.
struct Numbers {
    std::vector<std::uint32_t> values;
    std::size_t end = 0; // one past the closing bracket
};
std::optional<Numbers> numbers_at(std::string_view text, std::size_t bracket, std::size_t count_min);

} // namespace sallyport::lab
