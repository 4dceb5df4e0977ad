#include "content/code_points.h"

#include "content/code_point_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::content {
namespace {

constexpr std::uint32_t plane = 0x10000;
constexpr std::uint32_t tabled = 2 * plane; // the planes of living scripts and emoji, in one look; the others by range

// What typography sets for ASCII punctuation everywhere, and letters of living Latin alphabets: told as look-alikes, never looked for.
constexpr bool is_everyday(char32_t c) {
    return c == 0x131 || c == 0x17F || c == 0x269 || c == 0x26A || c == 0x28B || (c >= 0x2010 && c <= 0x201F) ||
           c == 0x2026 || c == 0x2033 || c == 0x2039 || c == 0x203A || c == 0x2044 || c == 0x2212 || c == 0x2217 ||
           c == 0x2223 || c == 0x2571 || c == 0x05F4;
}

struct Traits {
    std::array<Trait, tabled> of{};
    Traits() {
        for (const auto& range : trait_ranges)
            for (std::uint32_t c = range.first; c <= range.last && c < tabled; ++c) of[c] = range.trait;
        for (const auto& like : look_alikes)
            if (of[like.value] <= Trait::look_alike && !is_everyday(like.value))
                of[like.value] = is_ascii_word(like.ascii) ? Trait::look_alike : Trait::punctuation;
    }
};

const Traits& traits() {
    static const Traits table;
    return table;
}

Trait rare_trait(char32_t value) {
    if (value < 0xE0000) return value < 0x40000 ? Trait::cjk : Trait::ordinary;
    for (const auto& range : trait_ranges)
        if (value >= range.first && value <= range.last) return range.trait;
    return Trait::ordinary;
}

bool continues(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

CodePoint broken(std::string_view text, std::size_t at) {
    return {static_cast<unsigned char>(text[at]), 1, Trait::broken};
}

} // namespace

CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
    const char32_t first = byte(0);
    if (first < 0x80) return {first, 1, Trait::ordinary};
    if (first < 0xC2 || first > 0xF4 || !continues(text, at + 1)) return broken(text, at);
    if (first < 0xE0) {
        const char32_t value = (first & 0x1F) << 6 | (byte(1) & 0x3F);
        return {value, 2, traits().of[value]};
    }
    if (!continues(text, at + 2)) return broken(text, at);
    if (first < 0xF0) {
        const char32_t value = (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
        if (value < 0x800) return broken(text, at);
        return {value, 3, traits().of[value]};
    }
    if (!continues(text, at + 3)) return broken(text, at);
    const char32_t value = (first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    if (value < plane || value > 0x10FFFF) return broken(text, at);
    return {value, 4, trait_of(value)};
}

CodePoint code_point_before(std::string_view text, std::size_t at) {
    if (at == 0) return {};
    for (std::size_t back = 1; back <= 4 && back <= at; ++back) {
        if (continues(text, at - back)) continue;
        const CodePoint found = code_point_at(text, at - back);
        if (found.size == back) return found;
        break;
    }
    return broken(text, at - 1);
}

std::size_t next_beyond_ascii(std::string_view text, std::size_t at) {
    constexpr std::uint64_t high = 0x8080808080808080U;
    // 64 bytes a step: the compiler makes vectors of it.
    for (; at + 64 <= text.size(); at += 64) {
        std::array<std::uint64_t, 8> words;
        std::memcpy(words.data(), text.data() + at, 64);
        std::uint64_t all = 0;
        for (const std::uint64_t word : words) all |= word;
        if ((all & high) != 0) break;
    }
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        if ((word & high) != 0) break;
    }
    while (at < text.size() && (text[at] & 0x80) == 0) ++at;
    return at;
}

Trait trait_of(char32_t value) { return value < tabled ? traits().of[value] : rare_trait(value); }

char ascii_like(char32_t value) {
    if (value < 0x80) return static_cast<char>(value);
    if (value >= 0xFF01 && value <= 0xFF5E) return static_cast<char>(value - 0xFF00 + 0x20);
    if (value >= 0x24B6 && value <= 0x24E9)
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[value - 0x24B6];
    // Mathematical alphabets of 52 letters each, then five sets of digits; Greek ones lie between.
    if (value >= 0x1D400 && value <= 0x1D6A3) {
        const auto letter = static_cast<char>((value - 0x1D400) % 52);
        return static_cast<char>(letter < 26 ? 'A' + letter : 'a' + letter - 26);
    }
    if (value >= 0x1D7CE && value <= 0x1D7FF) return static_cast<char>('0' + (value - 0x1D7CE) % 10);
    const auto* const found = std::ranges::lower_bound(look_alikes, value, {}, &LookAlike::value);
    return found != look_alikes.end() && found->value == value ? found->ascii : '\0';
}

std::string code_point_name(char32_t value) {
    const auto* const found = std::ranges::find(code_point_names, value, &NamedCodePoint::value);
    std::string name = fmt::format("U+{:04X}", static_cast<std::uint32_t>(value));
    if (found != code_point_names.end()) return name + ' ' + std::string(found->name);
    if (value >= 0xFE00 && value <= 0xFE0F) return fmt::format("{} VARIATION SELECTOR-{}", name, value - 0xFE00 + 1);
    if (value >= 0xE0100 && value <= 0xE01EF)
        return fmt::format("{} VARIATION SELECTOR-{}", name, value - 0xE0100 + 17);
    if (value > 0xE0020 && value < 0xE007F) return fmt::format("{} TAG '{}'", name, static_cast<char>(value - 0xE0000));
    if (const char like = ascii_like(value); like != '\0' && value >= 0x80)
        return fmt::format("{} (like '{}')", name, like);
    return name;
}

} // namespace sallyport::content
