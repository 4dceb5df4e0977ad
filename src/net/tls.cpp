#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <system_error>

namespace sallyport::net {

namespace {

std::string library_error() {
    std::string text;
    while (const unsigned long code = ERR_get_error()) {
        char line[256];
        ERR_error_string_n(code, line, sizeof line);
        if (text.empty()) text = ERR_reason_error_string(code) != nullptr ? ERR_reason_error_string(code) : line;
    }
    return text.empty() ? "no reason given" : text;
}

class TlsStream final : public Stream {
public:
    TlsStream(Loop& loop, int descriptor, ErrorSource side, std::string peer, std::shared_ptr<const TlsContext> context)
        : Stream(loop, descriptor, side, std::move(peer)), context_(std::move(context)),
          ssl_(SSL_new(static_cast<SSL_CTX*>(context_->native()))) {
        BIO* bio = BIO_new(socket_method());
        BIO_set_data(bio, this);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_, bio, bio);
        SSL_set_read_ahead(ssl_, 1);
    }
    ~TlsStream() override {
        SSL_free(ssl_);
        ERR_clear_error();
    }

    SSL* ssl() { return ssl_; }
    bool is_tls() const override { return true; }
    std::string_view server_name() const override {
        const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
        return name == nullptr ? std::string_view() : name;
    }

    // One step of the handshake: true when it is done.
    Result<bool> handshake() {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_);
        if (result == 1) return true;
        if (is_blocked(result)) return false;
        const long verdict = SSL_get_verify_result(ssl_);
        std::string why = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : failure();
        return fail(ErrorKind::unavailable, "TLS handshake with " + peer() + " failed: " + why, side(),
                    Retry::other_upstream);
    }

    void shut_down() override {
        ERR_clear_error();
        if (SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
        Stream::shut_down();
    }

private:
    Io try_read(std::span<char> room) override {
        if (!may_read_ && !has_buffered()) return {};
        std::size_t total = 0;
        while (total < room.size()) { // records are 16 KiB: several fill one room
            std::size_t count = 0;
            ERR_clear_error();
            const int result = SSL_read_ex(ssl_, room.data() + total, room.size() - total, &count);
            if (result == 1) {
                total += count;
                continue;
            }
            if (total > 0) break; // told again by the next try
            if (is_blocked(result)) return {};
            if (SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) return {Io::State::done, 0};
            return {Io::State::failed, 0};
        }
        return {Io::State::done, total};
    }

    // Several records are encrypted before one system call sends them: a body of 200 KB takes 4 calls, not 13. Bytes count as
    // taken only when their ciphertext is in the socket, so that a finished write leaves nothing behind.
    Io try_write(std::span<const iovec> pieces) override {
        if (!may_write_) return {};
        if (accepted_ == 0) {
            const Io::State encrypted = encrypt(pieces);
            if (encrypted == Io::State::failed) {
                cork().clear(); // shared: the next stream must not send what is left of this one
                return {Io::State::failed, 0};
            }
        }
        if (const Io::State flushed = flush(); flushed != Io::State::done) return {flushed, 0};
        if (accepted_ == 0) return {}; // the handshake has to go on first
        return {Io::State::done, std::exchange(accepted_, 0)};
    }

    // Takes up to `gather_bytes` of plain text; accepted_ says how much.
    Io::State encrypt(std::span<const iovec> pieces) {
        corked_ = true;
        Io::State state = Io::State::done;
        std::string small; // a head and what follows it share a record
        std::size_t piece = 0, offset = 0;
        while (accepted_ < gather_bytes && piece < pieces.size()) {
            std::string_view bytes(static_cast<const char*>(pieces[piece].iov_base) + offset,
                                   pieces[piece].iov_len - offset);
            if (bytes.empty()) {
                ++piece;
                offset = 0;
                continue;
            }
            if (bytes.size() < record_bytes && piece + 1 < pieces.size()) {
                small.assign(bytes);
                for (std::size_t next = piece + 1; next < pieces.size() && small.size() < record_bytes; ++next)
                    small.append(static_cast<const char*>(pieces[next].iov_base),
                                 std::min(record_bytes - small.size(), pieces[next].iov_len));
                bytes = small;
            } else {
                bytes = bytes.substr(0, record_bytes);
            }
            std::size_t count = 0;
            ERR_clear_error();
            const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &count);
            if (result != 1) {
                if (!is_blocked(result)) state = Io::State::failed;
                break;
            }
            accepted_ += count;
            while (count > 0) { // past what was taken, over as many pieces as it spans
                const std::size_t here = std::min(count, pieces[piece].iov_len - offset);
                offset += here;
                count -= here;
                if (offset == pieces[piece].iov_len) {
                    ++piece;
                    offset = 0;
                }
            }
        }
        corked_ = false;
        return state;
    }

