// The proxy as a small process has it: one loop, a Unix socket that listens already. What goes over TCP and by whole programs is in
// test/e2e/test_forward*.py.
#include "egress/proxy.h"

#include "net/loop.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace sallyport::egress {
namespace {

constexpr timeval patience{10, 0};

struct Socket {
    int descriptor = -1;
    explicit Socket(int opened) : descriptor(opened) {
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~Socket() { ::close(descriptor); }
    Socket(const Socket&) = delete;
    void send(std::string_view text) const {
        EXPECT_EQ(static_cast<ssize_t>(text.size()), ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL));
    }
    std::string until(std::string_view mark) const {
        std::string got;
        char byte = 0;
        while (!got.ends_with(mark) && ::recv(descriptor, &byte, 1, 0) == 1) got += byte;
        return got;
    }
    std::string rest() const { return until("\xFF never"); }
};

// Accepts one connection and gives back what it gets, until its end.
struct Echo {
    int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    std::uint16_t port = 0;
    std::thread thread;
    Echo() {
        sockaddr_in where{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
        ::bind(listener, reinterpret_cast<sockaddr*>(&where), sizeof where);
        ::listen(listener, 4);
        socklen_t length = sizeof where;
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &length);
        port = ntohs(where.sin_port);
        thread = std::thread([this] {
            const int one = ::accept(listener, nullptr, nullptr);
            char bytes[4096];
            for (ssize_t count = 0; one >= 0 && (count = ::recv(one, bytes, sizeof bytes, 0)) > 0;)
                ::send(one, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
            if (one >= 0) ::close(one);
        });
    }
    ~Echo() {
        ::shutdown(listener, SHUT_RDWR);
        thread.join();
        ::close(listener);
    }
};

struct Run : testing::Test {
    std::unique_ptr<Receipts> receipts = std::move(*Receipts::open({}, Secret(std::string(32, 'k'))));
    Shared shared{*receipts};
    net::Loop loop;
    http::BufferPool buffers;
    sockaddr_un where{AF_UNIX, {}};
    std::unique_ptr<Proxy> proxy;
    std::thread thread;
    int asked = 0; // how often a name was looked up

    void SetUp() override {
        Settings settings;
        settings.rules = [] {
            static const auto rules = std::make_shared<
                const std::vector<policy::EgressRule>>(std::vector<policy::EgressRule>{
                {"here", {"host.example"}, {}, 31, {*parse_network("127.0.0.0/8")}, policy::Contact::allow, "a test"},
                {"elsewhere", {"rebound.example"}, {}, 31, {}, policy::Contact::allow, "public only"},
                {"opened", {"opened.example"}, {}, 31, {}, policy::Contact::intercept, "opened"}});
            return Rules{rules, policy::Class::internal};
        };
        settings.look_up = [this](net::Loop&, net::HostPort name) -> net::Task<Addresses> {
            return known(asked, name.port);
        };
        proxy = std::make_unique<Proxy>(loop, buffers, std::move(settings), shared);
        const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
        // An abstract name: nothing to clean up.
        const std::string name = "sallyport-proxy-test-" + std::to_string(::getpid());
        std::copy(name.begin(), name.end(), where.sun_path + 1);
        ASSERT_EQ(0, ::bind(listener, reinterpret_cast<sockaddr*>(&where), sizeof where));
        ASSERT_EQ(0, ::listen(listener, 8));
        ASSERT_TRUE(proxy->listen(listener));
        thread = std::thread([this] { loop.run(); });
    }
    void TearDown() override {
        loop.stop();
        thread.join();
        loop.abandon();
    }
    // Another answer each time: what is judged is dialled, not looked up again.
    static net::Task<Addresses> known(int& asked, std::uint16_t port) {
        const char* address = ++asked == 1 ? "127.0.0.1" : "192.0.2.1";
        co_return std::vector<net::SocketAddress>{net::socket_address(*parse_ip_address(address), port)};
    }
    int connected() const {
        const int one = ::socket(AF_UNIX, SOCK_STREAM, 0);
        EXPECT_EQ(0, ::connect(one, reinterpret_cast<const sockaddr*>(&where), sizeof where));
        return one;
    }
};

TEST_F(Run, ATunnelOverAUnixSocketGoesToTheAddressThatWasJudged) {
    Echo echo;
    const Socket client(connected());
    client.send("CONNECT host.example:" + std::to_string(echo.port) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ("HTTP/1.1 200 Connection established\r\n\r\n", client.until("\r\n\r\n"));
    client.send("hello\n");
    EXPECT_EQ("hello\n", client.until("\n"));
    ::shutdown(client.descriptor, SHUT_WR);
    EXPECT_EQ("", client.rest());
    EXPECT_EQ(1, asked);
    while (receipts->hosts()["host.example"].sent_bytes == 0) std::this_thread::yield();
    EXPECT_EQ("1 host, none refused", receipts->summary());
}

TEST_F(Run, WhatIsRefusedIsToldAndSummedUp) {
    const auto answer = [&](const std::string& target) {
        const Socket client(connected());
        client.send("CONNECT " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        return client.rest();
    };
    EXPECT_NE(std::string::npos, answer("evil.example:443").find("no egress rule of the policy allows it"));
    EXPECT_NE(std::string::npos, answer("rebound.example:443").find("127.0.0.1 is a loopback address"));
    EXPECT_NE(std::string::npos, answer("opened.example:443").find("no certificate authority"));
    EXPECT_EQ("3 hosts, 3 refused", receipts->summary().substr(0, 18));
}

} // namespace
} // namespace sallyport::egress
