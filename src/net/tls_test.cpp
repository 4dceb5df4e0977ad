// TLS handshakes between our own two sides, and with peers that behave badly.
#include "net/tls.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sallyport::net {

void make_certificate(const std::string& stem, const std::string& issuer, const std::string& names, long begin_s,
                      long end_s);

namespace {

using Context = std::shared_ptr<const TlsContext>;
using Secured = Result<std::unique_ptr<Stream>>;
constexpr std::int64_t long_ms = 60'000; // only reached by what is broken
constexpr long day_s = 86'400;

class Tls : public testing::Test {
public:
    Tls() {
        std::string name = testing::TempDir() + "tls_XXXXXX";
        folder_ = std::string(::mkdtemp(name.data())) + "/";
        make_certificate(folder_ + "ca", "", "CA", -day_s, day_s);
        make_certificate(folder_ + "other-ca", "", "CA", -day_s, day_s);
        make_certificate(folder_ + "local", folder_ + "ca", "DNS:localhost,DNS:*.acme.example,IP:127.0.0.1,IP:::1",
                         -day_s, day_s);
        make_certificate(folder_ + "expired", folder_ + "ca", "DNS:localhost", -2 * day_s, -day_s);
        make_certificate(folder_ + "future", folder_ + "ca", "DNS:localhost", day_s, 2 * day_s);
    }
    ~Tls() override { std::filesystem::remove_all(folder_); }

    Context server(const std::string& stem) const {
        return *TlsContext::server(folder_ + stem + ".pem", folder_ + stem + ".key");
    }
    Context client(const std::string& ca = "ca") const { return *TlsContext::client(folder_ + ca + ".pem"); }

    static void sockets(int (&ends)[2], int flags) {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | flags, 0, ends), 0);
    }

    // Shakes hands over a socket pair; both results, or a bare loop that ended.
    struct Both {
        Secured near = fail(ErrorKind::internal, "did not end"), far = fail(ErrorKind::internal, "did not end");
        int open = 2;
    };
    static Task<void> near_side(Loop& loop, int descriptor, Context context, std::string host, Both& both) {
        both.near = co_await connect_tls(loop, descriptor, std::move(context), std::move(host), "near",
                                         loop.now_ms() + long_ms);
        if (!both.near) both.near.error().message.insert(0, "near: ");
        if (--both.open == 0) loop.stop();
    }
    static Task<void> far_side(Loop& loop, int descriptor, Context context, Both& both) {
        both.far = co_await accept_tls(loop, descriptor, std::move(context), "far", loop.now_ms() + long_ms);
        if (--both.open == 0) loop.stop();
    }
    void shake(Loop& loop, Context near, Context far, const std::string& host, Both& both) {
        int ends[2];
        sockets(ends, SOCK_NONBLOCK);
        loop.spawn(far_side(loop, ends[1], std::move(far), both));
        loop.spawn(near_side(loop, ends[0], std::move(near), host, both));
        loop.run();
    }
    // What the client side says to a server with that certificate.
    std::string refusal(const std::string& certificate, const std::string& host, const std::string& ca = "ca") {
        Loop loop;
        Both both;
        shake(loop, client(ca), server(certificate), host, both);
        if (both.near) return "";
        EXPECT_EQ(both.near.error().kind, ErrorKind::unavailable);
        EXPECT_EQ(both.near.error().source, ErrorSource::upstream);
        EXPECT_EQ(both.near.error().retry, Retry::other_upstream);
        EXPECT_FALSE(both.far); // TLS 1.3: by the client's alert
        return both.near.error().message;
    }
    std::string folder_;
};

TEST_F(Tls, ShakesHandsByNameWildcardAndAddress) {
    for (const char* host : {"localhost", "LOCALHOST", "git.acme.example", "127.0.0.1", "::1"}) {
        Loop loop;
        Both both;
        shake(loop, client(), server("local"), host, both);
        ASSERT_TRUE(both.near && both.far) << host << ": " << both.near.error().message;
        EXPECT_TRUE((*both.near)->is_tls() && (*both.far)->is_tls());
        EXPECT_EQ((*both.near)->side(), ErrorSource::upstream);
        EXPECT_EQ((*both.far)->side(), ErrorSource::client);
        EXPECT_EQ((*both.near)->peer(), "near");
    }
}

TEST_F(Tls, RefusesACertificateForAnotherHost) {
    for (const char* host : {"elsewhere.example", "acme.example", "a.b.acme.example", "localhost.evil.example",
                             "127.0.0.2", "::2", "local"})
        EXPECT_NE(refusal("local", host).find("mismatch"), std::string::npos) << host;
}

