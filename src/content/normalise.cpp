#include "content/normalise.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport::content {

namespace {

// 0: left out.
constexpr std::array<char, 256> kept = [] {
    std::array<char, 256> table{};
    for (int c = 0; c < 256; ++c) {
        const bool is_upper = c >= 'A' && c <= 'Z';
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
        if (is_upper || is_word) table[static_cast<std::size_t>(c)] = static_cast<char>(is_upper ? c | 0x20 : c);
    }
    return table;
}();

struct Number {
    std::uint32_t value = 0;
    std::size_t bytes = 0; // with what stands around it; 0: there is none
};

// "   12->" at the start of a line.
Number number_at(std::string_view line) {
    constexpr std::size_t digits_max = 7;
    const std::size_t first = line.find_first_not_of(' ');
    if (first == std::string_view::npos || first > 8) return {};
    Number found;
    const char* const begin = line.data() + first;
    const auto [end, error] = std::from_chars(begin, begin + std::min(digits_max, line.size() - first), found.value);
    if (error != std::errc()) return {};
    const std::string_view behind = line.substr(static_cast<std::size_t>(end - line.data()));
    std::size_t mark = 0;
    for (const std::string_view one :
         {"\xE2\x86\x92", "->", "\t", ": ", ":", "|", "-"}) // grep -n and -C write the last three
        if (behind.starts_with(one)) {
            mark = one.size();
            break;
        }
    if (mark == 0) return {};
    found.bytes = static_cast<std::size_t>(end - line.data()) + mark;
    return found;
}

std::size_t end_of_line(std::string_view text, std::size_t at) { return std::min(text.find('\n', at), text.size()); }

// Goes over the lines of a text, and says how much of each is its number.
class LineStarts {
public:
    explicit LineStarts(std::string_view text) : text_(text) {}
    std::size_t number_bytes(std::size_t begin, std::size_t end) {
        const Number here = begin == next_begin_ ? next_ : number_at(text_.substr(begin, end - begin));
        next_begin_ = end + 1;
        next_ =
            end + 1 < text_.size() ? number_at(text_.substr(end + 1, end_of_line(text_, end + 1) - end - 1)) : Number{};
        const bool follows = here.bytes != 0 && numbered_ && here.value > before_;
        const bool leads = here.bytes != 0 && next_.bytes != 0 && next_.value > here.value;
        numbered_ = follows || leads;
        before_ = here.value;
        return numbered_ ? here.bytes : 0;
    }

private:
    std::string_view text_;
    Number next_;
    std::size_t next_begin_ = std::string_view::npos;
    std::uint32_t before_ = 0;
    bool numbered_ = false;
};

} // namespace

void normalise(std::string_view text, LineNumbers numbers, Normalised& out) {
    out.text.resize(text.size());
    out.offsets.resize(text.size());
    char* const to = out.text.data();
    std::uint32_t* const offsets = out.offsets.data();
    std::size_t count = 0;
    const auto add = [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end;
             ++i) { // without a branch: every byte is written, only those kept are counted
            const char c = kept[static_cast<unsigned char>(text[i])];
            to[count] = c;
            offsets[count] = static_cast<std::uint32_t>(i);
            count += static_cast<std::size_t>(c != 0);
        }
    };
    const Number first = numbers == LineNumbers::leave_out ? number_at(text.substr(0, 16)) : Number{};
    const bool may_be_numbered =
        numbers == LineNumbers::leave_out && (first.bytes != 0 || text.find("\n") != std::string_view::npos);
    if (!may_be_numbered) {
        add(0, text.size());
    } else {
        LineStarts starts(text);
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = end_of_line(text, at);
            add(at + starts.number_bytes(at, end), end);
            at = end + 1;
        }
    }
    out.text.resize(count);
    out.offsets.resize(count);
}

void normalise_lines(std::string_view text, std::string& out) {
    out.resize(text.size());
    std::size_t count = 0;
    for (const char c : text) {
        const char to = c == '\n' ? c : kept[static_cast<unsigned char>(c)];
        out[count] = to;
        count += static_cast<std::size_t>(to != 0);
    }
    out.resize(count);
}

} // namespace sallyport::content
