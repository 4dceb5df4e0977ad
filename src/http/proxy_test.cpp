// Through the company's proxy: CONNECT for TLS, the proxy's own address for plain requests.
#include "http/client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sallyport::http {
namespace {

using net::Loop;
using net::Task;
constexpr std::int64_t long_ms = 15'000; // only reached by what is broken

// A TLS server of ours, and a proxy in front of it that answers as scripted and then passes bytes on.
class Proxy : public testing::Test {
public:
    Proxy() : pool_(loop_, resolver_, buffers_) {
        std::string name = testing::TempDir() + "proxy_XXXXXX";
        const std::string folder = ::mkdtemp(name.data());
        const std::string make =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
            "-addext subjectAltName=DNS:localhost -keyout " +
            folder + "/key -out " + folder + "/cert 2>/dev/null";
        EXPECT_EQ(std::system(make.c_str()), 0) << make;
        const auto context = *net::TlsContext::server(folder + "/cert", folder + "/key");
        origin_.tls_context = *net::TlsContext::client(folder + "/cert");
        std::filesystem::remove_all(folder);
        server_ = std::make_unique<Server>(
            loop_, buffers_, Timeouts{},
            [](Exchange& exchange, const Arrival&) -> Task<void> {
                const Result<void> done = co_await exchange.respond(200, {}, {}, "from behind the proxy");
                EXPECT_TRUE(done);
            },
            connections_, 100);
        auto behind = std::move(*net::Listener::open(loop_, {"127.0.0.1", 0}));
        proxy_ = std::move(*net::Listener::open(loop_, {"127.0.0.1", 0}));
        origin_.tls = true;
        origin_.where = {"localhost", behind->port()};
        origin_.authority = origin_.where.text();
        origin_.proxy = net::HostPort{"127.0.0.1", proxy_->port()};
        behind_ = {"127.0.0.1", behind->port()};
        server_->listen(std::move(behind), [context] { return context; });
        loop_.spawn([](Proxy& t) -> Task<void> {
            while (true) {
                const auto accepted = co_await t.proxy_->accept();
                if (!accepted) co_return;
                ++t.accepted_;
                t.loop_.spawn(tunnel(t, accepted->descriptor));
            }
        }(*this));
    }
    static Task<void> pass_on(net::Stream& from, net::Stream& to) {
        char room[16 * 1024];
        while (true) {
            const Result<std::size_t> count = co_await from.read(room, net::never_ms);
            if (!count || *count == 0) break;
            const Result<void> written = co_await to.write(std::string_view(room, *count), net::never_ms);
            if (!written) break;
        }
        to.shut_down();
    }
    static Task<void> tunnel(Proxy& t, int descriptor) {
        const auto client = std::move(*net::make_tcp_stream(t.loop_, descriptor, ErrorSource::client, "client"));
        char room[4096];
        while (!t.asked_.ends_with("\r\n\r\n")) {
            const Result<std::size_t> count = co_await client->read(room, net::never_ms);
            if (!count || *count == 0) co_return;
            t.asked_.append(room, *count);
        }
        const Result<void> sent = co_await client->write(t.says_, net::never_ms);
        if (!sent || !t.passes_on_) co_return;
        auto server = std::move(*co_await net::connect_tcp(t.loop_, *net::numeric_address(t.behind_), net::never_ms));
        int ended = 0;
        t.loop_.spawn([](net::Stream& from, net::Stream& to, int& count) -> Task<void> {
            co_await pass_on(from, to);
            ++count;
        }(*server, *client, ended));
        co_await pass_on(*client, *server);
        while (ended == 0) co_await net::Sleep(t.loop_, 1);
    }
    // Through the proxy: the body that came, or why not.
    Result<std::string> ask() {
        Result<std::string> received = fail(ErrorKind::internal, "did not end");
        loop_.spawn([](Proxy& t, Result<std::string>& into) -> Task<void> {
            co_await exchange(t, into);
            t.pool_.retire(1000);
            while (t.connections_ != 0) co_await net::Sleep(t.loop_, 1); // none outlives the server
            co_await net::Sleep(t.loop_, 5);                             // nor the tunnel
            t.loop_.stop();
        }(*this, received));
        loop_.run();
        return received;
    }
    static Task<void> exchange(Proxy& t, Result<std::string>& into) {
        auto connection = co_await t.pool_.take(1, t.origin_, false, t.connect_ms_);
        if (!connection) {
            into = std::unexpected(connection.error());
            co_return;
        }
        EXPECT_EQ((*connection)->stream().is_tls(), t.origin_.tls);
        std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        iovec pieces[] = {{request.data(), request.size()}};
        const Result<void> sent = co_await (*connection)->send(pieces, long_ms);
        ResponseHead head;
        const Result<void> answered = co_await (*connection)->read_head(head, "GET", t.loop_.now_ms() + long_ms);
        EXPECT_TRUE(sent && answered);
        into = "";
        for (bool last = false; !last;) {
            const auto part = co_await (*connection)->read_part(long_ms);
            EXPECT_TRUE(part);
            if (!part) break;
            for (const iovec& piece : part->pieces)
                into->append(static_cast<const char*>(piece.iov_base), piece.iov_len);
            last = part->last;
        }
    }
    Loop loop_;
    BufferPool buffers_;
    net::Resolver resolver_;
    Pool pool_;
    std::atomic<std::size_t> connections_ = 0;
    std::unique_ptr<Server> server_;
    std::unique_ptr<net::Listener> proxy_;
    net::HostPort behind_;
    Origin origin_;
    std::string asked_;
    std::string says_ = "HTTP/1.1 200 Connection established\r\n\r\n";
    bool passes_on_ = true;
    int accepted_ = 0;
    std::int64_t connect_ms_ = long_ms;
};

TEST_F(Proxy, IsAskedToConnectAndSpokenThrough) {
    const auto received = ask();
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(*received, "from behind the proxy");
    EXPECT_EQ(asked_, "CONNECT " + origin_.authority + " HTTP/1.1\r\nHost: " + origin_.authority + "\r\n\r\n");
    EXPECT_EQ(accepted_, 1);
}

TEST_F(Proxy, GetsItsCredential) {
    origin_.proxy_authorization = Secret("Basic dXNlcjpwYXNz");
    says_ = "HTTP/1.0 200 OK\r\nProxy-agent: x\r\n\r\n";
    EXPECT_TRUE(ask());
    EXPECT_EQ(asked_, "CONNECT " + origin_.authority + " HTTP/1.1\r\nHost: " + origin_.authority +
                          "\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n");
}

TEST_F(Proxy, CannotPoseAsTheUpstream) {
    origin_.where.host = "127.0.0.1"; // the certificate behind is for localhost
    const auto refused = ask();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("mismatch"), std::string::npos) << refused.error().message;
    EXPECT_EQ(refused.error().retry, Retry::other_upstream);
}

