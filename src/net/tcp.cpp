#include "net/tcp.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sallyport::net {

namespace {

class TcpStream final : public Stream {
public:
    TcpStream(Loop& loop, int descriptor, ErrorSource side, std::string peer)
        : Stream(loop, descriptor, side, std::move(peer)) {}

private:
    Io try_read(std::span<char> room) override {
        if (!may_read_) return {};
        while (true) {
            const ssize_t count = ::recv(descriptor(), room.data(), room.size(), 0);
            if (count >= 0) {
                // A short read drained the socket; the next bytes come with an edge of their own, an end already came with one.
                if (static_cast<std::size_t>(count) < room.size() && !hung_up()) may_read_ = false;
                return {Io::State::done, static_cast<std::size_t>(count)};
            }
            if (errno == EINTR) continue;
            if (errno == EAGAIN) {
                may_read_ = false;
                return {};
            }
            errno_ = errno;
            return {Io::State::failed, 0};
        }
    }

    Io try_write(std::span<const iovec> pieces) override {
        if (!may_write_) return {};
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(pieces.data());
        message.msg_iovlen = std::min<std::size_t>(pieces.size(), pieces_max);
        while (true) {
            const ssize_t count = ::sendmsg(descriptor(), &message, MSG_NOSIGNAL);
            if (count >= 0) return {Io::State::done, static_cast<std::size_t>(count)};
            if (errno == EINTR) continue;
            if (errno == EAGAIN) {
                may_write_ = false;
                return {};
            }
            errno_ = errno;
            return {Io::State::failed, 0};
        }
    }

    std::string failure() override { return std::generic_category().message(errno_ != 0 ? errno_ : ECONNRESET); }

    bool can_splice() const override { return true; }
    Io splice_to(int pipe, std::size_t bytes_max) override { return splice(descriptor(), pipe, bytes_max, may_read_); }
    Io splice_from(int pipe, std::size_t bytes_max) override {
        return splice(pipe, descriptor(), bytes_max, may_write_);
    }

    Io splice(int from, int to, std::size_t bytes_max, bool& may) {
        if (!may) return {};
        while (true) {
            const ssize_t count = ::splice(from, nullptr, to, nullptr, bytes_max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            if (count >= 0) return {Io::State::done, static_cast<std::size_t>(count)};
            if (errno == EINTR) continue;
            if (errno == EAGAIN) { // the pipe has room, or bytes: it is the socket that has none
                may = false;
                return {};
            }
            errno_ = errno;
            return {Io::State::failed, 0};
        }
    }

    static constexpr std::size_t pieces_max = 1024;
    int errno_ = 0;
};

void set_option(int descriptor, int level, int name, int value) {
    // A refused option costs speed at worst.
    [[maybe_unused]] const int result = ::setsockopt(descriptor, level, name, &value, sizeof value);
}

// Waits for the connection to be made or refused; afterwards the descriptor is unwatched again.
class ConnectWait final : Watcher {
public:
    ConnectWait(Loop& loop, std::int64_t deadline_ms)
        : loop_(loop), timer_(loop, &ConnectWait::expired, this), deadline_ms_(deadline_ms) {}
    ~ConnectWait() { loop_.unwatch(descriptor_, *this); } // the stream that follows is watched itself
    Result<void> watch(int descriptor) {
        descriptor_ = descriptor;
        return loop_.watch(descriptor, *this);
    }
    bool await_ready() const { return ready_; }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = waiter;
        timer_.set(deadline_ms_);
    }
    bool await_resume() const { return ready_; }

private:
    void ready(std::uint32_t) override {
        ready_ = true;
        if (waiter_) std::exchange(waiter_, {}).resume();
    }
    static void expired(void* self) {
        auto& wait = *static_cast<ConnectWait*>(self);
        if (wait.waiter_) std::exchange(wait.waiter_, {}).resume();
    }
    Loop& loop_;
    Timer timer_;
    std::int64_t deadline_ms_;
    int descriptor_ = -1;
    bool ready_ = false;
    std::coroutine_handle<> waiter_;
};

} // namespace

std::string HostPort::text() const {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Result<HostPort> parse_host_port(std::string_view text) {
    const auto bad = [&] {
        return fail(ErrorKind::invalid,
                    "'" + std::string(text) + "' is not an address; write host:port, such as 127.0.0.1:8080");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return bad();
    HostPort where;
    std::string_view host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return bad();
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), where.port);
    if (code != std::errc() || end != digits.data() + digits.size() || host.empty()) return bad();
    where.host = host;
    return where;
}

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
    SocketAddress made;
    if (address.is_v4()) {
        auto* v4 = reinterpret_cast<sockaddr_in*>(made.bytes);
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        std::memcpy(&v4->sin_addr, address.bytes.data() + 12, 4);
        made.length = sizeof(sockaddr_in);
    } else {
        auto* v6 = reinterpret_cast<sockaddr_in6*>(made.bytes);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        std::memcpy(&v6->sin6_addr, address.bytes.data(), 16);
        made.length = sizeof(sockaddr_in6);
    }
    return made;
}

std::optional<IpAddress> SocketAddress::ip() const {
    IpAddress address;
    const auto* any = reinterpret_cast<const sockaddr*>(bytes);
    if (any->sa_family == AF_INET) {
        address = ipv4(ntohl(reinterpret_cast<const sockaddr_in*>(bytes)->sin_addr.s_addr));
    } else if (any->sa_family == AF_INET6) {
        std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(bytes)->sin6_addr, 16);
    } else {
        return {};
    }
    return address;
}

