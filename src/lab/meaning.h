// Whether a text that came out of decoding means something: hosts, URLs, paths, names. Decoding with a wrong key gives noise; a text counts
// only if noise would hardly ever look like it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::lab {

enum class What : std::uint8_t { nothing, host, hosts, url, path, names };

struct Meaning {
    What what = What::nothing;
    std::size_t entries = 0;  // of a list: 1 where it is none
    std::size_t hosts = 0;    // entries that are host names under a top-level domain in common use
    double surprise_bits = 0; // log2 of how many random texts of this length there are for each that looks so
};

// Of printable ASCII text; lists are separated by commas, semicolons, bars, blanks, line ends or zero bytes.
Meaning meaning_of(std::string_view text);

// "api.example.com": labels of letters, digits and hyphens, at least two, the last one a top-level domain in common use.
bool is_host_name(std::string_view text);
bool is_common_domain(std::string_view label); // in lower case

// Letters in the main, in about the mixture of words and names.
bool reads_like_words(std::string_view text);

// Pairs of letters as words have them.
bool has_common_pairs(std::string_view text);

std::string_view name_of(What what);

} // namespace sallyport::lab
