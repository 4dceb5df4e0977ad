#include "crypto/ssh_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>

namespace sallyport::crypto {

namespace {

constexpr int rsa_bits_min = 2048, rsa_bits_max = 8192;

template <auto Function> struct Freed {
    template <class T> void operator()(T* one) const { Function(one); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

struct Curve {
    std::string_view kind, name;
    const char* group;
    const EVP_MD* (*digest)();
};
constexpr Curve curves[] = {{"ecdsa-sha2-nistp256", "nistp256", "prime256v1", EVP_sha256},
                            {"ecdsa-sha2-nistp384", "nistp384", "secp384r1", EVP_sha384},
                            {"ecdsa-sha2-nistp521", "nistp521", "secp521r1", EVP_sha512}};

const Curve* curve_of(std::string_view kind) {
    for (const Curve& one : curves)
        if (one.kind == kind) return &one;
    return nullptr;
}

// Two's complement: of a positive number the first bit is none.
Number positive(std::string_view bytes) {
    if (bytes.empty() || (static_cast<unsigned char>(bytes[0]) & 0x80) != 0 || bytes.size() > rsa_bits_max / 8 + 1)
        return {};
    return Number(BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), nullptr));
}

Key made(const char* type, OSSL_PARAM_BLD* builder) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return {};
    return Key(key);
}

Key rsa_key(SshReader& reader) {
    const Number e = positive(reader.text()), n = positive(reader.text());
    if (!e || !n || !reader.at_end() || BN_num_bits(n.get()) < rsa_bits_min || BN_num_bits(n.get()) > rsa_bits_max)
        return {};
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return {};
    return made("RSA", builder.get());
}

Key ec_key(SshReader& reader, const Curve& curve) {
    if (reader.text() != curve.name) return {};
    const std::string_view point = reader.text();
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!reader.at_end() || point.empty() || !builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return {};
    return made("EC", builder.get());
}

Key key_of(std::string_view bytes, std::string_view& kind) {
    SshReader reader(bytes);
    kind = reader.text();
    if (kind == "ssh-ed25519") {
        const std::string_view point = reader.text();
        if (!reader.at_end() || point.size() != 32) return {};
        return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(point), point.size()));
    }
    if (kind == "ssh-rsa") return rsa_key(reader);
    if (const Curve* const curve = curve_of(kind)) return ec_key(reader, *curve);
    return {};
}

// As OpenSSL wants it: the two numbers in DER.
std::string der_of(std::string_view two_numbers) {
    SshReader reader(two_numbers);
    Number r = positive(reader.text()), s = positive(reader.text());
    const EcSignature signature(ECDSA_SIG_new());
    if (!r || !s || !reader.at_end() || !signature ||
        ECDSA_SIG_set0(signature.get(), r.release(), s.release()) != 1) // takes both
        return {};
    unsigned char* out = nullptr;
    const int length = i2d_ECDSA_SIG(signature.get(), &out);
    if (length <= 0) return {};
    std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
    OPENSSL_free(out);
    return der;
}

} // namespace

std::string_view SshReader::take(std::size_t count) {
    if (!good_ || rest_.size() < count) {
        good_ = false;
        return {};
    }
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
}
std::uint8_t SshReader::byte() {
    const std::string_view one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
}
std::uint32_t SshReader::number() {
    std::uint32_t out = 0;
    for (const char c : take(4)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
}
std::string_view SshReader::text() { return take(number()); }

void append_ssh_number(std::string& out, std::uint32_t value) {
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift & 0xFF);
}
void append_ssh_text(std::string& out, std::string_view text) {
    append_ssh_number(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

bool is_ssh_key(std::string_view key) {
    std::string_view kind;
    return key_of(key, kind) != nullptr;
}

bool is_ssh_signature(std::string_view key_bytes, std::string_view signature, std::string_view data) {
    std::string_view kind;
    const Key key = key_of(key_bytes, kind);
    if (!key) return false;
    SshReader reader(signature);
    const std::string_view how = reader.text(), value = reader.text();
    if (!reader.at_end()) return false;
    const EVP_MD* digest = nullptr;
    std::string bytes(value);
    if (kind == "ssh-rsa") {
        if (how != "rsa-sha2-256" && how != "rsa-sha2-512") return false;
        digest = how == "rsa-sha2-256" ? EVP_sha256() : EVP_sha512();
    } else {
        if (how != kind) return false;
        if (const Curve* const curve = curve_of(kind)) {
            digest = curve->digest();
            bytes = der_of(value);
        }
    }
    const Context context(EVP_MD_CTX_new());
    return context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), raw(bytes), bytes.size(), raw(data), data.size()) == 1;
}

} // namespace sallyport::crypto
