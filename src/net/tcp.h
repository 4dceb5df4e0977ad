// TCP: listening and connected sockets. IPv4 and IPv6; addresses are "host:port" with brackets around IPv6.
#pragma once

#include "base/network.h"
#include "net/stream.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::net {

struct HostPort {
    std::string host; // without brackets
    std::uint16_t port = 0;
    std::string text() const;
};
// "127.0.0.1:8080", "[::1]:0", "localhost:80".
Result<HostPort> parse_host_port(std::string_view text);

// An address the kernel understands.
struct SocketAddress {
    alignas(8) unsigned char bytes[128] = {}; // sockaddr_storage
    unsigned length = 0;
    std::string text() const;            // "unix" of a Unix socket
    std::optional<IpAddress> ip() const; // nothing of a Unix socket
    std::uint16_t port() const;
};
SocketAddress socket_address(const IpAddress& address, std::uint16_t port);
// Of a numeric address; no name is looked up.
Result<SocketAddress> numeric_address(const HostPort& where);

// Wraps a connected, non-blocking socket and watches it.
Result<std::unique_ptr<Stream>> make_tcp_stream(Loop& loop, int descriptor, ErrorSource side, std::string peer);

// co_await connect_tcp(…): a connected stream with TCP_NODELAY, side upstream.
Task<Result<std::unique_ptr<Stream>>> connect_tcp(Loop& loop, SocketAddress address, std::int64_t deadline_ms);

// One listening socket of one loop; several loops share a port by SO_REUSEPORT.
class Listener final : Watcher {
public:
    static Result<std::unique_ptr<Listener>> open(Loop& loop, const HostPort& where);
    // A socket that listens already, TCP or Unix; takes the descriptor, also where it fails.
    static Result<std::unique_ptr<Listener>> adopt(Loop& loop, int descriptor);
    ~Listener();

    // The next connection's descriptor and peer. Out of descriptors or memory: waits and goes on. Ends with `cancelled` after
    // close().
    struct Accepted {
        int descriptor = -1;
        std::string peer;
    };
    Task<Result<Accepted>> accept();
    void close(); // no new connections
    std::uint16_t port() const { return port_; }

private:
    Listener(Loop& loop, int descriptor, std::uint16_t port);
    void ready(std::uint32_t events) override;
    struct Ready;

    Loop& loop_;
    int descriptor_;
    std::uint16_t port_;
    std::coroutine_handle<> waiter_;
};

} // namespace sallyport::net
