// Sentences of clients without what differs from exchange to exchange, in two readings: what is compared (letters alone), and what
// else stands between and in place of them, where a marker hides. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

struct SentencePlace {
    std::uint32_t begin = 0, end = 0;
};

// At line ends, and behind '.', '!' or '?' (or what looks like it) before a space of any kind. Without the empty ones; at most
// limits::fleet_sentences_of_text_max.
std::vector<SentencePlace> sentences_of(std::string_view text);

// Numbers, words with digits in them (hex, UUIDs, versions), paths, URLs and addresses of mail are one sign each.
struct Masked {
    std::string
        skeleton; // letters with look-alikes read as ASCII, after UTS #39; no spaces, no punctuation, nothing invisible
    std::string trace; // what the skeleton leaves out or reads otherwise: "<letters before it>:<bytes>\n" each
};
Masked masked(std::string_view sentence);

} // namespace sallyport::content
