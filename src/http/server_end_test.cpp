// How exchanges and connections end on the server's side: early and interim answers, cuts, bugs.
#include "http/server.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <sys/socket.h>

namespace sallyport::http {
namespace {

using net::Loop;
using net::Task;
constexpr std::int64_t long_ms = 15'000; // only reached by what is broken

iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

// A server whose handler is `handle`, and raw clients on the same loop.
class Ends : public testing::Test {
public:
    using Handle = Task<void> (*)(Exchange&, Ends&);
    void serve(Handle handle, std::size_t connections_max = 100) {
        server_ = std::make_unique<Server>(
            loop_, buffers_, timeouts_,
            [handle, this](Exchange& exchange, const Arrival&) { return handle(exchange, *this); }, connections_,
            connections_max);
        auto listener = net::Listener::open(loop_, {"127.0.0.1", 0});
        port_ = (*listener)->port();
        server_->listen(std::move(*listener), {});
    }
    Task<std::unique_ptr<net::Stream>> connect() {
        auto stream = co_await net::connect_tcp(loop_, *net::numeric_address({"127.0.0.1", port_}), in(long_ms));
        EXPECT_TRUE(stream);
        co_return std::move(*stream);
    }
    // Reads until `until` came, the end, or an error.
    static constexpr const char* to_end = "\x01never";
    Task<std::string> read(net::Stream& stream, std::string until, ErrorKind* error = nullptr) {
        std::string received;
        char room[65536];
        while (received.find(until) == std::string::npos) {
            const Result<std::size_t> count = co_await stream.read(room, in(long_ms));
            if (!count && error != nullptr) *error = count.error().kind;
            if (!count || *count == 0) break;
            received.append(room, *count);
        }
        co_return received;
    }
    Task<void> send(net::Stream& stream, std::string_view bytes) {
        const Result<void> sent = co_await stream.write(bytes, in(long_ms));
        EXPECT_TRUE(sent);
    }
    std::int64_t in(std::int64_t ms) const { return loop_.now_ms() + ms; }
    void run(Task<void> task) {
        loop_.spawn([](Ends& t, Task<void> inner) -> Task<void> {
            co_await inner;
            while (t.connections_ != 0) co_await net::Sleep(t.loop_, 1); // none outlives the server
            t.loop_.stop();
        }(*this, std::move(task)));
        loop_.run();
    }
    Loop loop_;
    BufferPool buffers_;
    Timeouts timeouts_;
    std::atomic<std::size_t> connections_ = 0;
    std::unique_ptr<Server> server_;
    std::uint16_t port_ = 0;
    std::string noted_;
    int gone_ = 0;
};

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Task<void> answers_unread(Exchange& exchange, Ends&) {
    const Result<void> done = co_await exchange.respond(401, "text/plain", {}, "who are you?");
    EXPECT_TRUE(done);
}

TEST_F(Ends, AnAnswerGivenBeforeTheBodyWasReadArrivesWhole) {
    serve(answers_unread);
    run([](Ends& t) -> Task<void> {
        const auto stream = co_await t.connect();
        co_await t.send(*stream, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
        t.loop_.spawn([](net::Stream& sending, std::string& noted) -> Task<void> {
            const std::string body(4'000'000, 'x');
            const Result<void> sent = co_await sending.write(body, sending.loop().now_ms() + long_ms);
            noted = sent ? "sent" : sent.error().message;
        }(*stream, t.noted_));
        ErrorKind error = ErrorKind::internal;
        const std::string answered = co_await t.read(*stream, Ends::to_end, &error);
        EXPECT_EQ(error, ErrorKind::internal);
        EXPECT_TRUE(answered.starts_with("HTTP/1.1 401 ") && answered.ends_with("who are you?")) << answered;
        while (t.noted_.empty()) co_await net::Sleep(t.loop_, 1);
        EXPECT_EQ(t.noted_, "sent"); // a reset could take the answer with it on its way
        EXPECT_NE(answered.find("Connection: close"), std::string::npos);
    }(*this));
}

Task<void> echoes(Exchange& exchange, Ends& t) {
    Buffer body;
    const Result<void> read = co_await exchange.read_body(body, 1 << 20);
    t.noted_ = read ? "read" : read.error().message;
    if (!read) co_return;
    const Result<void> done = co_await exchange.respond(200, {}, {}, body.view());
    static_cast<void>(done);
}

TEST_F(Ends, AClientThatAwaits100ContinueGetsIt) {
    serve(echoes);
    run([](Ends& t) -> Task<void> {
        const auto stream = co_await t.connect();
        co_await t.send(*stream, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n");
        const std::string interim = co_await t.read(*stream, "\r\n\r\n");
        EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
        co_await t.send(*stream, "body");
        const std::string answered = co_await t.read(*stream, "body");
        EXPECT_EQ(answered, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
        // Who sent the body at once does not wait for it.
        co_await t.send(*stream, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: "
                                 "chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
        const std::string direct = co_await t.read(*stream, "body");
        EXPECT_EQ(direct, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
    }(*this));
}

// RFC 9110 section 10.1.1: HTTP/1.0 knows no interim answers.
TEST_F(Ends, AnHttp10ClientGetsNo100Continue) {
    serve(echoes);
    run([](Ends& t) -> Task<void> {
        const auto stream = co_await t.connect();
        co_await t.send(*stream, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        co_await net::Sleep(t.loop_, 5);
        co_await t.send(*stream, "body");
        const std::string answered = co_await t.read(*stream, Ends::to_end);
        EXPECT_TRUE(answered.starts_with("HTTP/1.1 200 OK\r\n")) << answered;
    }(*this));
}

TEST_F(Ends, AClientThatLeavesInItsBodyIsTold) {
    serve(echoes);
    run([](Ends& t) -> Task<void> {
        for (const char* framing : {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\na\r\nhalf"}) {
            t.noted_.clear();
            auto stream = co_await t.connect();
            const std::string request = "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(framing);
            co_await t.send(*stream, request);
            stream.reset();
            while (t.noted_.empty()) co_await net::Sleep(t.loop_, 1);
            EXPECT_NE(t.noted_.find("client left"), std::string::npos) << t.noted_;
        }
    }(*this));
}

Task<void> aborts(Exchange& exchange, Ends&) {
    const std::string_view path = exchange.head().path;
    exchange.start(200, {}, {}, path == "/length" ? std::optional<std::uint64_t>(100) : std::nullopt);
    iovec part = piece("the beginning");
    const Result<void> done = co_await exchange.write({&part, 1}, false);
    EXPECT_TRUE(done && exchange.started());
    exchange.abort();
}

TEST_F(Ends, AnAbortedAnswerIsNotTakenForWhole) {
    serve(aborts);
    run([](Ends& t) -> Task<void> {
        const auto chunked = co_await t.connect();
        co_await t.send(*chunked, get);
        const std::string pieces = co_await t.read(*chunked, Ends::to_end);
        EXPECT_TRUE(pieces.ends_with("d\r\nthe beginning\r\n")) << pieces; // no last chunk
        const auto sized = co_await t.connect();
        co_await t.send(*sized, "GET /length HTTP/1.1\r\nHost: a\r\n\r\n");
        const std::string cut = co_await t.read(*sized, Ends::to_end);
        EXPECT_TRUE(cut.ends_with("\r\n\r\nthe beginning")) << cut; // 13 of 100 bytes
    }(*this));
}

// To a client of HTTP/1.0 a close is the end: only a reset tells it of a cut.
TEST_F(Ends, AnAbortedAnswerToHttp10IsReset) {
    serve(aborts);
    run([](Ends& t) -> Task<void> {
        const auto stream = co_await t.connect();
        co_await t.send(*stream, "GET / HTTP/1.0\r\n\r\n");
        ErrorKind error = ErrorKind::internal;
        const std::string pieces = co_await t.read(*stream, Ends::to_end, &error);
        EXPECT_EQ(error, ErrorKind::closed) << "a clean end after: " << pieces;
    }(*this));
}

Task<void> throws(Exchange&, Ends&) {
    throw std::runtime_error("a bug");
    co_return;
}

TEST_F(Ends, AHandlerThatThrowsEndsItsConnectionOnly) {
    serve(throws);
    run([](Ends& t) -> Task<void> {
        for (int i = 0; i < 2; ++i) {
            const auto stream = co_await t.connect();
            co_await t.send(*stream, get);
            const std::string answered = co_await t.read(*stream, Ends::to_end);
            EXPECT_EQ(answered.find(" 200 "), std::string::npos);
        }
        while (t.connections_ != 0) co_await net::Sleep(t.loop_, 1);
    }(*this));
}

} // namespace
} // namespace sallyport::http
