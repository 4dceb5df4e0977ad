// The client's side of HTTP/1.1: a connection to an upstream, and the ones kept for reuse.
#pragma once

#include "base/secret.h"
#include "http/buffers.h"
#include "http/framing.h"
#include "http/server.h"
#include "net/dialer.h"
#include "net/tls.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::http {

// Where to connect. A proxy is spoken to with CONNECT for TLS and with absolute targets otherwise (RFC 9110 section 9.3.6).
struct Origin {
    bool tls = false;
    net::HostPort where;
    std::string authority; // for the Host header: the port only where it is not the scheme's
    std::optional<net::HostPort> proxy;
    Secret proxy_authorization; // "Basic …", may be empty
    std::shared_ptr<const net::TlsContext> tls_context;
};

class ClientConnection {
public:
    ClientConnection(std::unique_ptr<net::Stream> stream, BufferPool& buffers)
        : stream_(std::move(stream)), buffers_(buffers) {}
    ~ClientConnection() { buffers_.give(std::move(in_)); }

    // `pieces`: head and body; used up. A failure on a reused connection before any byte of an answer has
    // Retry::fresh_connection.
    net::Task<Result<void>> send(std::span<iovec> pieces, std::int64_t idle_ms);
    // The final response head (1xx are passed over); views stay valid until the first read_part().
    net::Task<Result<void>> read_head(ResponseHead& head, std::string_view request_method, std::int64_t deadline_ms);

    struct Part {
        std::span<iovec> pieces; // payload, valid until the next call; may be written from (it is used up)
        std::size_t bytes = 0;
        bool last = false;
    };
    // What of the body is there now; waits, holding no buffer, where nothing is.
    net::Task<Result<Part>> read_part(std::int64_t idle_ms);
    // Whether read_part() has something without waiting.
    bool part_is_here() const { return done_ || used_ < in_.size(); }
    const Framing& framing() const { return framing_; }

    bool reusable() const { return done_ && keep_alive_; }
    bool reused() const { return reused_; }
    net::Stream& stream() { return *stream_; }

private:
    friend class Pool;
    Result<void> take_payload(std::string_view bytes);
    Error lost(Error error) const;

    std::unique_ptr<net::Stream> stream_;
    BufferPool& buffers_;
    Buffer in_;
    std::size_t used_ = 0;
    Framing framing_;
    ChunkDecoder chunks_{ErrorSource::upstream};
    std::uint64_t left_ = 0;
    std::vector<iovec> pieces_;
    std::size_t part_bytes_ = 0;
    bool answer_begun_ = false;
    bool done_ = false;
    bool keep_alive_ = true;
    bool reused_ = false;
    std::int64_t idle_since_ms_ = 0;
};

// Connections to the origins, one pool per loop. Origins are known by a number the caller chose.
class Pool {
public:
    Pool(net::Loop& loop, net::Resolver& resolver, BufferPool& buffers)
        : loop_(loop), resolver_(resolver), buffers_(buffers) {}

    // A kept connection that is still open, unless `fresh`; else a new one.
    net::Task<Result<std::unique_ptr<ClientConnection>>> take(std::size_t id, const Origin& origin, bool fresh,
                                                              std::int64_t connect_ms);
    void give(std::size_t id, std::unique_ptr<ClientConnection> connection);
    // After a reload: connections of origins below `first_id` are closed, also those that come back later.
    void retire(std::size_t first_id);

private:
    net::Task<Result<std::unique_ptr<net::Stream>>> connect(const Origin& origin, std::int64_t deadline_ms);
    net::Loop& loop_;
    net::Resolver& resolver_;
    BufferPool& buffers_;
    std::size_t first_id_ = 0;
    std::map<std::size_t, std::vector<std::unique_ptr<ClientConnection>>> idle_;
};

} // namespace sallyport::http
