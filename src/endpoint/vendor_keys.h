// Keys of vendors that lie about in a file, told by their shape, or by the name of the variable that they are given to. Only places and
// kinds leave here; whoever needs the key itself, to make a keyed digest of it, cuts it out of the text that it already has.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

struct FoundKey {
    std::string_view kind; // "anthropic-key", "anthropic-sign-in", "openai-key", …
    std::size_t begin = 0, end = 0;
    bool sign_in = false; // of a person's subscription, as clients keep it
};
// By shape alone, in their order, disjoint; at most vendor_keys_max.
std::vector<FoundKey> vendor_keys_in(std::string_view text);
inline constexpr std::size_t vendor_keys_max = 1'000;

// Variables and settings that hold a vendor's key ("OPENAI_API_KEY"): whose it is ("openai-key"), or empty.
std::string_view key_variable(std::string_view name);
// Is this text given as a key a key, and no reference to one, no placeholder and no empty word?
bool is_literal_key(std::string_view value);

// What is shown of a text that comes from elsewhere: every key in it is "…".
std::string without_keys(std::string_view text);

} // namespace sallyport::endpoint
