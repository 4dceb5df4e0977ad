// What hidden marks say, and in which words a person is told.
#include "content/hidden_marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::content {
namespace {

constexpr std::size_t code_points_told_max = 12;
constexpr std::size_t rendered_bytes_max = 400;
constexpr std::size_t payload_bytes_max = 256;
constexpr std::size_t bits_min = 8;

constexpr std::array<std::string_view, hidden_rules> channels = {
    "characters without width or ink: bits by which of them stand, or where",
    "text in tag characters, which no font shows",
    "bytes in variation selectors, 256 of them, which no font shows",
    "directions that make a line read otherwise than it is",
    "letters without ink",
    "spaces of other widths: bits by which of them stand",
    "characters whose meaning only sender and receiver know",
    "letters of other alphabets that look like those of ASCII: bits by which of them stand, or a false name",
    "apostrophes that look alike: bits by which of them stands",
    "punctuation that looks like that of ASCII: bits by which of it stands",
    "halves of UTF-16 characters, which stand for nothing",
    "bytes that are no UTF-8",
};

bool is_printable(char c) { return c >= 0x20 && c < 0x7F; }

std::string escaped(std::string_view bytes) {
    std::string out;
    for (const char c : bytes.substr(0, payload_bytes_max))
        out +=
            is_printable(c) && c != '\\' ? std::string(1, c) : fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    if (bytes.size() > payload_bytes_max) out += fmt::format("... ({} bytes)", bytes.size());
    return out;
}

std::string tag_text(const std::vector<Mark>& marks) {
    std::string text;
    for (const Mark& one : marks)
        if (one.value >= 0xE0020 && one.value < 0xE007F) text += static_cast<char>(one.value - 0xE0000);
    return text.size() >= 2 ? text : "";
}

// The first sixteen are one block, the others another: 256 values in all.
std::string selector_bytes(const std::vector<Mark>& marks) {
    std::string bytes;
    for (const Mark& one : marks)
        bytes += static_cast<char>(one.value < 0xE0100 ? one.value - 0xFE00 : one.value - 0xE0100 + 16);
    return bytes.size() >= 2 ? bytes : "";
}

std::string bytes_of_bits(const std::vector<bool>& bits) {
    std::string bytes;
    for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) {
        unsigned byte = 0;
        for (std::size_t k = 0; k < 8; ++k) byte = byte << 1 | static_cast<unsigned>(bits[i + k]);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

// Two characters are the bits, most significant first, whichever way reads better; further ones separate.
std::string zero_width_bits(const std::vector<Mark>& marks) {
    std::vector<std::pair<char32_t, std::size_t>> counts;
    for (const Mark& one : marks) {
        const auto known = std::ranges::find(counts, one.value, &std::pair<char32_t, std::size_t>::first);
        if (known == counts.end())
            counts.emplace_back(one.value, 1);
        else
            ++known->second;
    }
    if (counts.size() < 2) return {};
    std::ranges::sort(counts, std::greater{}, [](const auto& one) { return std::pair(one.second, one.first); });
    const char32_t zero = std::min(counts[0].first, counts[1].first), one = std::max(counts[0].first, counts[1].first);
    std::vector<bool> bits, inverse;
    for (const Mark& mark : marks)
        if (mark.value == zero || mark.value == one) {
            bits.push_back(mark.value == one);
            inverse.push_back(mark.value == zero);
        }
    if (bits.size() < bits_min) return {};
    std::string straight = bytes_of_bits(bits), turned = bytes_of_bits(inverse);
    return std::ranges::count_if(turned, is_printable) > std::ranges::count_if(straight, is_printable) ? turned
                                                                                                       : straight;
}

std::string told_code_points(const std::vector<Mark>& marks) {
    std::string told;
    std::size_t runs = 0;
    for (std::size_t i = 0; i < marks.size();) {
        std::size_t same = 1;
        while (i + same < marks.size() && marks[i + same].value == marks[i].value) ++same;
        if (++runs > code_points_told_max) return told + fmt::format(" and {} more", marks.size() - i);
        if (!told.empty()) told += ", ";
        if (same > 1) told += fmt::format("{} x ", same);
        told += marks[i].rule == HiddenRule::broken_utf8
                    ? fmt::format("byte 0x{:02X}", static_cast<std::uint32_t>(marks[i].value))
                    : code_point_name(marks[i].value);
        i += same;
    }
    return told;
}

std::string rendered(std::string_view span) {
    std::string out;
    for (std::size_t at = 0; at < span.size();) {
        if (out.size() > rendered_bytes_max) return out + "...";
        const CodePoint c = code_point_at(span, at);
        if (c.value < 0x80)
            out += is_printable(span[at]) ? std::string(1, span[at])
                                          : fmt::format("\\x{:02X}", static_cast<unsigned char>(span[at]));
        else if (c.trait == Trait::broken)
            out += fmt::format("<0x{:02X}>", static_cast<std::uint32_t>(c.value));
        else
            out += fmt::format("<U+{:04X}>", static_cast<std::uint32_t>(c.value));
        at += c.size;
    }
    return out;
}

} // namespace

std::vector<Mark> letters_of(std::string_view text, const std::vector<Mark>& words) {
    std::vector<Mark> letters;
    for (const Mark& word : words)
        for (std::uint32_t at = word.begin; at < word.end;) {
            const CodePoint c = code_point_at(text, at);
            if (c.trait == Trait::look_alike) letters.push_back({at, at + c.size, c.value, word.rule, word.confidence});
            at += c.size;
        }
    return letters;
}

std::string payload_of(const std::vector<Mark>& marks, HiddenRule rule) {
    switch (rule) {
    case HiddenRule::tags: return tag_text(marks);
    case HiddenRule::variation_selectors: return selector_bytes(marks);
    case HiddenRule::zero_width: return zero_width_bits(marks);
    default: return {};
    }
}

HiddenDescription describe(std::string_view text, const Found& found) {
    if (found.kind != FindingKind::marker || found.rule >= hidden_rules || found.end > text.size()) return {};
    const auto rule = static_cast<HiddenRule>(found.rule);
    std::vector<Mark> marks;
    collect_marks(text, marks);
    std::erase_if(marks,
                  [&](const Mark& one) { return one.rule != rule || one.begin < found.begin || one.end > found.end; });
    if (rule == HiddenRule::look_alike_letter) marks = letters_of(text, marks);
    return {told_code_points(marks), rendered(text.substr(found.begin, found.end - found.begin)),
            escaped(payload_of(marks, rule)), std::string(channels[found.rule])};
}

} // namespace sallyport::content
