#include "content/winnow.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sallyport::content {

namespace {

constexpr std::size_t block_grams = 4096; // hashed at a time, so that the hashes stay in the first cache

// A number of 64 random bits for each byte (splitmix64), part of the format: other numbers, other fingerprints.
constexpr std::array<std::uint64_t, 256> byte_hash = [] {
    std::array<std::uint64_t, 256> table{};
    std::uint64_t state = 0x5A11'9077'0001ULL;
    for (std::uint64_t& value : table) {
        state += 0x9E37'79B9'7F4A'7C15ULL;
        std::uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EBULL;
        value = z ^ (z >> 31);
    }
    return table;
}();

// The same as it stands in the hash of the next gram, when its byte has left.
constexpr std::array<std::uint64_t, 256> leaving_hash = [] {
    std::array<std::uint64_t, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = std::rotl(byte_hash[i], gram_bytes);
    return table;
}();

// The smallest hashes are small numbers: what is stored must be spread evenly again.
constexpr std::uint64_t spread(std::uint64_t hash) {
    hash *= 0x9E37'79B9'7F4A'7C15ULL;
    hash ^= hash >> 32;
    return hash * 0xD6E8'FEB8'6659'FD93ULL;
}

// Hashes of grams that follow each other: a cyclic polynomial (Cohen 1997), one rotation a byte.
class Grams {
public:
    explicit Grams(std::string_view text) : bytes_(reinterpret_cast<const unsigned char*>(text.data())) {
        for (std::size_t i = 0; i + 1 < gram_bytes; ++i) hash_ = std::rotl(hash_, 1) ^ byte_hash[bytes_[i]];
    }
    // At least one.
    void next(std::size_t count, std::uint64_t* out) {
        const unsigned char* const comes = bytes_ + at_ + gram_bytes - 1;
        const unsigned char* const goes = bytes_ + at_;
        std::uint64_t hash = std::rotl(hash_, 1) ^ byte_hash[comes[0]];
        out[0] = hash;
        for (std::size_t i = 1; i < count; ++i) { // what comes and what goes do not wait for the hash before
            hash = std::rotl(hash, 1) ^ (byte_hash[comes[i]] ^ leaving_hash[goes[i - 1]]);
            out[i] = hash;
        }
        hash_ = hash ^ std::rotl(byte_hash[goes[count - 1]], gram_bytes - 1);
        at_ += count;
    }

private:
    const unsigned char* bytes_;
    std::size_t at_ = 0;
    std::uint64_t hash_ = 0;
};

// The last of the smallest. First the value, by four comparisons that do not wait for each other; then its place.
std::size_t rightmost_smallest(const std::uint64_t* hashes, std::size_t count) {
    std::array<std::uint64_t, 4> least{~0ULL, ~0ULL, ~0ULL, ~0ULL};
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (std::size_t lane = 0; lane < 4; ++lane) least[lane] = std::min(least[lane], hashes[i + lane]);
    for (; i < count; ++i) least[0] = std::min(least[0], hashes[i]);
    const std::uint64_t smallest = std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
    std::size_t at = count - 1;
    while (hashes[at] != smallest) --at;
    return at;
}

std::size_t first_below(const std::uint64_t* hashes, std::size_t from, std::size_t to, std::uint64_t bound) {
    while (from < to && hashes[from] >= bound) ++from;
    return from;
}

} // namespace

void winnow(std::string_view normalised, unsigned window, std::vector<Fingerprint>& out) {
    out.clear();
    if (normalised.size() < gram_bytes) return;
    const std::size_t grams = normalised.size() - gram_bytes + 1;
    out.reserve(grams * 2 / (window + 1) + 16);
    Grams source(normalised);
    // The last window - 1 hashes of the block before, then a block: `base` is the gram of hashes[0].
    std::array<std::uint64_t, window_max + block_grams> hashes;
    std::size_t held = 0, base = 0, done = 0; // of hashes; done: grams whose window was looked at
    std::size_t smallest = 0;                 // gram
    std::uint64_t smallest_hash = 0;
    bool begun = false;
    while (base + held < grams) {
        const std::size_t fresh = std::min(block_grams, grams - base - held);
        source.next(fresh, hashes.data() + held);
        held += fresh;
        std::size_t i = done - base;
        if (!begun) { // the first window is all that there is, or the first `window` grams
            begun = true;
            const std::size_t first = std::min<std::size_t>(window, held);
            smallest = rightmost_smallest(hashes.data(), first);
            smallest_hash = hashes[smallest];
            out.push_back({spread(smallest_hash), static_cast<std::uint32_t>(smallest)});
            i = first;
        }
        while (true) {
            // Robust: the one of the window before stays as long as it is in the window and nothing is smaller.
            const std::size_t leaves = smallest + window - base;
            i = first_below(hashes.data(), i, std::min(held, leaves), smallest_hash);
            if (i == held) break;
            if (i == leaves) {
                const std::size_t from = i + 1 - window;
                smallest = base + from + rightmost_smallest(hashes.data() + from, window);
            } else {
                smallest = base + i;
            }
            smallest_hash = hashes[smallest - base];
            out.push_back({spread(smallest_hash), static_cast<std::uint32_t>(smallest)});
            ++i;
        }
        done = base + held;
        const std::size_t keep = std::min<std::size_t>(held, window - 1);
        std::memmove(hashes.data(), hashes.data() + held - keep, keep * sizeof(std::uint64_t));
        base += held - keep;
        held = keep;
    }
}

} // namespace sallyport::content
