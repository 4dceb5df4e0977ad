#include "content/undisguise.h"

#include "content/code_points.h"

#include <algorithm>

namespace sallyport::content {
namespace {

constexpr std::size_t sequence_bytes_max = 32;

// ECMA-48: ESC [, parameters, a final byte. How long it is; 0 where none stands there.
std::size_t colour_at(std::string_view text, std::size_t at) {
    if (text[at] != '\x1b' || at + 1 == text.size() || text[at + 1] != '[') return 0;
    const std::size_t end = std::min(text.size(), at + sequence_bytes_max);
    for (std::size_t i = at + 2; i < end; ++i)
        if (text[i] >= 0x40 && text[i] <= 0x7E) return i + 1 - at;
    return 0;
}

bool is_without_ink(Trait trait) {
    return trait == Trait::zero_width || trait == Trait::tag || trait == Trait::variation || trait == Trait::bidi;
}

bool is_word_byte(std::string_view text, std::size_t at) {
    return at < text.size() && is_ascii_word(static_cast<unsigned char>(text[at]));
}

// The next byte from which on something may be disguised.
std::size_t next_odd(std::string_view text, std::size_t at) {
    const std::size_t beyond = next_notable(text, at);
    const std::size_t escape = text.substr(0, beyond).find('\x1b', at);
    return std::min(beyond, escape);
}

} // namespace

const Undisguised::Step* Undisguised::step_at(std::uint32_t at) const {
    const auto after = std::ranges::upper_bound(steps_, at, {}, &Step::here);
    return after == steps_.begin() ? nullptr : &*(after - 1);
}

std::uint32_t Undisguised::offset(std::uint32_t at) const {
    const Step* const step = step_at(at);
    return step == nullptr ? at : step->there + (at - step->here);
}

std::uint32_t Undisguised::size_at(std::uint32_t at) const {
    const Step* const step = step_at(at);
    return step != nullptr && step->here == at ? step->size : 1;
}

bool Undisguised::of(std::string_view text) {
    text_.clear();
    steps_.clear();
    std::size_t kept = 0; // up to here it is in text_
    const auto here = [&] { return static_cast<std::uint32_t>(text_.size()); };
    const auto replace = [&](std::size_t at, std::size_t size, char with) {
        text_.append(text.substr(kept, at - kept));
        if (with != 0) {
            steps_.push_back({here(), static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size)});
            text_ += with;
        }
        kept = at + size;
        steps_.push_back({here(), static_cast<std::uint32_t>(kept)});
    };
    for (std::size_t at = next_odd(text, 0); at < text.size(); at = next_odd(text, at)) {
        if (const std::size_t colour = colour_at(text, at); colour > 0) {
            replace(at, colour, 0);
            at += colour;
            continue;
        }
        const CodePoint c = code_point_at(text, at);
        const bool wide = c.value >= 0xFF01 && c.value <= 0xFF5E;
        const bool among_ascii = (at > 0 && is_word_byte(text, at - 1)) || is_word_byte(text, at + c.size);
        const char like = wide || (c.trait == Trait::look_alike && among_ascii) ? ascii_like(c.value) : '\0';
        if (is_without_ink(c.trait) || like != 0) replace(at, c.size, like);
        at += c.size;
    }
    if (!steps_.empty()) text_.append(text.substr(kept));
    return !steps_.empty();
}

} // namespace sallyport::content
