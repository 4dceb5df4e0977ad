#include "repo/customers.h"

#include "base/text.h"

#include <algorithm>

namespace sallyport::repo {

namespace {

constexpr std::size_t gap_bytes_max = 32; // between words of a name: a line end and what begins the next line

constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::uint64_t size_bit(std::size_t size) { return std::uint64_t{1} << std::min<std::size_t>(size, 63); }

// The word at or behind `at`; empty at the end of the text.
std::string_view word_from(std::string_view text, std::size_t at) {
    while (at < text.size() && !is_letter(text[at])) ++at;
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    return text.substr(at, end - at);
}

std::size_t offset_of(std::string_view word, std::string_view text) {
    return static_cast<std::size_t>(word.data() - text.data());
}

} // namespace

CustomerNames::CustomerNames(std::span<const std::string> names) : count_(names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::vector<std::string> words;
        std::string joined;
        for (std::string_view word = word_from(names[i], 0); !word.empty();
             word = word_from(names[i], offset_of(word, names[i]) + word.size())) {
            words.push_back(to_lower(word));
            joined += words.back();
        }
        if (words.empty()) continue;
        for (const std::string& first : {words.front(), joined})
            sizes_[static_cast<unsigned char>(first.front())] |= size_bit(first.size());
        by_first_word_[words.front()].push_back({{words.begin() + 1, words.end()}, i});
        if (words.size() > 1) by_first_word_[joined].push_back({{}, i});
    }
}

bool CustomerNames::follows(std::string_view text, std::size_t at, const Name& name) const {
    return std::ranges::all_of(name.more, [&](const std::string& wanted) {
        const std::string_view word = word_from(text, at);
        const std::string_view gap = text.substr(at, word.empty() ? 0 : offset_of(word, text) - at);
        if (gap.size() > gap_bytes_max || gap.find_first_not_of(" \t\r\n-_./*#&") != std::string_view::npos)
            return false;
        at = word.empty() ? at : offset_of(word, text) + word.size();
        return equals_ignoring_case(word, wanted);
    });
}

std::vector<CustomerNames::Found> CustomerNames::find(std::string_view text) const {
    std::vector<Found> found;
    if (by_first_word_.empty()) return found;
    std::vector<bool> seen(count_);
    std::string lower;
    for (std::string_view word = word_from(text, 0); !word.empty();
         word = word_from(text, offset_of(word, text) + word.size())) {
        if ((sizes_[static_cast<unsigned char>(ascii_lower(word.front()))] & size_bit(word.size())) == 0) continue;
        lower.assign(word);
        std::ranges::transform(lower, lower.begin(), ascii_lower);
        const auto known = by_first_word_.find(lower);
        if (known == by_first_word_.end()) continue;
        const std::size_t begin = offset_of(word, text);
        for (const Name& name : known->second) {
            if (seen[name.index] || !follows(text, begin + word.size(), name)) continue;
            seen[name.index] = true;
            found.push_back({name.index, begin});
        }
    }
    return found;
}

} // namespace sallyport::repo
