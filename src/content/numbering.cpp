#include "content/numbering.h"

#include <cstring>

namespace sallyport::content {

namespace {

constexpr std::size_t digits_max = 7;         // of a line number
constexpr std::size_t spaces_before_max = 16; // what pads it

enum class Separator : std::uint8_t { none, arrow, ascii_arrow, tab, colon, bar };

struct Number {
    std::uint32_t value = 0;
    Separator separator = Separator::none;
    LeftOut place;
};

Separator separator_at(std::string_view rest, std::size_t& bytes) {
    bytes = 1;
    if (rest.empty()) return Separator::none;
    if (rest[0] == '\t') return Separator::tab;
    if (rest[0] == ':') return Separator::colon;
    if (rest[0] == '|') return Separator::bar;
    if (rest.starts_with("->")) return bytes = 2, Separator::ascii_arrow;
    if (rest.starts_with("\u2192")) return bytes = 3, Separator::arrow;
    return Separator::none;
}

Number number_at(std::string_view text, std::size_t line) {
    std::size_t at = line;
    while (at < text.size() && at - line < spaces_before_max && text[at] == ' ') ++at;
    Number number;
    const std::size_t first = at;
    for (; at < text.size() && at - first < digits_max && text[at] >= '0' && text[at] <= '9'; ++at)
        number.value = number.value * 10 + static_cast<std::uint32_t>(text[at] - '0');
    if (at == first) return number;
    std::size_t bytes = 0;
    number.separator = separator_at(text.substr(at), bytes);
    number.place = {static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(at + bytes)};
    return number;
}

} // namespace

void find_numbering(std::string_view text, std::vector<LeftOut>& out) {
    Number last;
    bool last_is_out = false;
    for (std::size_t line = 0; line < text.size();) {
        const char first = text[line];
        const Number number = first == ' ' || (first >= '0' && first <= '9') ? number_at(text, line) : Number{};
        const bool follows =
            number.separator != Separator::none && number.separator == last.separator && number.value == last.value + 1;
        if (follows && !last_is_out) out.push_back(last.place);
        if (follows) out.push_back(number.place);
        last_is_out = follows;
        last = number;
        const void* end = std::memchr(text.data() + line, '\n', text.size() - line);
        if (end == nullptr) break;
        line = static_cast<std::size_t>(static_cast<const char*>(end) - text.data()) + 1;
    }
}

} // namespace sallyport::content
