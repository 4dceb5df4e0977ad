// What a text without its hidden characters is.
#include "content/hidden_marks.h"

#include <array>

namespace sallyport::content {
namespace {

constexpr std::string_view unknown = "\uFFFD";

constexpr auto ascii = [] {
    std::array<char, 128> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i);
    return all;
}();

std::string_view looks_like(char32_t value) {
    const char c = ascii_like(value);
    return c == 0 ? unknown : std::string_view(&ascii[static_cast<unsigned char>(c)], 1);
}

bool is_as_wide_as_a_space(char32_t filler) { return filler == 0x3164 || filler == 0xFFA0 || filler == 0x2800; }

std::string_view plain(HiddenRule rule, char32_t value) {
    switch (rule) {
    case HiddenRule::zero_width:
    case HiddenRule::tags:
    case HiddenRule::variation_selectors:
    case HiddenRule::bidi: return "";
    case HiddenRule::filler: return is_as_wide_as_a_space(value) ? " " : "";
    case HiddenRule::odd_space: return " ";
    case HiddenRule::look_alike_letter:
    case HiddenRule::look_alike_apostrophe:
    case HiddenRule::look_alike_punctuation: return looks_like(value);
    case HiddenRule::private_use:
    case HiddenRule::lone_surrogate:
    case HiddenRule::broken_utf8: return unknown;
    }
    return unknown;
}

} // namespace

void find_plain_form(std::string_view text, HiddenRule rule, std::vector<PlainCharacter>& out) {
    std::vector<Mark> marks;
    collect_marks(text, marks);
    std::erase_if(marks, [&](const Mark& one) { return one.rule != rule; });
    if (rule == HiddenRule::look_alike_letter) marks = letters_of(text, marks);
    for (const Mark& one : marks) out.push_back({one.begin, one.end, plain(rule, one.value)});
}

} // namespace sallyport::content
