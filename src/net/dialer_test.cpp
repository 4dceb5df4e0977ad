// Addresses, listening, connecting, names.
#include "net/dialer.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sallyport::net {
namespace {

constexpr std::int64_t long_ms = 60'000; // only reached by what is broken

void run(Loop& loop, Task<void> task) {
    loop.spawn([](Loop& on, Task<void> inner) -> Task<void> {
        co_await inner;
        on.stop();
    }(loop, std::move(task)));
    loop.run();
}

TEST(HostPort, IsReadAndWritten) {
    struct Row {
        const char *text, *host;
        std::uint16_t port;
    };
    for (const Row& row :
         {Row{"127.0.0.1:8080", "127.0.0.1", 8080}, Row{"[::1]:0", "::1", 0}, Row{"localhost:80", "localhost", 80},
          Row{"api.example:65535", "api.example", 65535}, Row{"[fe80::1]:443", "fe80::1", 443}}) {
        const auto where = parse_host_port(row.text);
        ASSERT_TRUE(where) << row.text;
        EXPECT_EQ(where->host, row.host);
        EXPECT_EQ(where->port, row.port);
        EXPECT_EQ(where->text(), row.text);
    }
    for (const char* text : {"", ":", "host", "host:", ":80", "host:65536", "host:-1", "host:+1", "host: 80",
                             "host:80x", "host:8 0", "::1:80", "::1", "[]:80", "[::1]", "[::1]x:80"}) {
        const auto where = parse_host_port(text);
        ASSERT_FALSE(where) << text;
        EXPECT_EQ(where.error().kind, ErrorKind::invalid);
        EXPECT_NE(where.error().message.find("host:port"), std::string::npos);
    }
}

TEST(SocketAddress, IsOfNumericAddressesOnly) {
    EXPECT_EQ(numeric_address({"127.0.0.1", 80})->text(), "127.0.0.1:80");
    EXPECT_EQ(numeric_address({"::1", 443})->text(), "[::1]:443");
    EXPECT_EQ(numeric_address({"0:0:0:0:0:0:0:1", 1})->text(), "[::1]:1");
    for (const char* host : {"localhost", "", "127.1", "127.0.0.256", "0x7f.0.0.1", "::g"})
        EXPECT_FALSE(numeric_address({host, 80})) << host;
}

class Loopback : public testing::Test {
public:
    std::unique_ptr<Listener> open(Loop& loop, std::uint16_t port = 0, const char* host = "127.0.0.1") {
        auto listener = Listener::open(loop, {host, port});
        EXPECT_TRUE(listener) << listener.error().message;
        return listener ? std::move(*listener) : nullptr;
    }
};

Task<void> accepts(Listener& listener, int count, std::vector<Listener::Accepted>& into, ErrorKind* ended) {
    for (int i = 0; i < count; ++i) {
        auto accepted = co_await listener.accept();
        if (!accepted) {
            if (ended != nullptr) *ended = accepted.error().kind;
            co_return;
        }
        into.push_back(std::move(*accepted));
    }
}

TEST_F(Loopback, AcceptsWhatConnects) {
    Loop loop;
    const auto listener = open(loop);
    ASSERT_NE(listener->port(), 0);
    std::vector<Listener::Accepted> accepted;
    loop.spawn(accepts(*listener, 100, accepted, nullptr));
    run(loop, [](Loop& on, std::uint16_t port, std::vector<Listener::Accepted>& all) -> Task<void> {
        std::vector<std::unique_ptr<Stream>> streams;
        for (int i = 0; i < 100; ++i) { // more than one edge, several connections on each
            auto stream = co_await connect_tcp(on, *numeric_address({"127.0.0.1", port}), on.now_ms() + long_ms);
            EXPECT_TRUE(stream);
            if (!stream) co_return;
            EXPECT_EQ((*stream)->side(), ErrorSource::upstream);
            EXPECT_EQ((*stream)->peer(), "127.0.0.1:" + std::to_string(port));
            streams.push_back(std::move(*stream));
        }
        while (all.size() < 100) co_await Sleep(on, 1);
    }(loop, listener->port(), accepted));
    for (const auto& one : accepted) {
        EXPECT_TRUE(one.peer.starts_with("127.0.0.1:"));
        EXPECT_NE(::fcntl(one.descriptor, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(::fcntl(one.descriptor, F_GETFD) & FD_CLOEXEC, 0);
        ::close(one.descriptor);
    }
}

TEST_F(Loopback, StopsAcceptingOnceClosed) {
    Loop loop;
    auto listener = open(loop);
    const std::uint16_t port = listener->port();
    std::vector<Listener::Accepted> accepted;
    ErrorKind waiting = ErrorKind::internal, later = ErrorKind::internal;
    loop.spawn(accepts(*listener, 1, accepted, &waiting));
    listener->close();
    EXPECT_EQ(waiting, ErrorKind::cancelled);
    loop.spawn(accepts(*listener, 1, accepted, &later));
    EXPECT_EQ(later, ErrorKind::cancelled);
    run(loop, [](Loop& on, std::uint16_t closed) -> Task<void> {
        const auto refused = co_await connect_tcp(on, *numeric_address({"127.0.0.1", closed}), on.now_ms() + long_ms);
        EXPECT_TRUE(!refused && refused.error().kind == ErrorKind::unavailable &&
                    refused.error().source == ErrorSource::upstream && refused.error().retry == Retry::other_upstream);
        if (!refused) EXPECT_NE(refused.error().message.find("127.0.0.1:" + std::to_string(closed)), std::string::npos);
    }(loop, port));
}

TEST_F(Loopback, SharesAPortAmongLoops) {
    Loop first, second;
    const auto one = open(first);
    const auto two = open(second, one->port());
    EXPECT_EQ(two->port(), one->port());
}

TEST_F(Loopback, SaysWhyItCannotListen) {
    Loop loop;
    const int taken = ::socket(AF_INET, SOCK_STREAM, 0); // by somebody who does not share
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(::listen(taken, 1), 0);
    ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &length), 0);
    const HostPort where{"127.0.0.1", ntohs(address.sin_port)};
    const auto busy = Listener::open(loop, where);
    ASSERT_FALSE(busy);
    EXPECT_NE(busy.error().message.find(where.text()), std::string::npos);
    EXPECT_NE(busy.error().message.find("in use"), std::string::npos);
    ::close(taken);
    const auto named = Listener::open(loop, {"some.name.example", 80});
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().kind, ErrorKind::invalid);
    EXPECT_TRUE(Listener::open(loop, {"localhost", 0}));
}