TEST_F(Tls, RefusesACertificateOfAnUnknownAuthority) {
    EXPECT_NE(refusal("local", "localhost", "other-ca").find("issuer"), std::string::npos);
    make_certificate(folder_ + "self", "", "DNS:localhost", -day_s, day_s);
    EXPECT_NE(refusal("self", "localhost").find("self"), std::string::npos); // "self-signed certificate"
}

TEST_F(Tls, RefusesACertificateBeforeAndAfterItsTime) {
    EXPECT_NE(refusal("expired", "localhost").find("expired"), std::string::npos);
    EXPECT_NE(refusal("future", "localhost").find("not yet valid"), std::string::npos);
}

// The peer's end as a plain descriptor, with a thread that does as it likes.
Secured against(Loop& loop, bool accepting, Context context, std::int64_t deadline_ms, std::function<void(int)> peer) {
    int ends[2];
    Tls::sockets(ends, 0);
    EXPECT_EQ(::fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    std::thread thread([&] { peer(ends[1]); });
    Secured result = fail(ErrorKind::internal, "did not end");
    loop.spawn(
        [](Loop& on, bool accepts, Context with, int descriptor, std::int64_t until_ms, Secured& into) -> Task<void> {
            if (accepts)
                into = co_await accept_tls(on, descriptor, std::move(with), "peer", until_ms);
            else
                into = co_await connect_tls(on, descriptor, std::move(with), "localhost", "peer", until_ms);
            on.stop();
        }(loop, accepting, std::move(context), ends[0], deadline_ms, result));
    loop.run();
    ::shutdown(ends[1], SHUT_RDWR);
    thread.join();
    ::close(ends[1]);
    return result;
}
void answers(int descriptor, std::string_view text) {
    char room[4096];
    EXPECT_GE(::recv(descriptor, room, sizeof room, 0), 0);
    ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    while (::recv(descriptor, room, sizeof room, 0) > 0) {
    }
}

TEST_F(Tls, TellsAPlainPeerFromATlsOne) {
    Loop clients, servers;
    EXPECT_FALSE(against(clients, false, client(), clients.now_ms() + long_ms, [](int descriptor) {
        answers(descriptor, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    }));
    const Secured plain = against(servers, true, server("local"), servers.now_ms() + long_ms, [](int descriptor) {
        ::send(descriptor, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, MSG_NOSIGNAL);
    });
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().source, ErrorSource::client);
}

TEST_F(Tls, FailsAgainstAPeerThatClosesOrIsSilent) {
    Loop closed, silent;
    EXPECT_FALSE(against(closed, false, client(), closed.now_ms() + long_ms,
                         [](int descriptor) { ::shutdown(descriptor, SHUT_RDWR); }));
    const Secured none = against(silent, true, server("local"), silent.now_ms() + 20, [](int descriptor) {
        char byte = 0;
        EXPECT_EQ(::recv(descriptor, &byte, 1, 0), 0);
    });
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::timeout);
}

// In a process of its own, with an alarm: what is broken here spins and could not be stopped otherwise.
void half_a_record(const Context& context) {
    ::alarm(20);
    Loop loop;
    const Secured cut = against(loop, true, context, loop.now_ms() + 200, [](int descriptor) {
        ::send(descriptor, "\x16\x03\x01\x02\x00\x01\x00\x01", 8, MSG_NOSIGNAL); // a ClientHello that is still to come
        char byte = 0;
        while (::recv(descriptor, &byte, 1, 0) > 0) {
        }
    });
    std::_Exit(!cut && cut.error().kind == ErrorKind::timeout ? 0 : 1);
}

TEST_F(Tls, DoesNotSpinOnHalfAHandshakeRecord) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(half_a_record(server("local")), testing::ExitedWithCode(0), "");
}

// Passes bytes on one by one, so that every record comes in pieces, as over a slow network.
void dribble(int from, int to) {
    char byte = 0;
    while (::recv(from, &byte, 1, 0) == 1)
        if (::send(to, &byte, 1, MSG_NOSIGNAL) != 1) break;
    ::shutdown(to, SHUT_WR);
}
void shake_over_a_slow_network(const Context& near, const Context& far) {
    ::alarm(60);
    int left[2], right[2];
    Tls::sockets(left, 0);
    Tls::sockets(right, 0);
    for (const int descriptor : {left[0], right[0]}) ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    std::thread there([&] { dribble(left[1], right[1]); }), back([&] { dribble(right[1], left[1]); });
    Loop loop;
    Tls::Both both;
    loop.spawn(Tls::far_side(loop, right[0], far, both));
    loop.spawn(Tls::near_side(loop, left[0], near, "localhost", both));
    loop.run();
    std::_Exit(both.near && both.far ? 0 : 1);
}

TEST_F(Tls, ShakesHandsThroughRecordsThatComeInPieces) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(shake_over_a_slow_network(client(), server("local")), testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace sallyport::net
