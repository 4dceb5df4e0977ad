#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/random.h>
#include <vector>

namespace sallyport::crypto {

namespace {
constexpr std::size_t block_bytes = 64;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t key_bytes = 32;

// A failure inside OpenSSL here means no memory or a broken library: nothing can be recorded or checked any more.
[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "sallyport: the cryptographic library failed in %s; stopping\n", what);
    std::abort();
}
void check(int result, const char* what) {
    if (result != 1) die(what);
}

// Fetched once: a fetch for each digest would cost more than the digest.
const EVP_MD* sha256_method() {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return method;
}
const EVP_CIPHER* gcm_method() {
    static const EVP_CIPHER* const method = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return method;
}

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigest>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

// Contexts that finished Sha256 objects left to this thread.
constexpr std::size_t spare_max = 8;
std::vector<DigestContext>& spare_contexts() {
    thread_local std::vector<DigestContext> spare;
    return spare;
}

EVP_MD_CTX* one_shot_context() {
    thread_local const DigestContext context(EVP_MD_CTX_new());
    return context.get();
}
EVP_CIPHER_CTX* cipher_context() {
    thread_local const CipherContext context(EVP_CIPHER_CTX_new());
    return context.get();
}

Digest digest_of(std::string_view a, std::string_view b, std::string_view c) {
    EVP_MD_CTX* context = one_shot_context();
    check(EVP_DigestInit_ex(context, sha256_method(), nullptr), "SHA-256");
    if (!a.empty()) check(EVP_DigestUpdate(context, a.data(), a.size()), "SHA-256");
    if (!b.empty()) check(EVP_DigestUpdate(context, b.data(), b.size()), "SHA-256");
    if (!c.empty()) check(EVP_DigestUpdate(context, c.data(), c.size()), "SHA-256");
    Digest out;
    check(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), nullptr), "SHA-256");
    return out;
}

std::string_view view(const std::array<unsigned char, block_bytes>& block) {
    return {reinterpret_cast<const char*>(block.data()), block.size()};
}
const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
} // namespace

Digest sha256(std::string_view data) { return digest_of(data, {}, {}); }
Digest sha256(std::string_view first, std::string_view then) { return digest_of(first, then, {}); }

Sha256::Sha256() {
    auto& spare = spare_contexts();
    if (spare.empty()) {
        context_ = EVP_MD_CTX_new();
    } else {
        context_ = spare.back().release();
        spare.pop_back();
    }
    check(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), sha256_method(), nullptr), "SHA-256");
}

Sha256::~Sha256() {
    DigestContext context(static_cast<EVP_MD_CTX*>(context_));
    auto& spare = spare_contexts();
    if (spare.size() < spare_max) spare.push_back(std::move(context));
}

void Sha256::add(std::string_view data) {
    if (!data.empty()) check(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), data.data(), data.size()), "SHA-256");
}

Digest Sha256::finish() {
    auto* context = static_cast<EVP_MD_CTX*>(context_);
    Digest out;
    check(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), nullptr), "SHA-256");
    check(EVP_DigestInit_ex(context, sha256_method(), nullptr), "SHA-256");
    return out;
}

Mac::Mac(const Secret& key) {
    std::array<unsigned char, block_bytes> block{};
    std::string_view bytes_of_key = key.reveal();
    Digest hashed;
    if (bytes_of_key.size() > block_bytes) {
        hashed = sha256(bytes_of_key);
        bytes_of_key = bytes(hashed);
    }
    std::memcpy(block.data(), bytes_of_key.data(), bytes_of_key.size());
    for (std::size_t i = 0; i < block_bytes; ++i) {
        inner_[i] = block[i] ^ 0x36;
        outer_[i] = block[i] ^ 0x5c;
    }
    OPENSSL_cleanse(block.data(), block.size());
}

Mac::~Mac() {
    OPENSSL_cleanse(inner_.data(), inner_.size());
    OPENSSL_cleanse(outer_.data(), outer_.size());
}

Digest Mac::of(std::string_view first, std::string_view then) const {
    const Digest inner = digest_of(view(inner_), first, then);
    return digest_of(view(outer_), bytes(inner), {});
}

