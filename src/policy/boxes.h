// Sets of requests as boxes: the values that each dimension may take, independently of the others. A rule is one box, what several
// rules leave of it is a few disjoint ones. Exact; nothing is enumerated that no rule tells apart.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sallyport::policy {

// A set of the cells of one dimension.
class Bits {
public:
    Bits() = default;
    explicit Bits(std::size_t size, bool all = false);
    void set(std::size_t i) { words_[i / 64] |= std::uint64_t{1} << (i % 64); }
    bool has(std::size_t i) const { return (words_[i / 64] >> (i % 64) & 1) != 0; }
    bool any() const;
    bool meets(const Bits& other) const;
    std::size_t first() const; // any() must hold
    std::size_t count() const;
    Bits& operator&=(const Bits& other);
    Bits& operator|=(const Bits& other);
    Bits& remove(const Bits& other);
    bool operator==(const Bits&) const = default;

private:
    std::vector<std::uint64_t> words_;
};

// Plain dimensions hold one value a request. `references` too: its cells are the 256 sets of kinds. Of findings, which only tightening
// rules ask for, nothing and each single one is enough: where a set is refused, one of its members is.
enum class Dimension : std::uint8_t { account, client, team, role, model, references, time, finding };
inline constexpr std::size_t dimension_count = 8;

// Plugins are a set of names: it lies within `within`, and has something in common with each of `meets`.
struct Box {
    std::array<Bits, dimension_count> plain;
    Bits within;
    std::vector<Bits> meets;

    Bits& of(Dimension d) { return plain[static_cast<std::size_t>(d)]; }
    const Bits& of(Dimension d) const { return plain[static_cast<std::size_t>(d)]; }
    bool empty() const;
    void narrow(const Box& other);
    bool intersects(const Box& other) const;
};

// How much work a question may be: a few adversarial rules can make it exponential, and then the answer is "not known".
struct Effort {
    std::size_t left = 4'000'000;
    bool spent() const { return left == 0; }
    bool take() {
        if (left == 0) return false;
        --left;
        return true;
    }
};

// What `minus` leaves of `box`, as disjoint boxes that are not empty, until `found` returns false or the effort is spent.
// Returns false where it stopped.
bool each_remainder(Box box, std::span<const Box* const> minus, Effort& effort,
                    const std::function<bool(const Box&)>& found);

} // namespace sallyport::policy
