#include "lab/edit_script.h"

#include <algorithm>

namespace sallyport::lab {

namespace {

using Tokens = std::vector<std::string_view>;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

// Positions within [a_begin, a_end) and [b_begin, b_end); nothing where they differ too much.
Pairs middle(const Tokens& a, const Tokens& b, std::size_t a_begin, std::size_t a_end, std::size_t b_begin,
             std::size_t b_end) {
    const auto n = static_cast<std::ptrdiff_t>(a_end - a_begin), m = static_cast<std::ptrdiff_t>(b_end - b_begin);
    Pairs out;
    if (n == 0 || m == 0) return out;
    const std::ptrdiff_t most = std::min<std::ptrdiff_t>(n + m, edits_max);
    std::vector<std::ptrdiff_t> furthest(static_cast<std::size_t>(2 * most + 3), 0);
    const auto at = [&](std::vector<std::ptrdiff_t>& of, std::ptrdiff_t k, std::ptrdiff_t width) -> std::ptrdiff_t& {
        return of[static_cast<std::size_t>(k + width + 1)];
    };
    std::vector<std::vector<std::ptrdiff_t>> trace; // of each d only what it touched
    std::ptrdiff_t d = 0;
    bool reached = false;
    for (; d <= most && !reached; ++d) {
        for (std::ptrdiff_t k = -d; k <= d; k += 2) {
            const bool down = k == -d || (k != d && at(furthest, k - 1, most) < at(furthest, k + 1, most));
            std::ptrdiff_t x = down ? at(furthest, k + 1, most) : at(furthest, k - 1, most) + 1;
            while (x < n && x - k < m && x - k >= 0 &&
                   a[a_begin + static_cast<std::size_t>(x)] == b[b_begin + static_cast<std::size_t>(x - k)])
                ++x;
            at(furthest, k, most) = x;
            if (k == n - m && x >= n) reached = true;
        }
        trace.emplace_back(furthest.begin() + (most + 1 - d), furthest.begin() + (most + 2 + d));
    }
    if (!reached) return out;
    std::ptrdiff_t x = n, y = m;
    for (--d; d >= 0; --d) {
        const std::ptrdiff_t k = x - y;
        std::ptrdiff_t from_x = 0, from_y = 0;
        if (d > 0) {
            const auto& before = trace[static_cast<std::size_t>(d - 1)]; // diagonals -(d-1) … d-1
            const auto value = [&](std::ptrdiff_t diagonal) {
                return diagonal < -(d - 1) || diagonal > d - 1 ? -1
                                                               : before[static_cast<std::size_t>(diagonal + d - 1)];
            };
            const bool down = k == -d || (k != d && value(k - 1) < value(k + 1));
            const std::ptrdiff_t previous = down ? k + 1 : k - 1;
            from_x = value(previous);
            from_y = from_x - previous;
            const std::ptrdiff_t after_x = down ? from_x : from_x + 1;
            for (; x > after_x; --x, --y)
                out.emplace_back(a_begin + static_cast<std::size_t>(x - 1), b_begin + static_cast<std::size_t>(y - 1));
            x = from_x;
            y = from_y;
        } else {
            for (; x > 0 && y > 0; --x, --y)
                out.emplace_back(a_begin + static_cast<std::size_t>(x - 1), b_begin + static_cast<std::size_t>(y - 1));
        }
    }
    std::ranges::reverse(out);
    return out;
}

} // namespace

Pairs common_tokens(const Tokens& a, const Tokens& b) {
    Pairs out;
    std::size_t begin = 0, a_end = a.size(), b_end = b.size();
    for (; begin < a_end && begin < b_end && a[begin] == b[begin]; ++begin) out.emplace_back(begin, begin);
    while (a_end > begin && b_end > begin && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
    const Pairs between = middle(a, b, begin, a_end, begin, b_end);
    out.insert(out.end(), between.begin(), between.end());
    for (; a_end < a.size(); ++a_end, ++b_end) out.emplace_back(a_end, b_end);
    return out;
}

} // namespace sallyport::lab
