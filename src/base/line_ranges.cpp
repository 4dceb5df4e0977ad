#include "base/line_ranges.h"

#include <algorithm>
#include <charconv>
#include <ranges>

namespace sallyport {

LineRanges line_ranges(std::string_view text) {
    LineRanges all, merged;
    for (const auto part : std::views::split(text, ',')) {
        const std::string_view one(part);
        std::uint32_t first = 0, last = 0;
        const auto [dash, error] = std::from_chars(one.data(), one.data() + one.size(), first);
        if (error != std::errc() || dash == one.data() + one.size() || *dash != '-') continue;
        const auto [end, other] = std::from_chars(dash + 1, one.data() + one.size(), last);
        if (other == std::errc() && end == one.data() + one.size() && first <= last) all.emplace_back(first, last);
    }
    std::ranges::sort(all);
    for (const auto& [first, last] : all) {
        if (!merged.empty() && first <= std::uint64_t{merged.back().second} + 1)
            merged.back().second = std::max(merged.back().second, last);
        else
            merged.emplace_back(first, last);
    }
    return merged;
}

std::string text_of(const LineRanges& ranges) {
    std::string text;
    for (const auto& [first, last] : ranges)
        text += (text.empty() ? "" : ",") + std::to_string(first) + "-" + std::to_string(last);
    return text;
}

} // namespace sallyport
