// Decides by a look at the bytes whether an event of an answer is worth parsing. Inside this folder only.
//
// Most events are text deltas that carry nothing of interest. A key that matters begins with a quote and one of a few letters;
// those pairs are looked for 32 bytes at a time, so that a delta of 250 bytes costs some 20 ns. A key written with escapes is
// missed: vendors do not, and what is missed is a number in the ledger, never a judgement.
#pragma once

#include "json/scan.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sallyport::dialect {

// Whether what follows the key is a value other than null.
inline bool has_value(std::string_view behind_key) {
    std::size_t i = 0;
    while (i < behind_key.size() && (behind_key[i] == ' ' || behind_key[i] == ':')) ++i;
    return !behind_key.substr(i).starts_with("null");
}

// Whether one of `words` stands in `data` as a whole string in quotes, and is not the key of a null. `initials` holds the first
// letters of all words.
inline bool mentions(std::string_view data, std::string_view initials, std::span<const std::string_view> words) {
    const auto match_at = [&](std::size_t quote) {
        const std::string_view rest = data.substr(quote + 1);
        for (const std::string_view word : words)
            if (rest.size() > word.size() && rest[word.size()] == '"' && rest.starts_with(word))
                return has_value(rest.substr(word.size() + 1));
        return false;
    };
    const auto match_in = [&](const char* block, std::size_t offset) {
        std::uint32_t second = 0;
        for (const char initial : initials) second |= json::byte_mask(block + 1, initial);
        for (std::uint32_t hits = second & json::byte_mask(block, '"'); hits != 0; hits &= hits - 1)
            if (match_at(offset + std::countr_zero(hits))) return true;
        return false;
    };
    // A look covers a block and one byte more. Nothing says that one may read behind `data`: the last look begins early enough
    // to end with it, and what is too short for one is copied.
    constexpr std::size_t looked_at = json::scan_width + 1;
    if (data.empty()) return false;
    if (data.size() < looked_at) {
        char padded[looked_at] = {};
        std::memcpy(padded, data.data(), data.size());
        return match_in(padded, 0);
    }
    std::size_t at = 0;
    for (; data.size() - at >= looked_at; at += json::scan_width)
        if (match_in(data.data() + at, at)) return true;
    at = data.size() - looked_at;
    return match_in(data.data() + at, at);
}

} // namespace sallyport::dialect
