#include "content/winnow.h"

#include <algorithm>
#include <array>

namespace sallyport::content {

namespace {

constexpr std::uint64_t base = 0x9E37'79B9'7F4A'7C15; // odd: what is shifted out is exactly what was put in

constexpr std::uint64_t power(std::size_t exponent) {
    std::uint64_t value = 1;
    while (exponent-- > 0) value *= base;
    return value;
}

// By byte: how it enters, and how it leaves after a gram.
constexpr auto entering = [] {
    std::array<std::uint64_t, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) table[c] = (c + 1) * 0xD6E8'FEB8'6659'FD93;
    return table;
}();
constexpr auto leaving = [] {
    auto table = entering;
    for (auto& value : table) value *= power(gram_bytes);
    return table;
}();

// The rolling sum is weak in its low bits; order and look-up need all of them (Stafford's mix 13, as in splitmix64).
constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
}

} // namespace

void winnow(std::string_view text, std::size_t window, std::vector<Fingerprint>& out) {
    out.clear();
    if (text.size() < gram_bytes) return;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t grams = text.size() - gram_bytes + 1;
    window = std::min(window, grams);
    std::array<std::uint64_t, wide_window> ring{}; // hashes of the last `window` grams
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < gram_bytes; ++i) sum = sum * base + entering[byte(i)];
    std::size_t least = 0; // the gram that was chosen last
    std::uint64_t least_hash = ~std::uint64_t{0};
    std::size_t slot = 0;
    for (std::size_t g = 0; g < grams; ++g) {
        if (g > 0) sum = sum * base + entering[byte(g + gram_bytes - 1)] - leaving[byte(g - 1)];
        const std::uint64_t hash = mixed(sum);
        ring[slot] = hash;
        slot = slot + 1 == window ? 0 : slot + 1;
        bool chosen = false;
        if (hash <= least_hash) {
            least = g;
            least_hash = hash;
            chosen = true;
        } else if (g >= least + window) { // it has left the window: the last of the smallest that are in it
            least_hash = ~std::uint64_t{0};
            for (std::size_t i = 0; i < window; ++i) {
                const std::size_t at = slot + i < window ? slot + i : slot + i - window; // oldest first
                if (ring[at] > least_hash) continue;
                least_hash = ring[at];
                least = g + 1 - window + i;
            }
            chosen = true;
        }
        // Before the first window is full, what is smaller than all before it is no choice yet.
        if (chosen && g + 1 > window) out.push_back({least_hash, static_cast<std::uint32_t>(least)});
        if (g + 1 == window) out.push_back({least_hash, static_cast<std::uint32_t>(least)});
    }
}

} // namespace sallyport::content
