// Code points as the detectors of hidden characters see them: UTF-8 decoding that never fails, a trait for each code point, the ASCII
// character that one looks like. Pure and thread-safe; tables after Unicode 16 (UAX #44), UTS #39 (confusables), UTS #51 (emoji).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::content {

// What a code point is for hiding. From `look_alike` on it is looked at, before that it is what texts consist of.
enum class Trait : std::uint8_t {
    ordinary,      // symbols and punctuation beyond ASCII, unassigned
    letter,        // of scripts without joiners; combining marks
    cjk,           // Han, kana, Hangul syllables, their punctuation
    joining,       // letters and marks of scripts that use ZWJ, ZWNJ or ZWSP: Indic, Khmer, Thai, Tibetan, Mongolian …
    right_to_left, // Hebrew, Thaana …
    arabic,        // both: Arabic, Syriac, N'Ko
    jamo,          // Hangul letters, which fillers stand between
    braille,
    emoji, // emoji and symbols that take a presentation selector
    look_alike,
    quote,       // looks like an ASCII apostrophe
    punctuation, // looks like other ASCII punctuation
    zero_width,
    tag,
    variation,
    bidi,
    filler,
    space,
    private_use,
    surrogate, // written in UTF-8's way, as WTF-8 does
    broken,    // no UTF-8
};

constexpr bool is_letter(Trait trait) {
    return (trait >= Trait::letter && trait <= Trait::arabic) || trait == Trait::look_alike;
}

struct CodePoint {
    char32_t value = 0; // of `broken` the byte
    std::uint32_t size = 0;
    Trait trait = Trait::ordinary;
};

// Of the planes 0 and 1: living scripts and emoji.
inline constexpr std::uint32_t tabled_code_points = 0x20000;
extern const std::array<Trait, tabled_code_points> trait_table;
Trait rare_trait(char32_t value); // of the other planes
inline Trait trait_of(char32_t value) { return value < tabled_code_points ? trait_table[value] : rare_trait(value); }

// The code point at `at` (< text.size()), ASCII ones too; a byte that begins none is `broken` and one byte long.
inline CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
    const auto continues = [&](std::size_t i) { return at + i < text.size() && (byte(i) & 0xC0) == 0x80; };
    const char32_t first = byte(0);
    const CodePoint broken{first, 1, Trait::broken};
    if (first < 0x80) return {first, 1, Trait::ordinary};
    if (first < 0xC2 || first > 0xF4 || !continues(1)) return broken;
    if (first < 0xE0) {
        const char32_t value = (first & 0x1F) << 6 | (byte(1) & 0x3F);
        return {value, 2, trait_table[value]};
    }
    if (!continues(2)) return broken;
    if (first < 0xF0) {
        const char32_t value = (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
        return value < 0x800 ? broken : CodePoint{value, 3, trait_table[value]};
    }
    if (!continues(3)) return broken;
    const char32_t value = (first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    return value < 0x10000 || value > 0x10FFFF ? broken : CodePoint{value, 4, trait_of(value)};
}
// The one that ends before `at`; size 0 at the beginning.
CodePoint code_point_before(std::string_view text, std::size_t at);
// Where the first byte >= 0x80 at or after `at` is; text.size() where there is none.
std::size_t next_beyond_ascii(std::string_view text, std::size_t at);
// Past what texts consist of: where the next character of a trait from `look_alike` on may be; text.size() where none is.
std::size_t next_notable(std::string_view text, std::size_t at);
// Past the letters beyond ASCII that stand at `at`.
std::size_t past_letters(std::string_view text, std::size_t at);

// What it looks like, 0 where like nothing in ASCII. ASCII looks like itself.
char ascii_like(char32_t value);
// "U+200B ZERO WIDTH SPACE"; without a name where it is not a common one.
std::string code_point_name(char32_t value);

// What changes a line of text without being seen in it: controls (C0, C1), directions, joiners, tags, and bytes that are no character.
constexpr bool is_unprintable(const CodePoint& c) {
    return c.value < 0x20 || (c.value >= 0x7F && c.value <= 0x9F) || c.trait == Trait::zero_width ||
           c.trait == Trait::tag || c.trait == Trait::bidi || c.trait == Trait::surrogate || c.trait == Trait::broken;
}

constexpr bool is_ascii_letter(char32_t c) { return (c | 32) >= 'a' && (c | 32) <= 'z' && c < 128; }
constexpr bool is_ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }
constexpr bool is_ascii_word(char32_t c) { return is_ascii_letter(c) || is_ascii_digit(c); }

} // namespace sallyport::content
