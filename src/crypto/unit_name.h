// Names of pieces of requests for look-ups: XXH3-128 (xxHash 0.8) with a secret of this installation, so that nobody outside can tell
// or aim at the name of a text. 20 µs a megabyte. Where proof is needed, the ledger, there is SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::crypto {

struct UnitName {
    std::uint64_t low = 0, high = 0;
    bool operator==(const UnitName&) const = default;
};

class UnitNamer {
public:
    // `key`: at least 32 random bytes; `context` tells namers of one key apart.
    UnitNamer(std::string_view key, std::string_view context);
    UnitName of(std::string_view bytes) const;

private:
    std::array<unsigned char, 192> secret_; // XXH3_SECRET_DEFAULT_SIZE
};

} // namespace sallyport::crypto
