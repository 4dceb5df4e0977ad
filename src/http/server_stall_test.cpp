// When the server ends a connection by itself: clients that leave or stall, time-outs, draining, the limit of connections.
#include "http/server.h"

#include <gtest/gtest.h>

#include <string>
#include <sys/socket.h>

namespace sallyport::http {
namespace {

using net::Loop;
using net::Task;
constexpr std::int64_t long_ms = 15'000; // only reached by what is broken

iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

// A server whose handler is `handle`, and raw clients on the same loop.
class Stalls : public testing::Test {
public:
    using Handle = Task<void> (*)(Exchange&, Stalls&);
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
        loop_.spawn([](Stalls& t, Task<void> inner) -> Task<void> {
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

Task<void> echoes(Exchange& exchange, Stalls& t) {
    Buffer body;
    const Result<void> read = co_await exchange.read_body(body, 1 << 20);
    t.noted_ = read ? "read" : read.error().message;
    if (!read) co_return;
    const Result<void> done = co_await exchange.respond(200, {}, {}, body.view());
    static_cast<void>(done);
}

// Writes until the client is gone; says what it saw.
Task<void> writes_for_ever(Exchange& exchange, Stalls& t) {
    exchange.on_gone([&t] { ++t.gone_; });
    exchange.start(200, {}, {}, std::nullopt);
    const std::string block(100'000, 'x');
    while (true) {
        iovec part = piece(block);
        const Result<void> written = co_await exchange.write({&part, 1}, false);
        if (!written) {
            t.noted_ = written.error().kind == ErrorKind::timeout ? "timeout" : "closed";
            break;
        }
    }
    exchange.abort();
}

TEST_F(Stalls, AClientThatLeavesWhileItsAnswerIsWrittenIsNoticed) {
    timeouts_.write_idle_ms = 5000;
    serve(writes_for_ever);
    run([](Stalls& t) -> Task<void> {
        auto stream = co_await t.connect();
        co_await t.send(*stream, get);
        co_await net::Sleep(t.loop_, 20); // the sockets are full by now
        stream.reset();
        while (t.noted_.empty()) co_await net::Sleep(t.loop_, 1);
        while (t.connections_ != 0) co_await net::Sleep(t.loop_, 1);
    }(*this));
    EXPECT_EQ(noted_, "closed");
    EXPECT_EQ(gone_, 1);
}

TEST_F(Stalls, AClientThatReadsNothingTimesOut) {
    timeouts_.write_idle_ms = 50;
    serve(writes_for_ever);
    run([](Stalls& t) -> Task<void> {
        const auto stream = co_await t.connect();
        co_await t.send(*stream, get);
        while (t.noted_.empty()) co_await net::Sleep(t.loop_, 5);
    }(*this));
    EXPECT_EQ(noted_, "timeout");
}

TEST_F(Stalls, TimeOutsOfEachPhaseEndTheConnection) {
    timeouts_.head_ms = timeouts_.body_idle_ms = timeouts_.keep_alive_ms = 30;
    serve(echoes);
    run([](Stalls& t) -> Task<void> {
        const auto idle = co_await t.connect();
        const std::string nothing = co_await t.read(*idle, Stalls::to_end);
        EXPECT_EQ(nothing, "");
        const auto slow_head = co_await t.connect();
        co_await t.send(*slow_head, "GET / HTTP/1.1\r\nHos");
        const std::string late = co_await t.read(*slow_head, Stalls::to_end);
        EXPECT_TRUE(late.starts_with("HTTP/1.1 408 ")) << late;
        const auto slow_body = co_await t.connect();
        co_await t.send(*slow_body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
        const std::string none = co_await t.read(*slow_body, Stalls::to_end);
        EXPECT_EQ(none, "");
        EXPECT_NE(t.noted_.find("in time"), std::string::npos) << t.noted_;
    }(*this));
}

Task<void> waits_for_release(Exchange& exchange, Stalls& t) {
    if (exchange.head().path == "/busy") {
        t.noted_ = "busy";
        while (t.noted_ != "released") co_await net::Sleep(t.loop_, 1);
    }
    const Result<void> done = co_await exchange.respond(200, {}, {}, "late");
    EXPECT_TRUE(done);
}

TEST_F(Stalls, DrainingClosesIdleConnectionsAndFinishesBusyOnes) {
    timeouts_.head_ms = timeouts_.keep_alive_ms = 10 * long_ms;
    serve(waits_for_release);
    run([](Stalls& t) -> Task<void> {
        const auto fresh = co_await t.connect(); // never asked anything
        const auto used = co_await t.connect();
        co_await t.send(*used, get);
        const std::string first = co_await t.read(*used, "late");
        const auto busy = co_await t.connect();
        co_await t.send(*busy, "GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
        while (t.noted_ != "busy" || t.connections_ != 3) co_await net::Sleep(t.loop_, 1);
        t.server_->drain();
        const auto refused =
            co_await net::connect_tcp(t.loop_, *net::numeric_address({"127.0.0.1", t.port_}), t.in(long_ms));
        EXPECT_FALSE(refused);
        for (net::Stream* idle : {used.get(), fresh.get()}) {
            ErrorKind error = ErrorKind::internal;
            const std::string nothing = co_await t.read(*idle, Stalls::to_end, &error);
            EXPECT_EQ(nothing, "");
            EXPECT_NE(error, ErrorKind::timeout) << (idle == used.get() ? "used" : "fresh");
        }
        t.noted_ = "released";
        const std::string answered = co_await t.read(*busy, Stalls::to_end);
        EXPECT_TRUE(answered.ends_with("late") && answered.find("Connection: close\r\n") != std::string::npos)
            << answered;
    }(*this));
}

// Waits for something that only its client's leaving ends.
Task<void> waits_until_gone(Exchange& exchange, Stalls& t) {
    bool gone = false;
    exchange.on_gone([&gone] { gone = true; });
    ++t.gone_;
    while (!gone) co_await net::Sleep(exchange.loop(), 1);
    const Result<void> done = co_await exchange.respond(200, {}, {}, "nobody hears this");
    EXPECT_FALSE(done);
}

TEST_F(Stalls, CuttingEndsWhatStillRuns) {
    serve(waits_until_gone);
    run([](Stalls& t) -> Task<void> {
        std::vector<std::unique_ptr<net::Stream>> clients;
        for (int i = 0; i < 20; ++i) {
            auto stream = co_await t.connect();
            if (i % 2 == 0) co_await t.send(*stream, get);
            clients.push_back(std::move(stream));
        }
        while (t.gone_ < 10) co_await net::Sleep(t.loop_, 1);
        t.server_->drain();
        t.server_->cut();
        while (t.connections_ != 0) co_await net::Sleep(t.loop_, 1);
    }(*this));
}

TEST_F(Stalls, ConnectionsBeyondTheLimitAreTurnedAway) {
    serve(echoes, 2);
    run([](Stalls& t) -> Task<void> {
        const auto first = co_await t.connect();
        auto second = co_await t.connect();
        while (t.connections_ != 2) co_await net::Sleep(t.loop_, 1);
        const auto third = co_await t.connect();
        const std::string turned_away = co_await t.read(*third, Stalls::to_end);
        EXPECT_TRUE(turned_away.starts_with("HTTP/1.1 503 ") && turned_away.find("Retry-After: ") != std::string::npos)
            << turned_away;
        second.reset();
        while (t.connections_ != 1) co_await net::Sleep(t.loop_, 1);
        const auto fourth = co_await t.connect();
        co_await t.send(*fourth, get);
        const std::string answered = co_await t.read(*fourth, "\r\n\r\n");
        EXPECT_TRUE(answered.starts_with("HTTP/1.1 200 ")) << answered;
    }(*this));
}

} // namespace
} // namespace sallyport::http
