// Bytes that mean nothing as they stand, tried with what obfuscators do: XOR with a key of one byte or of a few, adding a number, counting
// along, zlib; with keys that stand near, and with all short ones. A way counts only if what comes out means something (meaning.h) and
// noise would hardly ever do so. Pure.
#pragma once

#include "lab/meaning.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::lab {

struct Deciphered {
    std::string text;
    std::string how; // "each byte XOR 0x2a"; empty where the bytes were the text
    Meaning meaning;
    bool keyed = false; // by a key: nobody reads that by accident
};

// `near_keys`: literals that stand near, tried as repeating keys.
std::optional<Deciphered> decipher(std::string_view bytes, std::span<const std::string> near_keys);

// The text with its letters turned by one number in the alphabet, where that makes it a list of hosts and it is none as it stands.
std::optional<Deciphered> turn_letters(std::string_view text);

} // namespace sallyport::lab
