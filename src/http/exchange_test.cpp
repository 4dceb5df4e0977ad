// Our own two sides together, plain and over TLS: whole exchanges from end to end.
#include "http/client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

namespace sallyport::http {
namespace {

using net::Loop;
using net::Task;
constexpr std::int64_t long_ms = 30'000; // only reached by what is broken

iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

std::string random_bytes(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string bytes(count, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
}

// Parameter: whether TLS is spoken.
class Exchanges : public testing::TestWithParam<bool> {
public:
    Exchanges() : pool_(loop_, resolver_, buffers_) {
        std::shared_ptr<const net::TlsContext> context;
        if (GetParam()) {
            std::string name = testing::TempDir() + "exchange_XXXXXX";
            const std::string folder = ::mkdtemp(name.data());
            const std::string make =
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
                "-addext subjectAltName=DNS:localhost -keyout " +
                folder + "/key -out " + folder + "/cert 2>/dev/null";
            EXPECT_EQ(std::system(make.c_str()), 0) << make;
            context = *net::TlsContext::server(folder + "/cert", folder + "/key");
            origin_.tls_context = *net::TlsContext::client(folder + "/cert");
            std::filesystem::remove_all(folder);
        }
        server_ = std::make_unique<Server>(
            loop_, buffers_, Timeouts{},
            [this](Exchange& exchange, const Arrival& arrival) { return handle(exchange, arrival, *this); },
            connections_, 1000);
        auto listener = std::move(*net::Listener::open(loop_, {"127.0.0.1", 0}));
        origin_.where = {"localhost", listener->port()};
        origin_.tls = GetParam();
        origin_.authority = origin_.where.text();
        server_->listen(std::move(listener),
                        GetParam() ? Server::TlsNow([context] { return context; }) : Server::TlsNow());
    }

    static Task<void> handle(Exchange& exchange, const Arrival& arrival, Exchanges& t) {
        EXPECT_EQ(arrival.tls, GetParam());
        const std::string_view path = exchange.head().path;
        if (path == "/echo") {
            Buffer body;
            const Result<void> read = co_await exchange.read_body(body, 64u << 20);
            EXPECT_TRUE(read) << read.error().message;
            const bool sized = exchange.head().query == "length";
            exchange.start(200, {}, {}, sized ? std::optional<std::uint64_t>(body.size()) : std::nullopt);
            std::mt19937 random(static_cast<unsigned>(body.size()));
            std::string_view left = body.view();
            while (true) {
                const std::string_view first = left.substr(0, random() % 30'000),
                                       second = left.substr(first.size(), random() % 200);
                left.remove_prefix(first.size() + second.size());
                iovec pieces[] = {piece(first), piece(second)};
                const Result<void> written = co_await exchange.write(pieces, left.empty());
                EXPECT_TRUE(written);
                if (left.empty() || !written) break;
            }
        } else if (path == "/flood") {
            const std::string block(100'000, 'f');
            exchange.start(200, {}, {}, std::nullopt);
            for (int i = 0; i < 600; ++i) {
                iovec one = piece(block);
                const Result<void> written = co_await exchange.write({&one, 1}, i == 599);
                EXPECT_TRUE(written);
                t.written_ += block.size();
            }
        } else { // cut, with or without a length
            exchange.start(200, {}, {},
                           exchange.head().query == "length" ? std::optional<std::uint64_t>(1000) : std::nullopt);
            iovec one = piece("the beginning of");
            const Result<void> written = co_await exchange.write({&one, 1}, false);
            EXPECT_TRUE(written);
            exchange.abort();
        }
    }

    // One exchange; the body that came. `chunked`: the request's body is sent in chunks.
    Task<Result<std::string>> ask(std::string target, const std::string& body, bool chunked) {
        auto connection = co_await pool_.take(1, origin_, false, long_ms);
        EXPECT_TRUE(connection) << connection.error().message;
        if (!connection) co_return std::unexpected(connection.error());
        std::string request = "POST " + target + " HTTP/1.1\r\nHost: a\r\n";
        if (chunked) {
            request += "Transfer-Encoding: chunked\r\n\r\n";
            for (std::size_t at = 0; at < body.size(); at += 70'001) {
                const std::string_view chunk = std::string_view(body).substr(at, 70'001);
                char size[32];
                std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
                request.append(size).append(chunk).append("\r\n");
            }
            request += "0\r\n\r\n";
        } else {
            request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        }
        iovec pieces[] = {piece(request)};
        const Result<void> sent = co_await (*connection)->send(pieces, long_ms);
        if (!sent) co_return std::unexpected(sent.error());
        ResponseHead head;
        const Result<void> answered = co_await (*connection)->read_head(head, "POST", loop_.now_ms() + long_ms);
        if (!answered) co_return std::unexpected(answered.error());
        EXPECT_EQ(head.status, 200);
        std::string received;
        while (true) {
            const auto part = co_await (*connection)->read_part(long_ms);
            if (!part) co_return std::unexpected(part.error());
            for (const iovec& one : part->pieces) received.append(static_cast<const char*>(one.iov_base), one.iov_len);
            if (part->last) break;
        }
        if ((*connection)->reused()) ++reused_;
        pool_.give(1, std::move(*connection));
        co_return received;
    }
    void run(Task<void> task) {
        loop_.spawn([](Exchanges& t, Task<void> inner) -> Task<void> {
            co_await inner;
            t.pool_.retire(1000);
            while (t.connections_ != 0) co_await net::Sleep(t.loop_, 1); // none outlives the server
            t.loop_.stop();
        }(*this, std::move(task)));
        loop_.run();
    }
    Loop loop_;
    BufferPool buffers_;
    net::Resolver resolver_;
    Pool pool_;
    std::atomic<std::size_t> connections_ = 0;
    std::unique_ptr<Server> server_;
    Origin origin_;
    std::size_t written_ = 0;
    int reused_ = 0;
    int ended_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Over, Exchanges, testing::Bool(),
                         [](const auto& tls) { return std::string(tls.param ? "Tls" : "Tcp"); });

TEST_P(Exchanges, CarryBodiesOfEverySizeUnchanged) {
    run([](Exchanges& t) -> Task<void> {
        for (const std::size_t size : {0, 1, 100, 8'000, 65'536, 70'001, 200'000, 3'000'000}) {
            const std::string body = random_bytes(size, static_cast<unsigned>(size));
            for (const bool chunked : {false, true})
                for (const char* target : {"/echo", "/echo?length"}) {
                    const auto received = co_await t.ask(target, body, chunked);
                    EXPECT_TRUE(received && *received == body) << target << " " << size << " " << chunked;
                }
        }
        EXPECT_EQ(t.connections_, 1u); // all over one
    }(*this));
    EXPECT_EQ(reused_, 31);
}

TEST_P(Exchanges, DoNotDisturbEachOther) {
    run([](Exchanges& t) -> Task<void> {
        constexpr int clients = 40, each = 5;
        for (int c = 0; c < clients; ++c)
            t.loop_.spawn([](Exchanges& s, int number) -> Task<void> {
                for (int i = 0; i < each; ++i) {
                    const std::string body = random_bytes(static_cast<std::size_t>(number * 997 + i * 13'001),
                                                          static_cast<unsigned>(number));
                    const auto received = co_await s.ask(i % 2 == 0 ? "/echo" : "/echo?length", body, i % 3 == 0);
                    EXPECT_TRUE(received && *received == body) << number << " " << i;
                }
                ++s.ended_;
            }(t, c));
        while (t.ended_ < clients) co_await net::Sleep(t.loop_, 1);
        EXPECT_LE(t.connections_, static_cast<std::size_t>(clients));
    }(*this));
    EXPECT_GE(reused_, 160);
}

// What a slow reader does not take stays in the sockets and with the writer: nobody collects it.
TEST_P(Exchanges, HoldBackAWriterWhoseReaderIsSlow) {
    run([](Exchanges& t) -> Task<void> {
        auto connection = co_await t.pool_.take(1, t.origin_, false, long_ms);
        EXPECT_TRUE(connection);
        iovec pieces[] = {piece("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")};
        const Result<void> sent = co_await (*connection)->send(pieces, long_ms);
        ResponseHead head;
        const Result<void> answered = co_await (*connection)->read_head(head, "GET", t.loop_.now_ms() + long_ms);
        EXPECT_TRUE(sent && answered);
        co_await net::Sleep(t.loop_, 50);
        EXPECT_LT(t.written_, 40'000'000u); // of 60: what the kernel takes
        std::size_t received = 0;
        for (bool last = false; !last;) {
            const auto part = co_await (*connection)->read_part(long_ms);
            EXPECT_TRUE(part);
            if (!part) break;
            EXPECT_LE(part->bytes, limits::relay_buffer_bytes);
            received += part->bytes;
            last = part->last;
        }
        EXPECT_EQ(received, 60'000'000u);
    }(*this));
}

TEST_P(Exchanges, ThatAreCutAreErrorsForTheClient) {
    run([](Exchanges& t) -> Task<void> {
        for (const char* target : {"/cut", "/cut?length"}) {
            const auto received = co_await t.ask(target, "", false);
            EXPECT_TRUE(!received && received.error().kind == ErrorKind::closed &&
                        received.error().source == ErrorSource::upstream)
                << target;
        }
    }(*this));
}

TEST_P(Exchanges, AreNotBegunWithAHostThatTheCertificateDoesNotName) {
    if (!GetParam()) GTEST_SKIP() << "without TLS nothing is checked";
    origin_.where.host = "127.0.0.1";
    run([](Exchanges& t) -> Task<void> {
        const auto refused = co_await t.pool_.take(1, t.origin_, false, long_ms);
        EXPECT_TRUE(!refused && refused.error().kind == ErrorKind::unavailable &&
                    refused.error().retry == Retry::other_upstream);
        if (!refused) EXPECT_NE(refused.error().message.find("mismatch"), std::string::npos) << refused.error().message;
    }(*this));
}

} // namespace
} // namespace sallyport::http
