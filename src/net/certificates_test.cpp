// Certificates made for the tests of this folder, and what a TlsContext makes of files.
#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sallyport::net {

// STEM.pem and STEM.key, signed by ISSUER.key or, where that is empty, by itself. `names` as in openssl.cnf: "DNS:localhost",
// "CA" for an authority. The other tests of TLS declare this function, too.
void make_certificate(const std::string& stem, const std::string& issuer, const std::string& names, long begin_s,
                      long end_s);

namespace {

template <class T, T* (*read)(BIO*, T**, pem_password_cb*, void*)> T* from_file(const std::string& path) {
    BIO* file = BIO_new_file(path.c_str(), "r");
    T* made = read(file, nullptr, nullptr, nullptr);
    BIO_free(file);
    EXPECT_NE(made, nullptr) << path;
    return made;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    EXPECT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

} // namespace

void make_certificate(const std::string& stem, const std::string& issuer, const std::string& names, long begin_s,
                      long end_s) {
    static long serial = 1;
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), begin_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), end_s);
    X509_set_pubkey(certificate, key);
    const std::string common = std::filesystem::path(stem).filename();
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common.c_str()), -1,
                               -1, 0);
    EVP_PKEY* signing = key;
    if (issuer.empty()) {
        X509_set_issuer_name(certificate, subject);
    } else {
        signing = from_file<EVP_PKEY, PEM_read_bio_PrivateKey>(issuer + ".key");
        X509* authority = from_file<X509, PEM_read_bio_X509>(issuer + ".pem");
        X509_set_issuer_name(certificate, X509_get_subject_name(authority));
        X509_free(authority);
    }
    if (names == "CA")
        add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    else
        add_extension(certificate, NID_subject_alt_name, names);
    EXPECT_GT(X509_sign(certificate, signing, EVP_sha256()), 0);
    BIO* file = BIO_new_file((stem + ".pem").c_str(), "w");
    PEM_write_bio_X509(file, certificate);
    BIO_free(file);
    file = BIO_new_file((stem + ".key").c_str(), "w");
    PEM_write_bio_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    BIO_free(file);
    X509_free(certificate);
    if (signing != key) EVP_PKEY_free(signing);
    EVP_PKEY_free(key);
}

namespace {

class Contexts : public testing::Test {
protected:
    Contexts() {
        std::string name = testing::TempDir() + "tls_XXXXXX";
        folder_ = std::string(::mkdtemp(name.data())) + "/";
        make_certificate(folder_ + "one", "", "DNS:one", 0, 3600);
        make_certificate(folder_ + "two", "", "DNS:two", 0, 3600);
        std::ofstream(folder_ + "junk") << "-----BEGIN CERTIFICATE-----\nnothing\n";
    }
    ~Contexts() override { std::filesystem::remove_all(folder_); }
    std::string folder_;
};

TEST_F(Contexts, AreMadeOfFiles) {
    EXPECT_TRUE(TlsContext::server(folder_ + "one.pem", folder_ + "one.key"));
    EXPECT_TRUE(TlsContext::client(folder_ + "one.pem"));
    EXPECT_TRUE(TlsContext::client("")); // the system's trust store
}

TEST_F(Contexts, NameTheFileThatIsOfNoUse) {
    const auto names = [](const Result<std::shared_ptr<const TlsContext>>& made, const std::string& file) {
        return !made && made.error().kind == ErrorKind::invalid && made.error().message.find(file) != std::string::npos;
    };
    EXPECT_TRUE(names(TlsContext::server(folder_ + "absent.pem", folder_ + "one.key"), "absent.pem"));
    EXPECT_TRUE(names(TlsContext::server(folder_ + "junk", folder_ + "one.key"), "junk"));
    EXPECT_TRUE(names(TlsContext::server(folder_ + "one.pem", folder_ + "absent.key"), "absent.key"));
    EXPECT_TRUE(names(TlsContext::server(folder_ + "one.pem", folder_ + "junk"), "junk"));
    EXPECT_TRUE(names(TlsContext::server(folder_ + "one.pem", folder_ + "two.key"), "two.key")); // the key of another
    EXPECT_TRUE(names(TlsContext::client(folder_ + "absent.pem"), "absent.pem"));
    EXPECT_TRUE(names(TlsContext::client(folder_ + "junk"), "junk"));
}

} // namespace
} // namespace sallyport::net