    Io::State flush() {
        std::string& ready = sealed_.empty() ? cork() : sealed_;
        std::size_t sent_bytes = 0;
        while (sent_bytes < ready.size() && may_write_) {
            const ssize_t sent =
                ::send(descriptor(), ready.data() + sent_bytes, ready.size() - sent_bytes, MSG_NOSIGNAL);
            if (sent >= 0) {
                sent_bytes += static_cast<std::size_t>(sent);
            } else if (errno == EAGAIN) {
                may_write_ = false;
            } else if (errno != EINTR) {
                errno_ = errno;
                ready.clear();
                return Io::State::failed;
            }
        }
        const bool whole = sent_bytes == ready.size();
        if (whole)
            ready.clear();
        else if (&ready == &sealed_)
            sealed_.erase(0, sent_bytes);
        else {
            sealed_.assign(ready, sent_bytes); // the shared one is needed by others meanwhile
            ready.clear();
        }
        if (whole && sealed_.capacity() > record_bytes && &ready == &sealed_) std::string().swap(sealed_);
        return whole ? Io::State::done : Io::State::blocked;
    }

    // A close_notify that was read together with data is still to be told.
    bool has_buffered() const override {
        if (!SSL_is_init_finished(ssl_)) return false; // a part of a handshake record: only the socket has the rest
        return SSL_pending(ssl_) > 0 || SSL_has_pending(ssl_) == 1 ||
               (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
    }

    std::string failure() override {
        if (errno_ != 0) return std::generic_category().message(errno_);
        const unsigned long code = ERR_peek_error();
        if (code != 0) return library_error();
        return "the connection was closed";
    }

    bool is_blocked(int result) {
        const int error = SSL_get_error(ssl_, result);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    }

    // A BIO of our own instead of SSL_set_fd: it knows from epoll when the socket is empty or full, so that no system call is
    // made to hear EAGAIN (a third of the calls of a small exchange).
    static BIO_METHOD* socket_method() {
        static BIO_METHOD* const method = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport socket");
            BIO_meth_set_read_ex(made, [](BIO* bio, char* into, std::size_t size, std::size_t* count) {
                return static_cast<TlsStream*>(BIO_get_data(bio))->receive(bio, into, size, count);
            });
            BIO_meth_set_write_ex(made, [](BIO* bio, const char* from, std::size_t size, std::size_t* count) {
                return static_cast<TlsStream*>(BIO_get_data(bio))->send(bio, from, size, count);
            });
            BIO_meth_set_ctrl(made,
                              [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH ? 1 : 0; });
            return made;
        }();
        return method;
    }

    int receive(BIO* bio, char* into, std::size_t size, std::size_t* count) {
        BIO_clear_retry_flags(bio);
        *count = 0;
        while (may_read_) {
            const ssize_t got = ::recv(descriptor(), into, size, 0);
            if (got > 0) {
                if (static_cast<std::size_t>(got) < size && !hung_up()) may_read_ = false;
                *count = static_cast<std::size_t>(got);
                return 1;
            }
            if (got == 0) return 0; // end without close_notify: OpenSSL reports it, we treat it as a cut
            if (errno == EINTR) continue;
            if (errno != EAGAIN) {
                errno_ = errno;
                return 0;
            }
            may_read_ = false;
        }
        BIO_set_retry_read(bio);
        return 0;
    }

    int send(BIO* bio, const char* from, std::size_t size, std::size_t* count) {
        BIO_clear_retry_flags(bio);
        *count = 0;
        if (corked_ || !sealed_.empty()) { // behind what waits already: records have an order
            (sealed_.empty() ? cork() : sealed_).append(from, size);
            *count = size;
            return 1;
        }
        while (may_write_) {
            const ssize_t sent = ::send(descriptor(), from, size, MSG_NOSIGNAL);
            if (sent >= 0) {
                *count = static_cast<std::size_t>(sent);
                return 1;
            }
            if (errno == EINTR) continue;
            if (errno != EAGAIN) {
                errno_ = errno;
                return 0;
            }
            may_write_ = false;
        }
        BIO_set_retry_write(bio);
        return 0;
    }

    static constexpr std::size_t record_bytes = 16 * 1024;
    std::shared_ptr<const TlsContext> context_;
    SSL* ssl_;
    // Where a loop's streams lay their records before one send; empty between two operations.
    static std::string& cork() {
        static thread_local std::string bytes;
        return bytes;
    }
    static constexpr std::size_t gather_bytes = 4 * record_bytes;
    bool corked_ = false;
    std::string sealed_;       // ciphertext that the socket did not take yet
    std::size_t accepted_ = 0; // plain text bytes behind it
    int errno_ = 0;
};

// Turns readiness in either direction into another look at the handshake.
Task<Result<void>> shake_hands(TlsStream& stream, std::int64_t deadline_ms) {
    while (true) {
        const Result<bool> done = stream.handshake();
        if (!done) co_return std::unexpected(done.error());
        if (*done) co_return {};
        // Handshake flights fit the socket's buffer, so what is missing is the peer's next flight.
        const Result<void> more = co_await stream.readable(deadline_ms);
        if (!more) co_return std::unexpected(more.error());
    }
}

