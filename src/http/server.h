// The server's side of HTTP/1.1: connections with keep-alive, one exchange at a time (pipelined requests wait their turn).
// One Server per loop.
#pragma once

#include "http/buffers.h"
#include "http/exchange.h"
#include "net/tcp.h"
#include "net/tls.h"

#include <atomic>
#include <memory>
#include <vector>

namespace sallyport::http {

struct Timeouts {
    std::int64_t head_ms = limits::head_ms_max;
    std::int64_t body_idle_ms = limits::body_idle_ms_max;
    std::int64_t keep_alive_ms = limits::keep_alive_ms_max;
    std::int64_t write_idle_ms = limits::write_idle_ms_max;
    std::int64_t connect_ms = limits::connect_ms_max;
    std::int64_t upstream_head_ms = limits::upstream_head_ms_max;
    std::int64_t upstream_idle_ms = limits::upstream_idle_ms_max;
};

class Server {
public:
    // `connections_max` is shared by the loops through `connections`, which counts the open ones.
    Server(net::Loop& loop, BufferPool& buffers, const Timeouts& timeouts, Handler handler,
           std::atomic<std::size_t>& connections, std::size_t connections_max);
    ~Server();

    // Accepts on `listener` until drain(). `tls` gives the context of the moment (it changes at a reload), or null for plain.
    using TlsNow = std::function<std::shared_ptr<const net::TlsContext>()>;
    void listen(std::unique_ptr<net::Listener> listener, TlsNow tls);
    // Serves a connection that came another way (behind a CONNECT), until it ends; `arrival` and `handler` are its own.
    net::Task<void> converse(std::unique_ptr<net::Stream> stream, Arrival arrival, Handler handler);
    // Takes whole URLs as targets, as a proxy does. Before listen().
    void take_urls() { targets_ = Targets::urls_too; }
    // Told of what no exchange was made of, since its head could not be read.
    using Unreadable = std::function<void(std::string_view peer, const Error&)>;
    void on_unreadable(Unreadable told) { unreadable_ = std::move(told); }
    // No new connections, idle ones closed, busy ones closed after their exchange.
    void drain();
    // Ends what still runs: every exchange sees its client leave, and comes to its own end.
    void cut();

private:
    class Connection;
    friend class Connection;
    net::Task<void> accept_from(net::Listener& listener, TlsNow tls);
    net::Task<void> serve(int descriptor, std::string peer, std::shared_ptr<const net::TlsContext> tls);

    net::Loop& loop_;
    BufferPool& buffers_;
    Timeouts timeouts_;
    Handler handler_;
    std::atomic<std::size_t>& connections_;
    std::size_t connections_max_;
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    Targets targets_ = Targets::paths;
    Unreadable unreadable_;
    Connection* first_ = nullptr; // list of the open ones
    bool draining_ = false;
};

} // namespace sallyport::http
