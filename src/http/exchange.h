// One request and its response. HTTP/1.1 connections provide it today, others (HTTP/2, intercepted connections, tests) later;
// nobody above knows which.
//
// Order: read_body() at most once, then start(), write()…, the last write with `last`. Instead of the last write, abort() cuts the
// response off, so that the client cannot take it for whole. Lives on one loop, as long as the handler runs.
#pragma once

#include "base/buffer.h"
#include "base/limits.h"
#include "http/head.h"
#include "net/stream.h"
#include "net/task.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace sallyport::http {

// How a request came to us. Intercepted connections fill in more than direct ones. Views hold as long as the connection.
struct Arrival {
    bool intercepted = false;
    bool tls = false;
    std::string_view peer;          // "127.0.0.1:4242"
    std::string_view original_host; // of an intercepted connection, in lower case
    std::uint16_t original_port = 0;
    std::string_view key; // the company key that an intercepted connection was opened with; may be empty
};

class Exchange {
public:
    virtual ~Exchange() = default;
    virtual const RequestHead& head() const = 0;
    virtual net::Loop& loop() = 0;

    // Bytes the client says its body has; nullopt: it does not say (chunked).
    virtual std::optional<std::uint64_t> declared_length() const = 0;
    // Appends the whole body; says 100 Continue first where that is awaited. too_large (source client) beyond `bytes_max`.
    virtual net::Task<Result<void>> read_body(Buffer& into, std::size_t bytes_max) = 0;

    // The body piece by piece, instead of read_body(): appends what is there, at least a byte, or says that it was the last. Waits where nothing is.
    virtual net::Task<Result<bool>> read_part(Buffer& into) {
        const Result<void> read = co_await read_body(into, limits::request_body_bytes_max);
        if (!read) co_return std::unexpected(read.error());
        co_return true;
    }

    // After a CONNECT: the connection itself. The exchange is over then; its head goes with the call, and nothing may be written through
    // it. nullptr where there is none to give (HTTP/2), or bytes came behind the head already, before anybody answered.
    virtual std::unique_ptr<net::Stream> take_connection() { return nullptr; }

    // Composes the head; it leaves with the first write. `length` nullopt: as long as it takes. Fields that frame a message or
    // belong to one connection are left out of `fields` here.
    virtual void start(int status, std::string_view reason, std::span<const Field> fields,
                       std::optional<std::uint64_t> length) = 0;
    // `pieces` is used up. An error means that the client is gone.
    virtual net::Task<Result<void>> write(std::span<iovec> pieces, bool last) = 0;
    virtual bool started() const = 0;
    virtual void abort() = 0;

    // Called once when the client leaves before its answer is whole.
    virtual void on_gone(std::function<void()> listener) = 0;

    // A whole answer at once. `extra_headers`: complete lines, each with CRLF.
    virtual net::Task<Result<void>> respond(int status, std::string_view content_type, std::string_view extra_headers,
                                            std::string_view body) = 0;
};

using Handler = std::function<net::Task<void>(Exchange&, const Arrival&)>;

} // namespace sallyport::http
