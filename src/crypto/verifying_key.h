// Public keys of others, as JSON Web Keys hold them (RFC 7518 section 6): RSA of 2048 to 8192 bits and EC P-256. Only what verifies
// with a public key is here: a MAC or an unsigned text cannot be taken for a signature. Immutable and thread-safe.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace sallyport::crypto {

class VerifyingKey {
public:
    enum class Algorithm : std::uint8_t { rs256, es256 };

    // Big-endian numbers. Errors (invalid): a modulus or exponent that no honest key has.
    static Result<VerifyingKey> rsa(std::string_view modulus, std::string_view exponent);
    // 32 bytes each; a point that is not on the curve is an error.
    static Result<VerifyingKey> p256(std::string_view x, std::string_view y);

    Algorithm algorithm() const { return algorithm_; }
    // RS256: PKCS #1 v1.5 with SHA-256. ES256: r and s of 32 bytes each (RFC 7518 section 3.4). About 30 and 80 microseconds.
    bool verify(std::string_view text, std::string_view signature) const;

private:
    VerifyingKey(Algorithm algorithm, std::shared_ptr<void> key) : algorithm_(algorithm), key_(std::move(key)) {}
    Algorithm algorithm_;
    std::shared_ptr<void> key_; // EVP_PKEY
};

} // namespace sallyport::crypto
