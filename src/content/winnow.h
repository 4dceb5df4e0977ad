// Fingerprints of a normalised text by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: local algorithms for document
// fingerprinting", SIGMOD 2003, the robust form): of every `window` grams that follow each other the one with the smallest hash.
//
// Two texts that share `window + gram_bytes - 1` normalised bytes share a fingerprint. A text's fingerprints of a narrow window hold
// those hashes of every wider one, as the smallest of 64 is the smallest of some 31 among them: a query that is winnowed with the
// narrowest window is answered from documents of each.
//
// Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::content {

inline constexpr unsigned gram_bytes = 30;
inline constexpr unsigned window_narrow =
    31; // a shared run of 60 bytes is found: trade-secret and secret-bearing repositories, queries
inline constexpr unsigned window_wide = 64; // of 93 bytes: others, in half the room
inline constexpr unsigned window_max = 64;

struct Fingerprint {
    std::uint64_t hash = 0;     // spread evenly over 64 bits
    std::uint32_t position = 0; // where its gram begins, in normalised bytes
    bool operator==(const Fingerprint&) const = default;
};

// Replaces `out`, in the order of positions. A text shorter than a window's run has the smallest of what there is; one shorter than a
// gram has none. `window`: 1 to window_max.
void winnow(std::string_view normalised, unsigned window, std::vector<Fingerprint>& out);

} // namespace sallyport::content
