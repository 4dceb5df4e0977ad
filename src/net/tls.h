// TLS 1.2 and 1.3 over a connected socket (RFC 5246, RFC 8446), by OpenSSL. A context is immutable and shared by threads; reload
// means making a new one. Certificates are checked against the system's trust store or a given file, and against the host name
// (RFC 6125) or address. HTTP/1.1 is offered by ALPN.
#pragma once

#include "base/secret.h"
#include "net/stream.h"

#include <memory>
#include <string>

namespace sallyport::net {

class TlsContext {
public:
    // A server's: certificate chain and private key, PEM files.
    static Result<std::shared_ptr<const TlsContext>> server(const std::string& certificate_file,
                                                            const std::string& key_file);
    // The same from PEM texts: certificates that were minted in memory.
    static Result<std::shared_ptr<const TlsContext>> server_of(std::string_view certificate_pem, const Secret& key_pem);
    // A client's: `ca_file` empty means the system's trust store.
    static Result<std::shared_ptr<const TlsContext>> client(const std::string& ca_file);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    void* native() const { return context_; } // SSL_CTX

private:
    explicit TlsContext(void* context) : context_(context) {}
    void* context_;
};

// Takes the descriptor; shakes hands. Errors name what was wrong with a certificate in words.
Task<Result<std::unique_ptr<Stream>>> accept_tls(Loop& loop, int descriptor, std::shared_ptr<const TlsContext> context,
                                                 std::string peer, std::int64_t deadline_ms);
// `host` is what the certificate must be for.
Task<Result<std::unique_ptr<Stream>>> connect_tls(Loop& loop, int descriptor, std::shared_ptr<const TlsContext> context,
                                                  std::string host, std::string peer, std::int64_t deadline_ms);

} // namespace sallyport::net
