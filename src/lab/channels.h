// What was found, put together for people: places that change in the same way are one channel, its states are its table. Pure.
#pragma once

#include "lab/compare.h"

#include <string>
#include <vector>

namespace sallyport::lab {

// How a change looks to whoever reads the text that is sent.
enum class Nature : std::uint8_t {
    unseen,     // characters without width
    look_alike, // other characters that look the same
    form,       // punctuation, white space, order, case, number form, framing
    inside,     // within a value that differs by itself
    hello,      // TLS
    label,      // in a name that DNS is asked for
    digest,     // a digest of the value
    words,      // other words or values
    presence,   // something more, something less; other requests
};
std::string_view name_of(Nature nature);
bool is_concealed(Nature nature); // the first six

struct ChannelState {
    std::size_t variation = 0;
    std::vector<Deviation> changes;
    std::string context;
    double chance = 0;
    std::size_t runs = 0, baselines = 0;
    bool only_in_pair = false;
};

struct FoundChannel {
    Nature nature = Nature::words;
    std::string host;
    std::vector<std::string> places; // the first one is where the table is read
    std::vector<ChannelState> states;
    std::size_t distinct = 1; // states told apart, the usual one too
    bool only_in_pairs = false;
    bool visible = false; // what stands in the terminal changes with it, too
    std::string sentence;
    double bits() const;
};

// Concealed ones first.
std::vector<FoundChannel> channels_of(const Comparison& comparison, const std::vector<Variation>& variations);
Nature nature_of(const Difference& difference, const Variation& variation);
// "U+2019 (e2 80 99)"; printable ASCII as it is.
std::string with_code_points(std::string_view text);

} // namespace sallyport::lab