Result<std::unique_ptr<TlsStream>> make_stream(Loop& loop, int descriptor, ErrorSource side, std::string peer,
                                               std::shared_ptr<const TlsContext> context) {
    auto stream = std::make_unique<TlsStream>(loop, descriptor, side, std::move(peer), std::move(context));
    if (auto watched = loop.watch(descriptor, *stream); !watched) return std::unexpected(watched.error());
    return stream;
}

int choose_http1(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                 unsigned offered_length, void*) {
    static constexpr unsigned char http1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* selected = nullptr;
    if (SSL_select_next_proto(&selected, length, http1, sizeof http1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen = selected;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* make_context(const SSL_METHOD* method) {
    SSL_CTX* context = SSL_CTX_new(method);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_default_read_buffer_len(context, 4 * 16 * 1024); // several records a system call; given back when empty
    return context;
}

void serve_http1(SSL_CTX* context) {
    SSL_CTX_set_alpn_select_cb(context, choose_http1, nullptr);
    SSL_CTX_set_num_tickets(context, 1);
}

} // namespace

TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                             const std::string& key_file) {
    SSL_CTX* context = make_context(TLS_server_method());
    std::shared_ptr<const TlsContext> made(new TlsContext(context));
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
        return fail(ErrorKind::invalid, "cannot use the certificate " + certificate_file + ": " + library_error());
    if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        return fail(ErrorKind::invalid, "cannot use the private key " + key_file + ": " + library_error());
    if (SSL_CTX_check_private_key(context) != 1)
        return fail(ErrorKind::invalid, "the key " + key_file + " does not belong to " + certificate_file);
    serve_http1(context);
    return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server_of(std::string_view certificate_pem,
                                                                const Secret& key_pem) {
    SSL_CTX* context = make_context(TLS_server_method());
    std::shared_ptr<const TlsContext> made(new TlsContext(context));
    const auto reader = [](std::string_view pem) {
        return std::unique_ptr<BIO, decltype(&BIO_free)>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                         &BIO_free);
    };
    const auto certificates = reader(certificate_pem), key = reader(key_pem.reveal());
    std::unique_ptr<X509, decltype(&X509_free)> leaf(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr),
                                                     &X509_free);
    if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1)
        return fail(ErrorKind::invalid, "cannot use a certificate: " + library_error());
    while (X509* above = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr))
        if (SSL_CTX_add0_chain_cert(context, above) != 1) {
            X509_free(above);
            return fail(ErrorKind::invalid, "cannot use a certificate's chain: " + library_error());
        }
    ERR_clear_error(); // the end of the texts
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(
        PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    if (!pair || SSL_CTX_use_PrivateKey(context, pair.get()) != 1)
        return fail(ErrorKind::invalid, "cannot use a certificate's key: " + library_error());
    serve_http1(context);
    return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const std::string& ca_file) {
    SSL_CTX* context = make_context(TLS_client_method());
    std::shared_ptr<const TlsContext> made(new TlsContext(context));
    const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                       : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
    if (loaded != 1)
        return fail(ErrorKind::invalid, "cannot read the trusted certificates " + ca_file + ": " + library_error());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    static constexpr unsigned char http1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context, http1, sizeof http1);
    return made;
}

Task<Result<std::unique_ptr<Stream>>> accept_tls(Loop& loop, int descriptor, std::shared_ptr<const TlsContext> context,
                                                 std::string peer, std::int64_t deadline_ms) {
    auto stream = make_stream(loop, descriptor, ErrorSource::client, std::move(peer), std::move(context));
    if (!stream) co_return std::unexpected(stream.error());
    SSL_set_accept_state((*stream)->ssl());
    const Result<void> shaken = co_await shake_hands(**stream, deadline_ms);
    if (!shaken) co_return std::unexpected(shaken.error());
    co_return std::move(*stream);
}

Task<Result<std::unique_ptr<Stream>>> connect_tls(Loop& loop, int descriptor, std::shared_ptr<const TlsContext> context,
                                                  std::string host, std::string peer, std::int64_t deadline_ms) {
    auto stream = make_stream(loop, descriptor, ErrorSource::upstream, std::move(peer), std::move(context));
    if (!stream) co_return std::unexpected(stream.error());
    SSL* ssl = (*stream)->ssl();
    unsigned char numeric[16];
    const bool is_address =
        ::inet_pton(AF_INET, host.c_str(), numeric) == 1 || ::inet_pton(AF_INET6, host.c_str(), numeric) == 1;
    if (is_address) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    } else {
        SSL_set_tlsext_host_name(ssl, host.c_str());
        SSL_set1_host(ssl, host.c_str());
    }
    SSL_set_connect_state(ssl);
    const Result<void> shaken = co_await shake_hands(**stream, deadline_ms);
    if (!shaken) co_return std::unexpected(shaken.error());
    co_return std::move(*stream);
}

} // namespace sallyport::net
