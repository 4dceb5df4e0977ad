#include "base/version.h"

#include <algorithm>

namespace sallyport {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_identifier(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

struct Parts {
    std::string_view numbers;     // "2.1.330"
    std::string_view pre_release; // "beta.1", empty for a release
};

Parts parts(std::string_view text) {
    if (text.starts_with('v')) text.remove_prefix(1);
    text = text.substr(0, text.find('+'));
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return {text, {}};
    return {text.substr(0, dash), text.substr(dash + 1)};
}

// The text up to the next '.', which is taken away from `rest`.
std::string_view next(std::string_view& rest) {
    const auto dot = rest.find('.');
    const auto part = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    return part;
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    if (a.size() != b.size()) return a.size() <=> b.size();
    return a.compare(b) <=> 0;
}

std::strong_ordering compare_pre_releases(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return a.empty() <=> b.empty(); // a release is above its pre-releases
    while (!a.empty() && !b.empty()) {
        const auto x = next(a), y = next(b);
        const bool x_number = std::ranges::all_of(x, is_digit), y_number = std::ranges::all_of(y, is_digit);
        const auto order = x_number && y_number   ? compare_numbers(x, y)
                           : x_number != y_number ? y_number <=> x_number
                                                  : x.compare(y) <=> 0;
        if (order != 0) return order;
    }
    return !a.empty() <=> !b.empty();
}

// Identifiers separated by single dots, none empty.
bool dotted(std::string_view text, bool (*allowed)(char)) {
    bool empty = true;
    for (const char c : text) {
        if (c == '.' ? empty : !allowed(c)) return false;
        empty = c == '.';
    }
    return !empty;
}

} // namespace

bool is_version(std::string_view text) {
    if (text.size() > version_bytes_max) return false;
    if (text.starts_with('v')) text.remove_prefix(1);
    const auto plus = text.find('+');
    if (plus != std::string_view::npos && !dotted(text.substr(plus + 1), is_identifier)) return false;
    text = text.substr(0, plus);
    const auto dash = text.find('-');
    if (dash != std::string_view::npos && !dotted(text.substr(dash + 1), is_identifier)) return false;
    return dotted(text.substr(0, dash), is_digit);
}

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
    auto x = parts(a), y = parts(b);
    while (!x.numbers.empty() || !y.numbers.empty()) {
        const auto order = compare_numbers(next(x.numbers), next(y.numbers));
        if (order != 0) return order;
    }
    return compare_pre_releases(x.pre_release, y.pre_release);
}

VersionKey::VersionKey(std::string_view version) : text(version) {
    auto rest = parts(version);
    plain = rest.pre_release.empty();
    for (std::size_t i = 0; plain && !rest.numbers.empty(); ++i) {
        const auto part = next(rest.numbers);
        plain = i < numbers.size() && part.size() <= 18;
        for (std::size_t at = 0; plain && at < part.size(); ++at)
            numbers[i] = numbers[i] * 10 + static_cast<std::uint64_t>(part[at] - '0');
    }
}

std::strong_ordering compare_versions(const VersionKey& a, const VersionKey& b) {
    return a.plain && b.plain ? a.numbers <=> b.numbers : compare_versions(a.text, b.text);
}

} // namespace sallyport
