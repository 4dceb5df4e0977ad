// Fingerprints of a normal form by winnowing (Schleimer, Wilkerson, Aiken: SIGMOD 2003): of each `window` hashes of grams of 30 bytes
// that follow each other the smallest one, the last of several. Two texts that share a run of window + 29 bytes share a fingerprint.
// What a wide window chooses, a narrower one within it chooses too: a question with window 31 finds what was indexed with 64. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::content {

inline constexpr std::size_t gram_bytes = 30;
inline constexpr std::size_t narrow_window = 31; // of what must not leave: runs of 60 bytes are found
inline constexpr std::size_t wide_window = 64;   // of the rest: runs of 93

struct Fingerprint {
    std::uint64_t hash = 0;
    std::uint32_t at = 0; // where its gram begins
};

// Replaces `out`. A text shorter than one window but of at least one gram has its smallest hash alone.
void winnow(std::string_view normal_form, std::size_t window, std::vector<Fingerprint>& out);

} // namespace sallyport::content
