#include "lab/text_template.h"

#include "lab/edit_script.h"
#include "lab/look_alikes.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::lab {

namespace {

enum Letters : std::uint32_t {
    digits = 1,
    lower_hex = 2,
    upper_hex = 4,
    lower = 8,
    upper = 16,
    symbols = 32, // of base64 and ids
    blanks = 64,
    punctuation = 128,
    other = 256, // beyond ASCII
    unseen_ones = 512,
};

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::size_t length_at(std::string_view text, std::size_t at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return std::min(length, text.size() - at);
}

std::string joined(const std::vector<std::string_view>& tokens, std::size_t begin, std::size_t end) {
    std::string out;
    for (std::size_t i = begin; i < end; ++i) out += tokens[i];
    return out;
}

} // namespace

std::vector<std::string_view> tokens_of(std::string_view text) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && is_word(text[end])) ++end;
        if (end == at) end += length_at(text, at);
        out.push_back(text.substr(at, end - at));
        at = end;
    }
    return out;
}

std::uint32_t alphabet_of(std::string_view text) {
    std::uint32_t out = 0;
    for (const char32_t c : to_code_points(text)) {
        if (c >= '0' && c <= '9')
            out |= digits;
        else if (c >= 'a' && c <= 'z')
            out |= c <= 'f' ? lower_hex : lower;
        else if (c >= 'A' && c <= 'Z')
            out |= c <= 'F' ? upper_hex : upper;
        else if (c == '-' || c == '_' || c == '+' || c == '/' || c == '=' || c == '.' || c == ':')
            out |= symbols;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            out |= blanks;
        else if (c < 0x80)
            out |= punctuation;
        else
            out |= is_unseen(c) ? unseen_ones : other;
    }
    return out;
}

std::string alphabet_words(std::uint32_t alphabet) {
    std::string out;
    for (const auto& [bit, word] : {std::pair<std::uint32_t, const char*>{digits, "digits"},
                                    {lower_hex, "a-f"},
                                    {upper_hex, "A-F"},
                                    {lower, "g-z"},
                                    {upper, "G-Z"},
                                    {symbols, "- _ + / = . :"},
                                    {blanks, "white space"},
                                    {punctuation, "punctuation"},
                                    {other, "characters beyond ASCII"},
                                    {unseen_ones, "unseen characters"}})
        if ((alphabet & bit) != 0) out += (out.empty() ? "" : ", ") + std::string(word);
    return out.empty() ? "nothing" : out;
}

// Between two constants that both have: items [begin, end) of the template, tokens [first, last) of the value.
struct TextTemplate::Gap {
    std::size_t begin = 0, end = 0, first = 0, last = 0;
};

void TextTemplate::add_sample(Item& hole, std::string_view text) {
    hole.shortest = hole.samples == 0 ? text.size() : std::min(hole.shortest, text.size());
    hole.longest = hole.samples == 0 ? text.size() : std::max(hole.longest, text.size());
    hole.alphabet |= alphabet_of(text);
    ++hole.samples;
}

bool TextTemplate::fits(const Item& hole, std::string_view text) {
    if ((alphabet_of(text) & ~hole.alphabet) != 0) return false;
    const bool fixed = hole.shortest == hole.longest && hole.longest >= 6;
    const std::size_t slack = fixed ? 0 : hole.longest - hole.shortest + 2;
    return text.size() + slack >= hole.shortest && text.size() <= hole.longest + slack;
}

std::string TextTemplate::usual(const Item& hole) {
    return hole.shortest == hole.longest
               ? fmt::format("{} of {}", hole.longest, alphabet_words(hole.alphabet))
               : fmt::format("{} to {} of {}", hole.shortest, hole.longest, alphabet_words(hole.alphabet));
}

std::vector<TextTemplate::Gap> TextTemplate::gaps(const std::vector<std::string_view>& tokens) const {
    std::vector<std::string_view> constants;
    std::vector<std::size_t> where;
    for (std::size_t i = 0; i < items_.size(); ++i)
        if (!items_[i].hole) {
            constants.push_back(items_[i].text);
            where.push_back(i);
        }
    std::vector<Gap> out;
    Gap gap;
    const auto close = [&](std::size_t item, std::size_t token) {
        gap.end = item;
        gap.last = token;
        if (gap.begin < gap.end || gap.first < gap.last) out.push_back(gap);
        gap.begin = item + 1;
        gap.first = token + 1;
    };
    for (const auto& [a, b] : common_tokens(constants, tokens)) close(where[a], b);
    close(items_.size(), tokens.size());
    return out;
}

