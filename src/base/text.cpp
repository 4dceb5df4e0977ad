#include "base/text.h"

#include <algorithm>

namespace sallyport {

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), ascii_lower);
    return lower;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Two backtrack points, one for the last `*` and one for the last `**`: a `*` that ran into a '/' falls back to the `**`.
bool glob_matches(std::string_view pattern, std::string_view text) {
    constexpr auto none = std::string_view::npos;
    std::size_t p = 0, t = 0;
    std::size_t star_p = none, star_t = 0;         // after a `*`, and how far it reaches
    std::size_t globstar_p = none, globstar_t = 0; // after a `**`
    while (true) {
        if (p < pattern.size() && pattern[p] == '*') {
            if (p + 1 < pattern.size() && pattern[p + 1] == '*') {
                p += 2;
                globstar_p = p;
                globstar_t = t;
                star_p = none;
            } else {
                ++p;
                star_p = p;
                star_t = t;
            }
            continue;
        }
        if (t == text.size() && p == pattern.size()) return true;
        if (t < text.size() && p < pattern.size() && (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'))) {
            ++p;
            ++t;
            continue;
        }
        if (star_p != none && star_t < text.size() && text[star_t] != '/') {
            t = ++star_t;
            p = star_p;
        } else if (globstar_p != none && globstar_t < text.size()) {
            t = ++globstar_t;
            p = globstar_p;
            star_p = none;
        } else {
            return false;
        }
    }
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    std::size_t best_distance = word.size() / 3 + 2; // "serer" is near "server", "x" is near nothing
    std::vector<std::size_t> row;
    for (const auto candidate : candidates) {
        row.resize(candidate.size() + 1);
        for (std::size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
        for (std::size_t i = 1; i <= word.size(); ++i) {
            std::size_t diagonal = row[0];
            row[0] = i;
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                const std::size_t substitute =
                    diagonal + (ascii_lower(word[i - 1]) == ascii_lower(candidate[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
            }
        }
        if (row.back() < best_distance && row.back() < candidate.size()) {
            best = candidate;
            best_distance = row.back();
        }
    }
    return std::string(best);
}

} // namespace sallyport
