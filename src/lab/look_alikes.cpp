#include "lab/look_alikes.h"

#include "content/code_points.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::lab {

namespace {

using content::Trait;

constexpr std::u32string_view typographic = U"'\"‘’“”"; // what every program for good typography chooses between

std::string list_of(const std::vector<char32_t>& characters) {
    std::string out;
    for (const char32_t c : characters) out += (out.empty() ? "" : ", ") + content::code_point_name(c);
    return out;
}

} // namespace

bool is_unseen(char32_t character) {
    switch (content::trait_of(character)) {
    case Trait::zero_width:
    case Trait::tag:
    case Trait::variation:
    case Trait::bidi:
    case Trait::filler: return true;
    default: return character == 0xAD;
    }
}

int looks_like(char32_t character) {
    if (character == 0) return 0;
    if (character >= 0x20 && character < 0x7F) return character == '`' ? '\'' : static_cast<int>(character);
    if (character < 0x20) return 0;
    if (is_unseen(character)) return unseen;
    const Trait trait = content::trait_of(character);
    if (trait == Trait::space) return ' ';
    if (trait == Trait::quote) return '\'';
    if (trait == Trait::punctuation || trait == Trait::look_alike) return content::ascii_like(character);
    return 0;
}

std::string to_utf8(char32_t c) {
    std::string out;
    if (c < 0x80)
        out += static_cast<char>(c);
    else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
    return out;
}

std::u32string to_code_points(std::string_view text) {
    std::u32string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto c = content::code_point_at(text, at);
        out += c.value;
        at += c.size;
    }
    return out;
}

std::u32string as_seen(std::string_view text) {
    std::u32string out;
    for (const char32_t c : to_code_points(text)) {
        if (is_unseen(c)) continue;
        const int like = looks_like(c);
        out += like == 0 ? c : static_cast<char32_t>(like);
    }
    return out;
}

std::optional<Finding> judge_set(std::vector<char32_t> characters, int like, std::string_view how) {
    std::ranges::sort(characters);
    characters.erase(std::ranges::unique(characters).begin(), characters.end());
    const auto beyond_ascii = std::ranges::count_if(characters, [](char32_t c) { return c >= 0x80; });
    if (characters.size() < 2 || beyond_ascii == 0) return std::nullopt;
    const bool is_typography = std::ranges::all_of(characters, [](char32_t c) { return typographic.contains(c); });
    const bool is_letter = like >= 'A' && content::is_ascii_word(static_cast<char32_t>(like));
    Finding finding;
    finding.kind = Kind::look_alike_choice;
    for (const char32_t c : characters) finding.text += to_utf8(c);
    finding.how = list_of(characters);
    finding.entries = characters.size();
    const bool quiet = like == '\'' || like == '"' || like == unseen || is_letter; // nobody needs three of these
    // Left-to-right and right-to-left marks are chosen between where text runs both ways.
    const auto silent = std::ranges::count_if(
        characters, [](char32_t c) { return is_unseen(c) && content::trait_of(c) != Trait::bidi; });
    if (is_typography || (characters.size() < 3 && silent < 2) || beyond_ascii < 2)
        finding.confidence = Confidence::low;
    else
        finding.confidence = quiet ? Confidence::high : Confidence::medium;
    finding.reasons.push_back(fmt::format("{} of {} characters that look the same{}", how, characters.size(),
                                          like == unseen ? ": none is seen" : ""));
    if (is_typography) finding.reasons.emplace_back("these are the quotation marks of good typography");
    return finding;
}

} // namespace sallyport::lab