void TextTemplate::merge(std::string_view value) {
    const std::vector<std::string_view> tokens = tokens_of(value);
    std::vector<Item> merged;
    std::size_t done = 0;
    for (const Gap& gap : gaps(tokens)) {
        merged.insert(merged.end(), items_.begin() + static_cast<std::ptrdiff_t>(done),
                      items_.begin() + static_cast<std::ptrdiff_t>(gap.begin));
        done = gap.end;
        Item hole;
        hole.hole = true;
        // What stood there before: its text, or the bounds of what did.
        for (std::size_t i = gap.begin; i < gap.end; ++i) {
            hole.shortest += items_[i].hole ? items_[i].shortest : items_[i].text.size();
            hole.longest += items_[i].hole ? items_[i].longest : items_[i].text.size();
            hole.alphabet |= items_[i].hole ? items_[i].alphabet : alphabet_of(items_[i].text);
        }
        hole.samples = samples_;
        add_sample(hole, joined(tokens, gap.first, gap.last));
        merged.push_back(std::move(hole));
    }
    merged.insert(merged.end(), items_.begin() + static_cast<std::ptrdiff_t>(done), items_.end());
    constant_ = constant_ && merged.size() == items_.size() && std::ranges::none_of(merged, &Item::hole);
    items_ = std::move(merged);
    ++samples_;
}

TextTemplate TextTemplate::of(std::span<const std::string_view> values) {
    TextTemplate out;
    for (const std::string_view value : values) {
        if (out.samples_ > 0) {
            out.merge(value);
            continue;
        }
        for (const std::string_view token : tokens_of(value)) {
            Item item;
            item.text = token;
            out.items_.push_back(std::move(item));
        }
        out.samples_ = 1;
    }
    return out;
}

std::size_t TextTemplate::holes() const {
    return static_cast<std::size_t>(std::ranges::count(items_, true, &Item::hole));
}

// Items and tokens are paired from both ends as long as they fit; what is left is the change.
void TextTemplate::judge(const Gap& gap, const std::vector<std::string_view>& tokens, std::string_view value,
                         std::vector<Deviation>& out, std::vector<std::string>* contents) const {
    const auto offset_of = [&](std::size_t token) {
        return token < tokens.size() ? static_cast<std::size_t>(tokens[token].data() - value.data()) : value.size();
    };
    if (gap.end == gap.begin + 1 && items_[gap.begin].hole) { // a hole and all that stands in it
        const std::string text = joined(tokens, gap.first, gap.last);
        if (!fits(items_[gap.begin], text))
            out.push_back({usual(items_[gap.begin]), text, offset_of(gap.first), gap.begin, true});
        else if (contents != nullptr)
            contents->push_back(text);
        return;
    }
    std::size_t begin = gap.begin, end = gap.end, first = gap.first, last = gap.last;
    const auto pairs = [&](std::size_t item, std::size_t token) {
        return items_[item].hole ? fits(items_[item], tokens[token]) : items_[item].text == tokens[token];
    };
    while (begin < end && first < last && pairs(begin, first)) ++begin, ++first;
    while (begin < end && first < last && pairs(end - 1, last - 1)) --end, --last;
    // One for one: several changes of one token each.
    if (end - begin == last - first &&
        std::ranges::none_of(items_.begin() + static_cast<std::ptrdiff_t>(begin),
                             items_.begin() + static_cast<std::ptrdiff_t>(end), &Item::hole)) {
        for (std::size_t i = 0; i < end - begin; ++i)
            if (items_[begin + i].text != tokens[first + i])
                out.push_back(
                    {items_[begin + i].text, std::string(tokens[first + i]), offset_of(first + i), begin + i, false});
        return;
    }
    std::string before;
    for (std::size_t i = begin; i < end; ++i) before += items_[i].hole ? "…" : items_[i].text;
    if (begin == end && first == last) return;
    if (begin + 1 == end && items_[begin].hole) {
        const std::string text = joined(tokens, first, last);
        if (!fits(items_[begin], text)) out.push_back({usual(items_[begin]), text, offset_of(first), begin, true});
        return;
    }
    out.push_back({std::move(before), joined(tokens, first, last), offset_of(first), begin, false});
}

std::vector<Deviation> TextTemplate::compare(std::string_view value, std::vector<std::string>* contents) const {
    std::vector<Deviation> out;
    const std::vector<std::string_view> tokens = tokens_of(value);
    for (const Gap& gap : gaps(tokens)) judge(gap, tokens, value, out, contents);
    return out;
}

} // namespace sallyport::lab