// A host that drops what is sent to it: a listener whose backlog is full.
TEST_F(Loopback, ConnectingEndsAtItsDeadline) {
    const int full = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* name = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(full, name, length), 0);
    ASSERT_EQ(::listen(full, 0), 0);
    ASSERT_EQ(::getsockname(full, name, &length), 0);
    std::vector<int> fillers;
    for (int i = 0; i < 4; ++i) {
        fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        ::connect(fillers.back(), name, length);
    }
    Loop loop;
    run(loop, [](Loop& on, std::uint16_t port) -> Task<void> {
        const auto none = co_await connect_tcp(on, *numeric_address({"127.0.0.1", port}), on.now_ms() + 30);
        EXPECT_TRUE(!none && none.error().kind == ErrorKind::unavailable &&
                    none.error().retry == Retry::other_upstream);
    }(loop, ntohs(address.sin_port)));
    for (const int filler : fillers) ::close(filler);
    ::close(full);
}

TEST_F(Loopback, DialsNamesAndAddresses) {
    Loop loop;
    Resolver resolver;
    const auto listener = open(loop);
    run(loop, [](Loop& on, Resolver& names, std::uint16_t port) -> Task<void> {
        for (const char* host : {"127.0.0.1", "localhost", "localhost"}) {
            auto stream = co_await dial(on, names, {host, port}, on.now_ms() + long_ms);
            EXPECT_TRUE(stream) << host << ": " << stream.error().message;
        }
        auto refused = co_await dial(on, names, {"127.0.0.1", 1}, on.now_ms() + long_ms);
        EXPECT_TRUE(!refused && refused.error().kind == ErrorKind::unavailable &&
                    refused.error().retry == Retry::other_upstream);
    }(loop, resolver, listener->port()));
}

TEST_F(Loopback, DialsIpv6) {
    Loop loop;
    Resolver resolver;
    auto listener = Listener::open(loop, {"::1", 0});
    if (!listener) GTEST_SKIP() << "no IPv6 here: " << listener.error().message;
    run(loop, [](Loop& on, Resolver& names, std::uint16_t port) -> Task<void> {
        auto stream = co_await dial(on, names, {"::1", port}, on.now_ms() + long_ms);
        EXPECT_TRUE(stream);
        if (stream) EXPECT_EQ((*stream)->peer(), "[::1]:" + std::to_string(port));
    }(loop, resolver, (*listener)->port()));
}

TEST(Resolver, SaysWhichHostItCannotFind) {
    Loop loop;
    Resolver resolver;
    run(loop, [](Loop& on, Resolver& names) -> Task<void> {
        const std::string no_name(70, 'a'); // a label of more than 63 characters: nobody is asked
        for (int i = 0; i < 2; ++i) {
            const auto found = co_await names.resolve(on, {no_name, 443});
            EXPECT_TRUE(!found && found.error().kind == ErrorKind::unavailable &&
                        found.error().source == ErrorSource::upstream && found.error().retry == Retry::other_upstream);
            if (!found) EXPECT_NE(found.error().message.find(no_name), std::string::npos);
        }
    }(loop, resolver));
}

Task<void> resolves(Loop& loop, Resolver& resolver, int& found, int until) {
    const auto addresses = co_await resolver.resolve(loop, {"localhost", 80});
    if (addresses && !addresses->empty()) ++found;
    if (found == until) loop.stop();
}

TEST(Resolver, AnswersManyAtOnceOnSeveralLoops) {
    Resolver resolver;
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            Loop loop;
            int found = 0;
            for (int i = 0; i < 100; ++i) loop.spawn(resolves(loop, resolver, found, 100));
            if (found < 100) loop.run();
            if (found == 100) ++right;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, 3);
}

} // namespace
} // namespace sallyport::net
