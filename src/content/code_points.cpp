#include "content/code_points.h"

#include "content/code_point_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sallyport::content {
namespace {

// What typography sets for ASCII punctuation everywhere, and letters of living Latin alphabets: told as look-alikes, never looked for.
constexpr bool is_everyday(char32_t c) {
    return c == 0x131 || c == 0x17F || c == 0x269 || c == 0x26A || c == 0x28B || (c >= 0x2010 && c <= 0x201F) ||
           c == 0x2026 || c == 0x2033 || c == 0x2039 || c == 0x203A || c == 0x2044 || c == 0x2212 || c == 0x2217 ||
           c == 0x2223 || c == 0x2571 || c == 0x05F4;
}

constexpr std::array<Trait, tabled_code_points> fill_table() {
    std::array<Trait, tabled_code_points> table{};
    for (const auto& range : trait_ranges)
        for (std::uint32_t c = range.first; c <= range.last && c < tabled_code_points; ++c) table[c] = range.trait;
    for (const auto& like : look_alikes)
        if (table[like.value] <= Trait::look_alike && !is_everyday(like.value))
            table[like.value] = is_ascii_word(like.ascii) ? Trait::look_alike : Trait::punctuation;
    return table;
}

bool continues(std::string_view text, std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; }

// The index of the first byte in memory with its high bit set.
std::size_t first_high(std::uint64_t bits) {
    return static_cast<std::size_t>(std::endian::native == std::endian::little ? std::countr_zero(bits)
                                                                               : std::countl_zero(bits)) /
           8;
}

} // namespace

constexpr std::array<Trait, tabled_code_points> trait_table = fill_table();

Trait rare_trait(char32_t value) {
    if (value < 0xE0000) return value < 0x40000 ? Trait::cjk : Trait::ordinary;
    for (const auto& range : trait_ranges)
        if (value >= range.first && value <= range.last) return range.trait;
    return Trait::ordinary;
}

CodePoint code_point_before(std::string_view text, std::size_t at) {
    if (at == 0) return {};
    if (const auto last = static_cast<unsigned char>(text[at - 1]); last < 0x80) return {last, 1, Trait::ordinary};
    for (std::size_t back = 1; back <= 4 && back <= at; ++back) {
        if (continues(text, at - back)) continue;
        const CodePoint found = code_point_at(text, at - back);
        if (found.size == back) return found;
        break;
    }
    return {static_cast<unsigned char>(text[at - 1]), 1, Trait::broken};
}

std::size_t next_beyond_ascii(std::string_view text, std::size_t at) {
    constexpr std::uint64_t high = 0x8080808080808080U;
    const auto word = [&](std::size_t i) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, text.data() + at + i, 8);
        return bytes;
    };
    if (at + 8 <= text.size() && (word(0) & high) != 0) return at + first_high(word(0) & high);
    // 64 bytes a step: the compiler makes vectors of it.
    for (; at + 64 <= text.size(); at += 64) {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < 64; i += 8) all |= word(i);
        if ((all & high) != 0) break;
    }
    for (; at + 8 <= text.size(); at += 8)
        if ((word(0) & high) != 0) return at + first_high(word(0) & high);
    while (at < text.size() && (text[at] & 0x80) == 0) ++at;
    return at;
}

std::size_t next_notable(std::string_view text, std::size_t at) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    const std::size_t size = text.size();
    while (at + 3 <= size) {
        const std::uint32_t first = bytes[at];
        if (first < 0x80) {
            ++at; // most often one space
            if (bytes[at] < 0x80) at = next_beyond_ascii(text, at);
        } else if (first >= 0xE0 && first < 0xF0) {
            const std::uint32_t second = bytes[at + 1] ^ 0x80U, third = bytes[at + 2] ^ 0x80U;
            const std::uint32_t value = (first & 0x0F) << 12 | second << 6 | third;
            if ((second | third) >= 0x40 || value < 0x800 || trait_table[value] >= Trait::look_alike) return at;
            at += 3;
        } else if (first >= 0xC2 && first < 0xE0) {
            const std::uint32_t second = bytes[at + 1] ^ 0x80U;
            if (second >= 0x40 || trait_table[(first & 0x1F) << 6 | second] >= Trait::look_alike) return at;
            at += 2;
        } else {
            return at;
        }
    }
    return next_beyond_ascii(text, at);
}

std::size_t past_letters(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const std::uint32_t first = static_cast<unsigned char>(text[at]);
        if (first < 0x80) break;
        if (first < 0xE0 && first >= 0xC2 &&
            at + 1 < text.size()) { // Greek and Cyrillic, which have most of the look-alikes
            const std::uint32_t second = static_cast<unsigned char>(text[at + 1]) ^ 0x80U;
            if (second >= 0x40 || !is_letter(trait_table[(first & 0x1F) << 6 | second])) break;
            at += 2;
            continue;
        }
        const CodePoint c = code_point_at(text, at);
        if (!is_letter(c.trait)) break;
        at += c.size;
    }
    return at;
}

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
