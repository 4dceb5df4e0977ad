// What values have in common that should be the same: constant text, and holes where they differ by themselves (an id, a time). A hole
// keeps the alphabet and the length of what was seen in it, so that a change within noise is told from noise; what stands outside the
// holes has to be there as it was. Pure; immutable once made.
//
// Texts are compared by tokens (runs of ASCII letters and digits; each other character is one), by the shortest edit script (Myers, "An
// O(ND) Difference Algorithm", 1986), bounded: two texts with too little in common are one hole.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct Deviation {
    std::string before, after; // bytes; of a hole that does not fit, `before` tells what is usual there
    std::size_t offset = 0;    // of `after` in the value
    std::size_t item = 0;      // of the template
    bool in_hole = false;
    // What makes two deviations the same.
    bool operator==(const Deviation& other) const {
        return item == other.item && before == other.before && in_hole == other.in_hole &&
               (in_hole || after == other.after);
    }
};

class TextTemplate {
public:
    static TextTemplate of(std::span<const std::string_view> values);
    bool is_constant() const { return constant_; }
    // Nothing: it is one more of them. `contents`: what stood in each hole then, in their order.
    std::vector<Deviation> compare(std::string_view value, std::vector<std::string>* contents = nullptr) const;
    std::size_t holes() const;

private:
    struct Item {
        std::string text; // of a constant
        bool hole = false;
        std::size_t shortest = 0, longest = 0, samples = 0;
        std::uint32_t alphabet = 0;
    };
    struct Gap;
    std::vector<Gap> gaps(const std::vector<std::string_view>& tokens) const;
    void merge(std::string_view value);
    static void add_sample(Item& hole, std::string_view text);
    static bool fits(const Item& hole, std::string_view text);
    static std::string usual(const Item& hole);
    void judge(const Gap& gap, const std::vector<std::string_view>& tokens, std::string_view value,
               std::vector<Deviation>& out, std::vector<std::string>* contents) const;

    std::vector<Item> items_;
    std::size_t samples_ = 0;
    bool constant_ = true;
};

std::vector<std::string_view> tokens_of(std::string_view text);
// Bits of what characters a text has; words for them.
std::uint32_t alphabet_of(std::string_view text);
std::string alphabet_words(std::uint32_t alphabet);

} // namespace sallyport::lab
