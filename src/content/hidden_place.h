// A character in a text and what stands around it: what the judgement of hidden characters asks of its neighbours. One pass moves
// it over the text; lives as long as the text.
#pragma once

#include "content/code_points.h"

#include <algorithm>
#include <string_view>

namespace sallyport::content {

constexpr bool is_joining(Trait trait) { return trait == Trait::joining || trait == Trait::arabic; }
constexpr bool is_right_to_left(Trait trait) { return trait == Trait::right_to_left || trait == Trait::arabic; }
// With accents.
constexpr bool is_latin(char32_t c) { return (c >= 0xC0 && c <= 0x24F) || (c >= 0x1E00 && c <= 0x1EFF); }
constexpr bool is_letter(const CodePoint& c) { return is_ascii_letter(c.value) || is_letter(c.trait); }

class Place {
protected:
    explicit Place(std::string_view text) : text_(text) {}

    bool is_ascii(std::size_t at) const { return (text_[at] & 0x80) == 0; }
    CodePoint before(std::size_t at) const { return code_point_before(text_, at); }
    CodePoint after(std::size_t at) const { return at < text_.size() ? code_point_at(text_, at) : CodePoint{}; }
    CodePoint before() const { return before(at_); }
    CodePoint after() const { return after(at_ + here_.size); }
    bool ascii_letter_at(std::size_t at) const {
        return at < text_.size() && is_ascii_letter(static_cast<unsigned char>(text_[at]));
    }
    bool between_ascii_words() const {
        return at_ > 0 && is_ascii_word(static_cast<unsigned char>(text_[at_ - 1])) && is_ascii_word(after().value);
    }
    // The number of ASCII letters that end or begin there.
    std::size_t letters_before(std::size_t at) const {
        std::size_t count = 0;
        while (count < at && is_ascii_letter(static_cast<unsigned char>(text_[at - count - 1]))) ++count;
        return count;
    }
    std::size_t letters_after(std::size_t at) const {
        std::size_t count = 0;
        while (at + count < text_.size() && is_ascii_letter(static_cast<unsigned char>(text_[at + count]))) ++count;
        return count;
    }

    // Which scripts stand around at_, in a piece of the text. Kept, so that each byte is looked at about once.
    struct Piece {
        std::size_t begin = 0, end = 0;
        bool right_to_left = false, cjk = false, joining = false, latin = false; // the last: with accents
    };
    const Piece& line() { return around(line_, '\n'); }
    const Piece& near() { return around(near_, '\0'); }
    const Piece& around(Piece& piece, char border) {
        if (at_ >= piece.begin && at_ < piece.end) return piece;
        piece = {at_, at_};
        const std::size_t first = at_ - std::min(at_, piece_bytes);
        const std::size_t last = std::min(text_.size(), at_ + 8 * piece_bytes);
        while (piece.begin > first && text_[piece.begin - 1] != border) piece.begin -= see(piece, before(piece.begin));
        while (piece.end < last && text_[piece.end] != border) piece.end += see(piece, after(piece.end));
        return piece;
    }
    static std::uint32_t see(Piece& piece, const CodePoint& c) {
        piece.right_to_left |= is_right_to_left(c.trait);
        piece.joining |= is_joining(c.trait);
        piece.latin |= is_latin(c.value);
        piece.cjk |= c.trait == Trait::cjk;
        return c.size;
    }

    std::string_view text_;
    CodePoint here_;
    std::size_t at_ = 0; // where it stands

private:
    static constexpr std::size_t piece_bytes = 512; // before a character, eight times that after it
    Piece line_, near_;
};

} // namespace sallyport::content
