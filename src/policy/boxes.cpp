#include "policy/boxes.h"

#include <algorithm>
#include <bit>

namespace sallyport::policy {

Bits::Bits(std::size_t size, bool all) : words_((size + 63) / 64, all ? ~std::uint64_t{0} : 0) {
    if (all && size % 64 != 0) words_.back() = (std::uint64_t{1} << (size % 64)) - 1;
}

bool Bits::any() const {
    return std::ranges::any_of(words_, [](std::uint64_t word) { return word != 0; });
}

bool Bits::meets(const Bits& other) const {
    for (std::size_t i = 0; i < words_.size(); ++i)
        if ((words_[i] & other.words_[i]) != 0) return true;
    return false;
}

std::size_t Bits::first() const {
    std::size_t i = 0;
    while (words_[i] == 0) ++i;
    return i * 64 + static_cast<std::size_t>(std::countr_zero(words_[i]));
}

std::size_t Bits::count() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
}

Bits& Bits::operator&=(const Bits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
}

Bits& Bits::operator|=(const Bits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
}

Bits& Bits::remove(const Bits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
    return *this;
}

bool Box::empty() const {
    return std::ranges::any_of(plain, [](const Bits& bits) { return !bits.any(); }) ||
           std::ranges::any_of(meets, [&](const Bits& some) { return !some.meets(within); });
}

void Box::narrow(const Box& other) {
    for (std::size_t d = 0; d < dimension_count; ++d) plain[d] &= other.plain[d];
    within &= other.within;
    for (const Bits& some : other.meets)
        if (std::ranges::find(meets, some) == meets.end()) meets.push_back(some);
}

bool Box::intersects(const Box& other) const {
    for (std::size_t d = 0; d < dimension_count; ++d)
        if (!plain[d].meets(other.plain[d])) return false;
    if (meets.empty() && other.meets.empty()) return true;
    Bits both = within;
    both &= other.within;
    for (const auto* list : {&meets, &other.meets})
        for (const Bits& some : *list)
            if (!some.meets(both)) return false;
    return true;
}

// Cuts off, side by side, what of the box lies outside of the first one that it meets; what is left lies inside and is gone.
bool each_remainder(Box box, std::span<const Box* const> minus, Effort& effort,
                    const std::function<bool(const Box&)>& found) {
    while (!minus.empty() && !box.intersects(*minus.front())) {
        if (!effort.take()) return false;
        minus = minus.subspan(1);
    }
    if (!effort.take()) return false;
    if (minus.empty()) return found(box);
    const Box& cut = *minus.front();
    minus = minus.subspan(1);
    const auto outside = [&](auto&& narrow) {
        Box piece = box;
        narrow(piece);
        return piece.empty() || each_remainder(std::move(piece), minus, effort, found);
    };
    for (std::size_t d = 0; d < dimension_count; ++d) {
        if (!outside([&](Box& piece) { piece.plain[d].remove(cut.plain[d]); })) return false;
        box.plain[d] &= cut.plain[d];
    }
    Bits beyond = box.within;
    beyond.remove(cut.within);
    if (beyond.any() && !outside([&](Box& piece) { piece.meets.push_back(beyond); })) return false;
    box.within &= cut.within;
    for (const Bits& some : cut.meets) {
        if (!outside([&](Box& piece) { piece.within.remove(some); })) return false;
        if (std::ranges::find(box.meets, some) == box.meets.end()) box.meets.push_back(some);
    }
    return true;
}

} // namespace sallyport::policy
