#include "content/intervals.h"

#include <algorithm>
#include <map>

namespace sallyport::content {

void join(std::vector<Interval>& intervals) {
    std::ranges::sort(intervals, {}, &Interval::begin);
    std::size_t kept = 0;
    for (const Interval& one : intervals) {
        if (one.begin >= one.end) continue;
        if (kept > 0 && one.begin <= intervals[kept - 1].end)
            intervals[kept - 1].end = std::max(intervals[kept - 1].end, one.end);
        else
            intervals[kept++] = one;
    }
    intervals.resize(kept);
}

void subtract(Interval whole, const std::vector<Interval>& joined, std::vector<Interval>& out) {
    auto next = std::ranges::upper_bound(joined, whole.begin, {}, &Interval::end);
    for (; next != joined.end() && next->begin < whole.end; ++next) {
        if (next->begin > whole.begin) out.push_back({whole.begin, next->begin});
        whole.begin = std::max(whole.begin, next->end);
    }
    if (whole.begin < whole.end) out.push_back(whole);
}

std::vector<Interval> shared_by(const std::vector<Owned>& owned, std::uint32_t owners_min) {
    std::map<std::uint32_t, std::vector<Interval>> by_owner;
    for (const Owned& one : owned) by_owner[one.owner].push_back(one.place);
    std::vector<Interval> shared;
    if (by_owner.size() < owners_min) return shared;
    std::vector<std::pair<std::uint32_t, int>> edges;
    for (auto& [owner, places] : by_owner) {
        join(places);
        for (const Interval& place : places) {
            edges.emplace_back(place.begin, 1);
            edges.emplace_back(place.end, -1);
        }
    }
    std::ranges::sort(edges);
    std::uint32_t owners = 0, begin = 0;
    for (const auto& [at, change] : edges) {
        const bool before = owners >= owners_min;
        owners += static_cast<std::uint32_t>(change);
        const bool after = owners >= owners_min;
        if (!before && after) begin = at;
        if (before && !after) shared.push_back({begin, at});
    }
    join(shared);
    return shared;
}

} // namespace sallyport::content