TEST_F(Proxy, ThatRefusesIsNamedWithItsStatusAndNotItsCredential) {
    origin_.proxy_authorization = Secret("Basic dXNlcjpwYXNz");
    says_ = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    passes_on_ = false;
    const auto refused = ask();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(refused.error().source, ErrorSource::upstream);
    EXPECT_EQ(refused.error().retry, Retry::other_upstream);
    EXPECT_NE(refused.error().message.find(origin_.proxy->text()), std::string::npos);
    EXPECT_NE(refused.error().message.find("407"), std::string::npos) << refused.error().message;
    EXPECT_EQ(refused.error().message.find("dXNl"), std::string::npos);
}

// Bytes behind the proxy's answer would be read as the upstream's, without TLS.
TEST_F(Proxy, ThatSpeaksBeyondItsAnswerIsRefused) {
    says_ = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    const auto refused = ask(); // though the tunnel behind it would work
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry, Retry::other_upstream);
}

class BadProxy : public Proxy, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(Says, BadProxy,
                         testing::Values("", "HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\nx: " + std::string(20'000, 'x') + "\r\n\r\n",
                                         "HTTP/1.1 100 Continue\r\n\r\n",
                                         "HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n"));
TEST_P(BadProxy, IsAnErrorThatLeavesOtherUpstreams) {
    says_ = GetParam();
    passes_on_ = false;
    const auto refused = ask();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().source, ErrorSource::upstream);
    EXPECT_EQ(refused.error().retry, Retry::other_upstream) << refused.error().message;
}

TEST_F(Proxy, OfPlainRequestsIsConnectedToInsteadOfTheUpstream) {
    origin_.tls = false;
    origin_.where = {"upstream.invalid", 80}; // only the proxy would look this up
    says_ = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nfrom the proxy";
    passes_on_ = false;
    const auto received = ask();
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(*received, "from the proxy");
    EXPECT_EQ(asked_, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); // what is sent is the caller's affair
}

TEST_F(Proxy, ThatIsNotThereLeavesOtherUpstreams) {
    proxy_->close();
    const auto refused = ask();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(refused.error().retry, Retry::other_upstream);
}

} // namespace
} // namespace sallyport::http
