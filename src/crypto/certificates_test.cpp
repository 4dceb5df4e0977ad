#include "crypto/certificates.h"

#include "base/clock.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace sallyport::crypto {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

X509* read(std::string_view pem) {
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    return certificate;
}

// As a client checks it; "ok" or OpenSSL's words.
std::string verdict(const CertificateAuthority& authority, const KeyPair& pair, const char* host) {
    X509* root = read(authority.certificate());
    X509* leaf = read(pair.certificate);
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, root);
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf, nullptr);
    X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1) X509_VERIFY_PARAM_set1_host(param, host, 0);
    X509_verify_cert(context);
    std::string said = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(root);
    return said;
}

std::shared_ptr<const CertificateAuthority> authority(std::vector<std::string> permitted) {
    const auto made = CertificateAuthority::make("a run", permitted, wall_ms(), day_ms);
    EXPECT_TRUE(made) << made.error().message;
    return *made;
}

TEST(Certificates, AreTakenByWhoTrustsTheirAuthority) {
    const auto any = authority({});
    for (const char* host : {"api.example.com", "192.0.2.7", "2001:db8::7"}) {
        const auto pair = any->issue(host, wall_ms(), day_ms);
        ASSERT_TRUE(pair) << pair.error().message;
        EXPECT_EQ("ok", verdict(*any, *pair, host));
        EXPECT_EQ("hostname mismatch", verdict(*any, *pair, "other.example.com").substr(0, 17));
    }
    const auto long_name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
    EXPECT_EQ("ok", verdict(*any, *any->issue(long_name, wall_ms(), day_ms), long_name.c_str()));
}

TEST(Certificates, AnAuthorityIsLimitedToItsHosts) {
    const auto limited = authority({"api.example.com", "*.models.example"});
    const auto said = [&](const char* host) {
        return verdict(*limited, *limited->issue(host, wall_ms(), day_ms), host);
    };
    EXPECT_EQ("ok", said("api.example.com"));
    EXPECT_EQ("ok", said("eu.models.example"));
    EXPECT_EQ("permitted subtree violation", said("example.com"));
    EXPECT_EQ("permitted subtree violation", said("bank.example"));
    EXPECT_EQ("excluded subtree violation", said("192.0.2.7"));
    const auto address = authority({"192.0.2.7"});
    EXPECT_EQ("ok", verdict(*address, *address->issue("192.0.2.7", wall_ms(), day_ms), "192.0.2.7"));
    EXPECT_NE("ok", verdict(*address, *address->issue("192.0.2.8", wall_ms(), day_ms), "192.0.2.8"));
    EXPECT_NE("ok", verdict(*address, *address->issue("a.example", wall_ms(), day_ms), "a.example"));
}

TEST(Certificates, NoHostSaysMoreThanItsName) {
    const auto any = authority({});
    for (const char* host : {"", "a,DNS:b", "a.example\nDNS:b", "*.example.com", "A.example", "a b"})
        EXPECT_FALSE(any->issue(host, wall_ms(), day_ms)) << host;
    const std::vector<std::string> odd = {"a,permitted;DNS:com"};
    EXPECT_FALSE(CertificateAuthority::make("x", odd, wall_ms(), day_ms));
}

TEST(Certificates, ACompanysOwnAuthorityIsReadStrictly) {
    const auto made = authority({});
    const auto leaf = made->issue("a.example", wall_ms(), day_ms);
    EXPECT_FALSE(CertificateAuthority::load("nothing", Secret("nothing")));
    EXPECT_FALSE(CertificateAuthority::load(made->certificate(), leaf->key)); // another's key
    EXPECT_FALSE(CertificateAuthority::load(leaf->certificate, leaf->key));   // no authority
}

} // namespace
} // namespace sallyport::crypto
