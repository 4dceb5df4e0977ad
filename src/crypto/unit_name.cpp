#include "crypto/unit_name.h"

#include "crypto/crypto.h"

#include <cstring>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sallyport::crypto {

// The secret is as random as SHA-256 of key and context makes it, which XXH3 asks for.
UnitNamer::UnitNamer(std::string_view key, std::string_view context) {
    static_assert(sizeof(secret_) >= XXH3_SECRET_SIZE_MIN);
    const Mac mac{Secret(std::string(key))};
    for (std::size_t at = 0; at < secret_.size(); at += sizeof(Digest)) {
        const char counter[] = {static_cast<char>(at)};
        const Digest part = mac.of(std::string_view(counter, 1), context);
        std::memcpy(secret_.data() + at, part.data(), part.size());
    }
}

UnitName UnitNamer::of(std::string_view bytes) const {
    const XXH128_hash_t hash = XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret_.data(), secret_.size());
    return {hash.low64, hash.high64};
}

} // namespace sallyport::crypto