std::uint16_t SocketAddress::port() const {
    const auto* any = reinterpret_cast<const sockaddr*>(bytes);
    if (any->sa_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(bytes)->sin_port);
    if (any->sa_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(bytes)->sin6_port);
    return 0;
}

std::string SocketAddress::text() const {
    char host[INET6_ADDRSTRLEN] = {};
    const auto* any = reinterpret_cast<const sockaddr*>(bytes);
    if (any->sa_family == AF_UNIX) return "unix";
    if (any->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(bytes);
        ::inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        return HostPort{host, ntohs(v4->sin_port)}.text();
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(bytes);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    return HostPort{host, ntohs(v6->sin6_port)}.text();
}

Result<SocketAddress> numeric_address(const HostPort& where) {
    SocketAddress address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(address.bytes);
    if (::inet_pton(AF_INET, where.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(where.port);
        address.length = sizeof(sockaddr_in);
        return address;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(address.bytes);
    if (::inet_pton(AF_INET6, where.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(where.port);
        address.length = sizeof(sockaddr_in6);
        return address;
    }
    return fail(ErrorKind::invalid, "'" + where.host + "' is not a numeric address");
}

Result<std::unique_ptr<Stream>> make_tcp_stream(Loop& loop, int descriptor, ErrorSource side, std::string peer) {
    auto stream = std::make_unique<TcpStream>(loop, descriptor, side, std::move(peer));
    if (auto watched = loop.watch(descriptor, *stream); !watched) return std::unexpected(watched.error());
    return stream;
}

Task<Result<std::unique_ptr<Stream>>> connect_tcp(Loop& loop, SocketAddress address, std::int64_t deadline_ms) {
    const auto* name = reinterpret_cast<const sockaddr*>(address.bytes);
    const int descriptor = ::socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) co_return fail_errno("cannot make a socket", ErrorSource::gateway, Retry::other_upstream);
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    const std::string peer = address.text();
    const auto refused = [&](const std::string& why) {
        ::close(descriptor);
        return fail(ErrorKind::unavailable, "cannot connect to " + peer + ": " + why, ErrorSource::upstream,
                    Retry::other_upstream);
    };
    int error = ::connect(descriptor, name, address.length) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        bool answered = false;
        {
            ConnectWait wait(loop, deadline_ms);
            const Result<void> watched = wait.watch(descriptor);
            if (!watched) co_return refused(watched.error().message);
            answered = co_await wait;
        }
        socklen_t length = sizeof error;
        if (!answered || ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = ETIMEDOUT;
    }
    if (error != 0) co_return refused(std::generic_category().message(error));
    auto stream = make_tcp_stream(loop, descriptor, ErrorSource::upstream, peer);
    co_return stream;
}

Listener::Listener(Loop& loop, int descriptor, std::uint16_t port)
    : loop_(loop), descriptor_(descriptor), port_(port) {}

Listener::~Listener() { close(); }

void Listener::close() {
    if (descriptor_ < 0) return;
    loop_.forget(*this);
    ::close(std::exchange(descriptor_, -1));
    if (waiter_) std::exchange(waiter_, {}).resume();
}

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const HostPort& where) {
    HostPort numeric = where;
    if (where.host == "localhost") numeric.host = "127.0.0.1";
    const Result<SocketAddress> address = numeric_address(numeric);
    if (!address) return fail(ErrorKind::invalid, "cannot listen on " + where.text() + ": give a numeric address");
    const auto* name = reinterpret_cast<const sockaddr*>(address->bytes);
    const int descriptor = ::socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return fail_errno("cannot make a socket");
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1); // inherited by what is accepted
    if (::bind(descriptor, name, address->length) != 0 || ::listen(descriptor, 4096) != 0) {
        auto failed = fail_errno("cannot listen on " + where.text());
        ::close(descriptor);
        return failed;
    }
    return adopt(loop, descriptor);
}

Result<std::unique_ptr<Listener>> Listener::adopt(Loop& loop, int descriptor) {
    SocketAddress bound;
    socklen_t length = sizeof bound.bytes;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(bound.bytes), &length);
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
        auto failed = fail_errno("cannot use the listening socket");
        ::close(descriptor);
        return failed;
    }
    std::unique_ptr<Listener> listener(new Listener(loop, descriptor, bound.port()));
    if (auto watched = loop.watch(descriptor, *listener); !watched) return std::unexpected(watched.error());
    return listener;
}

struct Listener::Ready {
    Listener& listener;
    bool await_ready() const { return listener.descriptor_ < 0; }
    void await_suspend(std::coroutine_handle<> waiter) { listener.waiter_ = waiter; }
    void await_resume() const {}
    explicit Ready(Listener& its_listener) : listener(its_listener) {}
    ~Ready() { listener.waiter_ = {}; } // abandoned: nobody to resume
};

void Listener::ready(std::uint32_t) {
    if (waiter_) std::exchange(waiter_, {}).resume();
}

Task<Result<Listener::Accepted>> Listener::accept() {
    while (true) {
        if (descriptor_ < 0) co_return fail(ErrorKind::cancelled, "the listener was closed");
        SocketAddress peer;
        socklen_t length = sizeof peer.bytes;
        const int descriptor =
            ::accept4(descriptor_, reinterpret_cast<sockaddr*>(peer.bytes), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            peer.length = length;
            co_return Accepted{descriptor, peer.text()};
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            co_await Sleep(loop_, 50); // the backlog keeps what comes; descriptors come back as connections end
            continue;
        }
        co_await Ready{*this};
    }
}

} // namespace sallyport::net
