#include "sandbox/dialer.h"

#include "sandbox/inside.h"
#include "sandbox/message.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

constexpr timeval answered_within{0, 300'000}; // on one machine, and nothing of it waits
constexpr int connected_ms = 100;
constexpr std::size_t table_bytes_max = 1u << 20;

int connected(int family, std::uint16_t port) {
    const int out = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (out < 0) return -1;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    const bool is_v4 = family == AF_INET;
    const auto* address = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
    ::fcntl(out, F_SETFL, ::fcntl(out, F_GETFL) | O_NONBLOCK);
    if (::connect(out, address, is_v4 ? sizeof v4 : sizeof v6) == 0) return out;
    int why = errno;
    if (why == EINPROGRESS) { // a listener that takes no connections must not hold the dialer up
        pollfd ready{out, POLLOUT, 0};
        socklen_t length = sizeof why;
        if (::poll(&ready, 1, connected_ms) != 1)
            why = ETIMEDOUT;
        else if (::getsockopt(out, SOL_SOCKET, SO_ERROR, &why, &length) == 0 && why == 0)
            return out;
    }
    ::close(out);
    errno = why;
    return -1;
}

} // namespace

void be_dialer(int socket) {
    const int tables[] = {::open("/proc/self/net/tcp", O_RDONLY | O_CLOEXEC),
                          ::open("/proc/self/net/tcp6", O_RDONLY | O_CLOEXEC)};
    if (tables[0] < 0 || tables[1] < 0) ::_exit(1);
    if (!send(socket, 'N', "", {tables[0], tables[1]})) ::_exit(1);
    for (const int one : tables) ::close(one);
    while (true) {
        const Message asked = receive(socket);
        if (asked.letter == 0) ::_exit(0);
        std::uint16_t port = 0;
        std::from_chars(asked.text.data(), asked.text.data() + asked.text.size(), port);
        int made = connected(AF_INET, port);
        if (made < 0 && errno == ECONNREFUSED) made = connected(AF_INET6, port);
        const bool told = made >= 0 ? send(socket, 'S', "", {made})
                                    : send(socket, 'E', refused("connect to port " + std::to_string(port)));
        if (made >= 0) ::close(made);
        if (!told) ::_exit(0);
    }
}

Dialer::Dialer(int socket) : socket_(socket) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &answered_within, sizeof answered_within);
}

Dialer::~Dialer() {
    for (const int one : {socket_, tables_[0], tables_[1]})
        if (one >= 0) ::close(one);
}

// Told once the program begins.
bool Dialer::take_tables() {
    if (tables_[0] >= 0 || socket_ < 0) return tables_[0] >= 0;
    char looked = 0;
    if (::recv(socket_, &looked, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false; // not yet
    const Message told = receive(socket_);
    for (std::size_t i = 0; i < told.descriptors.size(); ++i) {
        if (told.letter == 'N' && i < tables_.size())
            tables_[i] = told.descriptors[i];
        else
            ::close(told.descriptors[i]);
    }
    if (tables_[1] >= 0) return true;
    ::close(std::exchange(socket_, -1));
    return false;
}

void add_listening(std::string_view table, std::vector<std::uint16_t>& out) {
    // "  0: 0100007F:1F90 00000000:0000 0A …": slot, local address and port in hexadecimal, remote, state; 0A is TCP_LISTEN.
    while (!table.empty()) {
        const std::string_view line = table.substr(0, table.find('\n'));
        table.remove_prefix(std::min(table.size(), line.size() + 1));
        const std::size_t slot = line.find(": ");
        if (slot == std::string_view::npos) continue;
        const std::string_view rest = line.substr(slot + 2);
        const std::size_t colon = rest.find(':'), space = rest.find(' ');
        if (colon == std::string_view::npos || space != colon + 5) continue;
        const std::size_t state = rest.find(' ', space + 1);
        if (state == std::string_view::npos || rest.substr(state + 1, 3) != "0A ") continue;
        std::uint16_t port = 0;
        const char* const end = rest.data() + space;
        if (std::from_chars(rest.data() + colon + 1, end, port, 16).ptr == end) out.push_back(port);
    }
}

std::vector<std::uint16_t> Dialer::listening() {
    std::vector<std::uint16_t> out;
    if (!take_tables()) return out;
    for (const int table : tables_) {
        std::string text(64 * 1024, '\0');
        std::size_t size = 0;
        while (size < table_bytes_max) {
            if (text.size() - size < 4'096) text.resize(text.size() * 2);
            const ssize_t count = ::pread(table, text.data() + size, text.size() - size, static_cast<off_t>(size));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) break;
            size += static_cast<std::size_t>(count);
        }
        add_listening(std::string_view(text).substr(0, size), out);
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

Result<int> Dialer::connect(std::uint16_t port) {
    const bool asked = take_tables() && send(socket_, 'C', std::to_string(port));
    const Message told = asked ? receive(socket_) : Message{};
    if (told.letter == 'S' && told.descriptors.size() == 1) return told.descriptors.front();
    for (const int one : told.descriptors) ::close(one);
    if (told.letter == 'E') return fail(ErrorKind::unavailable, "inside the boundary: " + told.text);
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    return fail(ErrorKind::unavailable, "the process that makes connections inside the boundary does not answer");
}

} // namespace sallyport::sandbox