std::string SealingKey::seal(std::string_view plain, std::string_view context) const {
    if (key_.reveal().size() != key_bytes) die("AES-256-GCM: the key is not 32 bytes");
    std::string out = random_bytes(nonce_bytes);
    out.resize(nonce_bytes + plain.size() + tag_bytes);
    EVP_CIPHER_CTX* cipher = cipher_context();
    int count = 0;
    check(EVP_EncryptInit_ex2(cipher, gcm_method(), raw(key_.reveal()), raw(out), nullptr), "AES-256-GCM");
    check(EVP_EncryptUpdate(cipher, nullptr, &count, raw(context), static_cast<int>(context.size())), "AES-256-GCM");
    unsigned char* const text = raw(out) + nonce_bytes;
    check(EVP_EncryptUpdate(cipher, text, &count, raw(plain), static_cast<int>(plain.size())), "AES-256-GCM");
    check(EVP_EncryptFinal_ex(cipher, text + count, &count), "AES-256-GCM");
    check(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, tag_bytes, text + plain.size()), "AES-256-GCM");
    check(EVP_CIPHER_CTX_reset(cipher), "AES-256-GCM");
    return out;
}

Result<std::string> SealingKey::open(std::string_view sealed, std::string_view context) const {
    if (key_.reveal().size() != key_bytes) die("AES-256-GCM: the key is not 32 bytes");
    if (sealed.size() < nonce_bytes + tag_bytes)
        return fail(ErrorKind::invalid, "the sealed text is too short to be one");
    const std::size_t length = sealed.size() - nonce_bytes - tag_bytes;
    std::string out(length, '\0');
    std::array<unsigned char, tag_bytes> tag;
    std::memcpy(tag.data(), sealed.data() + nonce_bytes + length, tag_bytes);
    EVP_CIPHER_CTX* cipher = cipher_context();
    int count = 0;
    check(EVP_DecryptInit_ex2(cipher, gcm_method(), raw(key_.reveal()), raw(sealed), nullptr), "AES-256-GCM");
    check(EVP_DecryptUpdate(cipher, nullptr, &count, raw(context), static_cast<int>(context.size())), "AES-256-GCM");
    check(EVP_DecryptUpdate(cipher, raw(out), &count, raw(sealed) + nonce_bytes, static_cast<int>(length)),
          "AES-256-GCM");
    check(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()), "AES-256-GCM");
    const bool authentic = EVP_DecryptFinal_ex(cipher, raw(out) + count, &count) == 1;
    check(EVP_CIPHER_CTX_reset(cipher), "AES-256-GCM");
    if (authentic) return out;
    OPENSSL_cleanse(out.data(), out.size());
    return fail(ErrorKind::invalid, "the sealed text was changed, or sealed under another key");
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    for (std::size_t done = 0; done < count;) {
        const ssize_t got = ::getrandom(out.data() + done, count - done, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            std::fprintf(stderr, "sallyport: the operating system gives no random bytes; stopping\n");
            std::abort();
        }
        done += static_cast<std::size_t>(got);
    }
    return out;
}

bool equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Secret hkdf(std::string_view key_material, std::string_view salt, std::string_view info, std::size_t bytes_wanted) {
    if (bytes_wanted > 255 * key_bytes) die("HKDF: more bytes than RFC 5869 allows");
    // An absent salt is a string of zeros (section 2.2); an HMAC key is padded with zeros anyway.
    const Digest extracted = Mac(Secret(std::string(salt))).of(key_material);
    const Mac expand{Secret(std::string(bytes(extracted)))};
    std::string out;
    Digest block{};
    for (unsigned char i = 1; out.size() < bytes_wanted; ++i) {
        std::string input = i == 1 ? std::string() : std::string(bytes(block));
        input += info;
        input += static_cast<char>(i);
        block = expand.of(input);
        out += bytes(block).substr(0, std::min(key_bytes, bytes_wanted - out.size()));
    }
    return Secret(std::move(out));
}

Secret derive(const Secret& root, std::string_view purpose) {
    return hkdf(root.reveal(), "sallyport installation v1", purpose, key_bytes);
}

} // namespace sallyport::crypto
