// Digests, authentication codes, sealed boxes and random bytes, over OpenSSL 3. All functions are thread-safe.
#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::crypto {

using Digest = std::array<char, 32>;
inline std::string_view bytes(const Digest& digest) { return {digest.data(), digest.size()}; }

// SHA-256 (FIPS 180-4) of one string, or of pieces one after the other.
Digest sha256(std::string_view data);
Digest sha256(std::string_view first, std::string_view then);
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void add(std::string_view data);
    Digest finish(); // once; add() afterwards starts anew

private:
    void* context_; // EVP_MD_CTX, reused
};

// HMAC-SHA-256 (RFC 2104) with a key whose inner and outer state are computed once.
class Mac {
public:
    explicit Mac(const Secret& key);
    Mac(const Mac&) = default;
    Mac& operator=(const Mac&) = default;
    ~Mac(); // wipes the key's state
    Digest of(std::string_view data) const { return of(data, {}); }
    Digest of(std::string_view first, std::string_view then) const; // of the two one after the other

private:
    std::array<unsigned char, 64> inner_{}, outer_{};
};

// Authenticated encryption (AES-256-GCM, random 96-bit nonce in front, tag behind). `context` is authenticated, not stored.
class SealingKey {
public:
    explicit SealingKey(Secret key32) : key_(std::move(key32)) {}
    std::string seal(std::string_view plain, std::string_view context) const;
    Result<std::string> open(std::string_view sealed, std::string_view context) const;

private:
    Secret key_;
};

// From the operating system; a failure ends the process, since nothing can be safe then.
std::string random_bytes(std::size_t count);
// Constant time for equal lengths.
bool equal(std::string_view a, std::string_view b);
// CRC-32C (Castagnoli, RFC 3720), for frames on disk; hardware where there is any.
// `seed` is the result for the bytes before: crc32c(b, crc32c(a)) is that of a and b together.
std::uint32_t crc32c(std::string_view data, std::uint32_t seed = 0);
std::uint32_t crc32c_in_software(std::string_view data, std::uint32_t seed = 0); // the fallback, for its test

// HKDF-SHA-256 (RFC 5869). At most 8,160 bytes.
Secret hkdf(std::string_view key_material, std::string_view salt, std::string_view info, std::size_t bytes);
// One key (32 bytes) of an installation's purposes from its root key: derive(root, "pseudonyms").
Secret derive(const Secret& root, std::string_view purpose);

} // namespace sallyport::crypto
