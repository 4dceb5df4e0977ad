#include "crypto/verifying_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <string>

namespace sallyport::crypto {

namespace {

constexpr int rsa_bits_min = 2048, rsa_bits_max = 8192;
constexpr std::size_t exponent_bytes_max = 8, coordinate_bytes = 32;

struct Free {
    void operator()(BIGNUM* one) const { BN_free(one); }
    void operator()(OSSL_PARAM_BLD* one) const { OSSL_PARAM_BLD_free(one); }
    void operator()(OSSL_PARAM* one) const { OSSL_PARAM_free(one); }
    void operator()(EVP_PKEY_CTX* one) const { EVP_PKEY_CTX_free(one); }
    void operator()(EVP_MD_CTX* one) const { EVP_MD_CTX_free(one); }
    void operator()(ECDSA_SIG* one) const { ECDSA_SIG_free(one); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
Owned<BIGNUM> number(std::string_view bytes) {
    return Owned<BIGNUM>(BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), nullptr));
}

std::shared_ptr<void> key_of(const char* kind, OSSL_PARAM_BLD* builder) {
    const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    return {key, [](void* one) { EVP_PKEY_free(static_cast<EVP_PKEY*>(one)); }};
}

std::unexpected<Error> no_key(const char* why) {
    return fail(ErrorKind::invalid, std::string("the public key cannot be used: ") + why, ErrorSource::upstream);
}

// OpenSSL takes the two numbers as DER.
std::string der_of(std::string_view signature) {
    if (signature.size() != 2 * coordinate_bytes) return {};
    const Owned<ECDSA_SIG> pair(ECDSA_SIG_new());
    Owned<BIGNUM> r = number(signature.substr(0, coordinate_bytes)), s = number(signature.substr(coordinate_bytes));
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
    [[maybe_unused]] const BIGNUM* const taken[] = {r.release(), s.release()};
    unsigned char* der = nullptr;
    const int bytes = i2d_ECDSA_SIG(pair.get(), &der);
    std::string out(reinterpret_cast<const char*>(der), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    OPENSSL_free(der);
    return out;
}

} // namespace

Result<VerifyingKey> VerifyingKey::rsa(std::string_view modulus, std::string_view exponent) {
    if (modulus.size() > rsa_bits_max / 8 + 1 || exponent.empty() || exponent.size() > exponent_bytes_max)
        return no_key("its numbers are too large, or missing");
    const Owned<BIGNUM> n = number(modulus), e = number(exponent);
    const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder) return no_key("out of memory");
    if (BN_num_bits(n.get()) < rsa_bits_min || BN_num_bits(n.get()) > rsa_bits_max)
        return no_key("RSA keys have 2048 to 8192 bits here");
    if (BN_is_odd(n.get()) == 0 || BN_is_odd(e.get()) == 0 || BN_num_bits(e.get()) < 2)
        return no_key("its modulus and its exponent are odd, and the exponent is at least 3");
    if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return no_key("out of memory");
    auto key = key_of("RSA", builder.get());
    if (!key) return no_key("it is no RSA key");
    return VerifyingKey(Algorithm::rs256, std::move(key));
}

Result<VerifyingKey> VerifyingKey::p256(std::string_view x, std::string_view y) {
    if (x.size() != coordinate_bytes || y.size() != coordinate_bytes) return no_key("a coordinate has 32 bytes");
    std::string point = "\x04"; // uncompressed (SEC 1 section 2.3.3); the library checks that it is on the curve
    point.append(x).append(y);
    const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return no_key("out of memory");
    auto key = key_of("EC", builder.get());
    if (!key) return no_key("it is no point of P-256");
    return VerifyingKey(Algorithm::es256, std::move(key));
}

bool VerifyingKey::verify(std::string_view text, std::string_view signature) const {
    const std::string der = algorithm_ == Algorithm::es256 ? der_of(signature) : std::string(signature);
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    if (der.empty() || !context) return false;
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, static_cast<EVP_PKEY*>(key_.get())) ==
               1 &&
           EVP_DigestVerify(context.get(), raw(der), der.size(), raw(text), text.size()) == 1;
}

} // namespace sallyport::crypto
