// ASCII text: comparison without case (header names), globs (policy patterns), nearest word ("did you mean").
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
    return true;
}
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text); // spaces and tabs

// `*` matches any run of characters except '/', `**` any run, `?` one character except '/'. Linear in text x pattern; no
// allocation.
bool glob_matches(std::string_view pattern, std::string_view text);

// The candidate nearest to `word`, or empty where none is near enough to be a slip of the finger.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

} // namespace sallyport
