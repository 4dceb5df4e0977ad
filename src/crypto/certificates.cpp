#include "crypto/certificates.h"

#include "base/network.h"
#include "crypto/crypto.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace sallyport::crypto {

namespace {

template <auto Free> struct Freed {
    template <class T> void operator()(T* object) const { Free(object); }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

constexpr std::int64_t clock_skew_s = 3'600; // clients' clocks may be behind ours
constexpr std::size_t common_name_bytes_max = 64;

std::unexpected<Error> library_failure(const std::string& what) {
    const unsigned long code = ERR_get_error();
    const char* reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return fail(ErrorKind::invalid, what + (reason != nullptr ? std::string(": ") + reason : std::string()));
}

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(count)};
}

std::string pem_of(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
}

bool extend(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

// Names go into OpenSSL's little language for extensions, in which a comma or a colon would say something else.
bool is_plain(std::string_view host) {
    return !host.empty() && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
}

// "permitted;DNS:…", with the other kind of names excluded where none of it is permitted: a constraint on DNS names says nothing of addresses.
Result<std::string> constraints(std::span<const std::string> permitted) {
    std::string value;
    bool has_name = false, has_address = false;
    for (const std::string& host : permitted) {
        if (!value.empty()) value += ',';
        if (const auto address = parse_ip_address(host)) {
            has_address = true;
            value += "permitted;IP:" + address->text() +
                     (address->is_v4() ? "/255.255.255.255" : "/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF");
            continue;
        }
        const std::string_view name =
            host.starts_with("*.") ? std::string_view(host).substr(2) : std::string_view(host);
        if (!is_plain(name))
            return fail(ErrorKind::invalid, "'" + host + "' is no host that a certificate can be limited to");
        has_name = true;
        value += "permitted;DNS:" + std::string(name);
    }
    if (!has_address) value += ",excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:::/::";
    if (!has_name) value += ",permitted;DNS:none.invalid"; // not everything reads an empty name as any
    return value;
}

// `field`: what of the subject `name` is: "CN", or "O" where that would be held against the host names that are permitted (GnuTLS does).
bool begin(X509* certificate, EVP_PKEY* key, const char* field, std::string_view name, std::int64_t from_s,
           std::int64_t to_s) {
    const std::string serial = random_bytes(16);
    BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), 16, nullptr);
    BN_clear_bit(number, 127); // positive in 16 octets
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(from_s));
    ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(to_s));
    X509_NAME* subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, field, MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.data()),
                                      static_cast<int>(std::min(name.size(), common_name_bytes_max)), -1, 0) == 1 &&
           X509_set_pubkey(certificate, key) == 1;
}

std::int64_t not_after_s(const X509* certificate) {
    tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return 0;
    return timegm(&parts);
}

} // namespace

struct CertificateAuthority::Parts {
    Certificate certificate;
    Key key;
    Key leaf_key; // of all it issues: they live and go together
    Secret leaf_key_pem;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)), pem_(pem_of(parts_->certificate.get())) {
    parts_->leaf_key.reset(EVP_EC_gen("P-256"));
    const Bio bio(BIO_new(BIO_s_secmem()));
    PEM_write_bio_PrivateKey(bio.get(), parts_->leaf_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    parts_->leaf_key_pem = Secret(text_of(bio.get()));
}

CertificateAuthority::~CertificateAuthority() = default;

Result<std::shared_ptr<const CertificateAuthority>> CertificateAuthority::make(std::string_view name,
                                                                               std::span<const std::string> permitted,
                                                                               std::int64_t now_wall_ms,
                                                                               std::int64_t valid_ms) {
    auto parts = std::make_unique<Parts>();
    parts->key.reset(EVP_EC_gen("P-256"));
    parts->certificate.reset(X509_new());
    X509* certificate = parts->certificate.get();
    const std::int64_t now_s = now_wall_ms / 1000;
    bool made = parts->key &&
                begin(certificate, parts->key.get(), "CN", name, now_s - clock_skew_s, now_s + valid_ms / 1000) &&
                X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
                extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                extend(certificate, certificate, NID_subject_key_identifier, "hash");
    if (made && !permitted.empty()) {
        const auto limits = constraints(permitted);
        if (!limits) return std::unexpected(limits.error());
        made = extend(certificate, certificate, NID_name_constraints, "critical," + *limits);
    }
    if (!made || X509_sign(certificate, parts->key.get(), EVP_sha256()) == 0)
        return library_failure("cannot make a certificate authority");
    return std::shared_ptr<const CertificateAuthority>(new CertificateAuthority(std::move(parts)));
}

Result<std::shared_ptr<const CertificateAuthority>> CertificateAuthority::load(std::string_view certificate_pem,
                                                                               const Secret& key_pem) {
    auto parts = std::make_unique<Parts>();
    const Bio certificate(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
    parts->certificate.reset(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    if (!parts->certificate) return library_failure("the certificate authority's certificate cannot be read");
    const Bio key(BIO_new_mem_buf(key_pem.reveal().data(), static_cast<int>(key_pem.reveal().size())));
    parts->key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
    if (!parts->key)
        return library_failure("the certificate authority's key cannot be read (a pass phrase is not asked for)");
    if (X509_check_private_key(parts->certificate.get(), parts->key.get()) != 1)
        return library_failure("the certificate authority's key does not belong to its certificate");
    if (X509_check_ca(parts->certificate.get()) != 1)
        return fail(ErrorKind::invalid,
                    "the certificate is not one of a certificate authority (basicConstraints CA:TRUE)");
    return std::shared_ptr<const CertificateAuthority>(new CertificateAuthority(std::move(parts)));
}

Result<KeyPair> CertificateAuthority::issue(std::string_view host, std::int64_t now_wall_ms,
                                            std::int64_t valid_ms) const {
    const auto address = parse_ip_address(host);
    if (!address && !is_plain(host)) return fail(ErrorKind::invalid, "no certificate can be made for this host");
    const Certificate leaf(X509_new());
    const std::int64_t now_s = now_wall_ms / 1000;
    const std::int64_t to_s = std::min(now_s + valid_ms / 1000, not_after_s(parts_->certificate.get()));
    X509* issuer = parts_->certificate.get();
    // A common name that is cut short would be another name's, and an address there is held against the names that are permitted.
    const bool is_name = !address && host.size() <= common_name_bytes_max;
    const std::string_view common = is_name ? host : std::string_view("Sallyport");
    const std::string alternative = address ? "IP:" + address->text() : "DNS:" + std::string(host);
    const bool made =
        begin(leaf.get(), parts_->leaf_key.get(), is_name ? "CN" : "O", common, now_s - clock_skew_s, to_s) &&
        X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer)) == 1 &&
        extend(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
        extend(leaf.get(), issuer, NID_key_usage, "critical,digitalSignature") &&
        extend(leaf.get(), issuer, NID_ext_key_usage, "serverAuth") &&
        extend(leaf.get(), issuer, NID_subject_key_identifier, "hash") &&
        extend(leaf.get(), issuer, NID_authority_key_identifier, "keyid") &&
        extend(leaf.get(), issuer, NID_subject_alt_name, alternative) &&
        X509_sign(leaf.get(), parts_->key.get(), EVP_sha256()) != 0;
    if (!made) return library_failure("cannot make a certificate for " + std::string(host));
    return KeyPair{pem_of(leaf.get()) + pem_, parts_->leaf_key_pem};
}

} // namespace sallyport::crypto
