// Sets of places of a text as sorted intervals that do not touch. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace sallyport::content {

struct Interval {
    std::uint32_t begin = 0, end = 0;
    std::uint32_t size() const { return end - begin; }
    bool operator==(const Interval&) const = default;
};

// Sorts, and joins what overlaps or touches.
void join(std::vector<Interval>& intervals);
// Appends what of `whole` is in none of `joined`, in order.
void subtract(Interval whole, const std::vector<Interval>& joined, std::vector<Interval>& out);

struct Owned {
    Interval place;
    std::uint32_t owner = 0;
};
// Where at least `owners_min` different owners have a place; joined.
std::vector<Interval> shared_by(const std::vector<Owned>& owned, std::uint32_t owners_min);

} // namespace sallyport::content
