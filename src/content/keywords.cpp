#include "content/keywords.h"

#include "base/text.h"

#include <algorithm>
#include <cstring>

namespace sallyport::content {

namespace {

constexpr std::uint32_t unset = 0xFFFFFFFF;

bool equals_lower(const char* text, std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i)
        if (ascii_lower(text[i]) != word[i]) return false;
    return true;
}

// Whether `word` stands in the text with `first` as its first byte as written.
bool holds_from(std::string_view text, std::string_view word, char first) {
    if (text.size() < word.size()) return false;
    const char* at = text.data();
    const char* const end = text.data() + text.size() - word.size() + 1;
    while (at < end && (at = static_cast<const char*>(std::memchr(at, first, end - at))) != nullptr) {
        if (equals_lower(at, word)) return true;
        ++at;
    }
    return false;
}

} // namespace

bool holds_keyword(std::string_view text, std::string_view word) {
    const char lower = word.front();
    if (holds_from(text, word, lower)) return true;
    return lower >= 'a' && lower <= 'z' && holds_from(text, word, static_cast<char>(lower - 32));
}

KeywordSet::KeywordSet(std::span<const std::string> words, std::span<const std::uint32_t> owners) {
    for (const auto& word : words)
        for (const char c : word) {
            auto& letter = letter_of_[static_cast<unsigned char>(c)];
            if (letter == 0) letter = static_cast<unsigned char>(letters_++);
        }
    for (unsigned char c = 'A'; c <= 'Z'; ++c) letter_of_[c] = letter_of_[c + 32];
    next_.assign(letters_, unset);
    owners_.emplace_back();
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::uint32_t state = 0;
        for (const char c : words[i]) state = child(state, letter_of_[static_cast<unsigned char>(c)]);
        owners_[state].push_back(owners[i]);
    }
    link();
}

std::uint32_t KeywordSet::child(std::uint32_t state, unsigned char letter) {
    const auto at = state * letters_ + letter;
    if (next_[at] == unset) {
        next_[at] = static_cast<std::uint32_t>(owners_.size());
        owners_.emplace_back();
        next_.resize(next_.size() + letters_, unset);
    }
    return next_[at];
}

// Breadth first: the longest proper ending of a state that is a state too gives it its missing steps and further words.
void KeywordSet::link() {
    std::vector<std::uint32_t> ending(owners_.size(), 0), queue;
    for (std::uint32_t letter = 0; letter < letters_; ++letter) {
        if (next_[letter] == unset)
            next_[letter] = 0;
        else
            queue.push_back(next_[letter]);
    }
    for (std::size_t i = 0; i < queue.size(); ++i) {
        const auto state = queue[i];
        const auto& inherited = owners_[ending[state]];
        owners_[state].insert(owners_[state].end(), inherited.begin(), inherited.end());
        for (std::uint32_t letter = 0; letter < letters_; ++letter) {
            auto& to = next_[state * letters_ + letter];
            const auto shorter = next_[ending[state] * letters_ + letter];
            if (to == unset)
                to = shorter;
            else {
                ending[to] = shorter;
                queue.push_back(to);
            }
        }
    }
}

void KeywordSet::mark(std::string_view text, std::span<bool> seen) const {
    std::uint32_t state = 0;
    for (const char c : text) {
        state = next_[state * letters_ + letter_of_[static_cast<unsigned char>(c)]];
        for (const auto owner : owners_[state]) seen[owner] = true;
    }
}

} // namespace sallyport::content
