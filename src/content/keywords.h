// The keyword gate of secret rules: which of many words stand in a text, whatever their case (ASCII). Words are lower case.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

// One word in a text; no table, for the few rules that something else has found already.
bool holds_keyword(std::string_view text, std::string_view word);

// All words in one pass (Aho and Corasick 1975). Immutable after construction; thread-safe.
class KeywordSet {
public:
    // words[i] belongs to owner[i]; an owner may have several words. None may be empty.
    KeywordSet(std::span<const std::string> words, std::span<const std::uint32_t> owners);
    // Sets seen[owner] for every owner of which a word stands in the text. Does not allocate.
    void mark(std::string_view text, std::span<bool> seen) const;

private:
    std::uint32_t child(std::uint32_t state, unsigned char letter);
    void link();

    std::vector<std::uint32_t> next_;                // state x letter -> state
    std::vector<std::vector<std::uint32_t>> owners_; // of the words that end in a state
    unsigned char letter_of_[256] = {};              // the alphabet of the words; 0: in none of them
    std::uint32_t letters_ = 1;
};

} // namespace sallyport::content
