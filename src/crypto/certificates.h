// A certificate authority in memory, for the hosts whose TLS a policy lets us open: EC P-256, SHA-256 (RFC 5280). Its key never leaves
// the process. Immutable and thread-safe once made.
#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::crypto {

struct KeyPair {
    std::string certificate; // PEM, the issuer's behind the leaf's
    Secret key;              // PEM
};

class CertificateAuthority {
public:
    // `permitted`: host names and addresses it may speak for, "*.suffix" for all below one; written into its certificate as name
    // constraints (RFC 5280 section 4.2.1.10), so that a client that trusts it trusts it for these only. Empty: for any.
    static Result<std::shared_ptr<const CertificateAuthority>> make(std::string_view name,
                                                                    std::span<const std::string> permitted,
                                                                    std::int64_t now_wall_ms, std::int64_t valid_ms);
    // A company's own. Errors (invalid): no PEM, not a CA, the key is another's.
    static Result<std::shared_ptr<const CertificateAuthority>> load(std::string_view certificate_pem,
                                                                    const Secret& key_pem);
    ~CertificateAuthority();
    CertificateAuthority(const CertificateAuthority&) = delete;
    CertificateAuthority& operator=(const CertificateAuthority&) = delete;

    const std::string& certificate() const { return pem_; } // for clients to trust
    // A server's certificate for a host name or an address, valid at most `valid_ms` and not beyond the authority's own.
    Result<KeyPair> issue(std::string_view host, std::int64_t now_wall_ms, std::int64_t valid_ms) const;

private:
    struct Parts;
    explicit CertificateAuthority(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
    std::string pem_;
};

} // namespace sallyport::crypto
