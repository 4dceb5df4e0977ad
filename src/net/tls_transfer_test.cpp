// Bytes through TLS: large and small, both ways at once, through full sockets, and how a connection ends.
#include "net/tcp.h"
#include "net/tls.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::net {

void make_certificate(const std::string& stem, const std::string& issuer, const std::string& names, long begin_s,
                      long end_s);

namespace {

std::string random_bytes(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string bytes(count, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
}

// Two ends of a TLS connection on one loop, over a socket pair with small buffers.
struct Ends {
    std::unique_ptr<Stream> near, far;
    int near_descriptor = -1; // to be rude with
};

class TlsTransfer : public testing::Test {
public:
    TlsTransfer() {
        std::string name = testing::TempDir() + "tls_XXXXXX";
        const std::string folder = std::string(::mkdtemp(name.data())) + "/";
        make_certificate(folder + "local", "", "DNS:localhost", -3600, 3600);
        server_ = *TlsContext::server(folder + "local.pem", folder + "local.key");
        client_ = *TlsContext::client(folder + "local.pem");
        std::filesystem::remove_all(folder);
    }

    static Task<void> accept(Loop& loop, int descriptor, std::shared_ptr<const TlsContext> context, Ends& ends) {
        auto far = co_await accept_tls(loop, descriptor, std::move(context), "far", never_ms);
        EXPECT_TRUE(far);
        if (far) ends.far = std::move(*far);
    }
    Task<void> open(Ends& ends, int buffer_bytes = 0) {
        int pair[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        if (buffer_bytes != 0)
            for (const int descriptor : pair)
                ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
        ends.near_descriptor = pair[0];
        loop_.spawn(accept(loop_, pair[1], server_, ends));
        auto near = co_await connect_tls(loop_, pair[0], client_, "localhost", "near", never_ms);
        EXPECT_TRUE(near) << near.error().message;
        if (near) ends.near = std::move(*near);
        while (!ends.far) co_await Sleep(loop_, 1);
    }
    void run(Task<void> task) {
        loop_.spawn([](Loop& loop, Task<void> inner) -> Task<void> {
            co_await inner;
            loop.stop();
        }(loop_, std::move(task)));
        loop_.run();
    }
    Loop loop_;
    std::shared_ptr<const TlsContext> server_, client_;
};

Task<void> write_all(Stream& stream, std::string_view bytes) {
    const Result<void> written = co_await stream.write(bytes, never_ms);
    EXPECT_TRUE(written);
}
// Pieces of random sizes, a few per write, as heads and chunks come.
Task<void> write_in_pieces(Stream& stream, std::string_view bytes, unsigned seed) {
    std::mt19937 random(seed);
    while (!bytes.empty()) {
        std::vector<iovec> pieces;
        for (unsigned i = random() % 5 + 1; i > 0; --i) {
            const std::size_t size = random() % 4 == 0 ? random() % 100'000 : random() % 300;
            const std::string_view piece = bytes.substr(0, size);
            pieces.push_back({const_cast<char*>(piece.data()), piece.size()});
            bytes.remove_prefix(piece.size());
        }
        const Result<void> written = co_await stream.write(std::span(pieces), never_ms);
        EXPECT_TRUE(written);
    }
}
Task<void> read_all(Stream& stream, std::size_t room_bytes, std::size_t expected, std::string& into, int& ended) {
    std::string room(room_bytes, '\0');
    while (into.size() < expected) {
        const Result<std::size_t> count = co_await stream.read(room, never_ms);
        EXPECT_TRUE(count) << count.error().message;
        if (!count || *count == 0) break;
        into.append(room, 0, *count);
    }
    ++ended;
}

class TlsThroughSockets : public TlsTransfer, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(OfBytes, TlsThroughSockets, testing::Values(0, 4096));

TEST_P(TlsThroughSockets, MovesMegabytesBothWaysAtOnce) {
    const std::string there = random_bytes(3'000'000, 1), back = random_bytes(2'000'000, 2);
    std::string at_far, at_near;
    run([](TlsTransfer& t, int bytes, const std::string& a, const std::string& b, std::string& far,
           std::string& near) -> Task<void> {
        Ends ends;
        co_await t.open(ends, bytes);
        int ended = 0;
        t.loop_.spawn(write_all(*ends.near, a));
        t.loop_.spawn(write_in_pieces(*ends.far, b, 3));
        t.loop_.spawn(read_all(*ends.far, 70'000, a.size(), far, ended));
        t.loop_.spawn(read_all(*ends.near, 5000, b.size(), near, ended));
        while (ended < 2) co_await Sleep(t.loop_, 1);
    }(*this, GetParam(), there, back, at_far, at_near));
    EXPECT_TRUE(at_far == there);
    EXPECT_TRUE(at_near == back);
}

// The streams of a loop share what they lay records in: none may send what is another's.
TEST_F(TlsTransfer, KeepsManyConnectionsApart) {
    constexpr std::size_t connections = 12;
    std::vector<std::string> sent, received(connections);
    for (unsigned i = 0; i < connections; ++i) sent.push_back(random_bytes(400'000 + i * 1000, i));
    run([](TlsTransfer& t, const std::vector<std::string>& from, std::vector<std::string>& into) -> Task<void> {
        std::vector<Ends> all(from.size());
        int ended = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            co_await t.open(all[i], i % 2 == 0 ? 4096 : 0);
            t.loop_.spawn(write_in_pieces(*all[i].near, from[i], static_cast<unsigned>(i)));
            t.loop_.spawn(read_all(*all[i].far, 1000 + i * 997, from[i].size(), into[i], ended));
        }
        while (ended < static_cast<int>(all.size())) co_await Sleep(t.loop_, 1);
    }(*this, sent, received));
    for (std::size_t i = 0; i < connections; ++i) EXPECT_TRUE(received[i] == sent[i]) << i;
}

TEST_F(TlsTransfer, TakesTurnsWithoutMissingAnEdge) {
    run([](TlsTransfer& t) -> Task<void> {
        Ends ends;
        co_await t.open(ends);
        t.loop_.spawn([](Stream& far) -> Task<void> {
            char room[100];
            while (true) {
                const Result<std::size_t> count = co_await far.read(room, never_ms);
                if (!count || *count == 0) break;
                const Result<void> echoed = co_await far.write(std::string_view(room, *count), never_ms);
                EXPECT_TRUE(echoed);
            }
        }(*ends.far));
        char room[100];
        for (int i = 0; i < 1000; ++i) {
            const Result<void> sent = co_await ends.near->write("ping", never_ms);
            EXPECT_TRUE(sent);
            const Result<void> ready = co_await ends.near->readable(never_ms);
            EXPECT_TRUE(ready);
            const Result<std::size_t> count = co_await ends.near->read(room, never_ms);
            EXPECT_TRUE(count && *count == 4);
        }
        EXPECT_TRUE(ends.near->idle_and_open()); // session tickets are no data
        ends.near->shut_down();
        co_await Sleep(t.loop_, 1);
        EXPECT_FALSE(ends.far->idle_and_open());
    }(*this));
}

// The last bytes and the close_notify behind them come in one piece.
TEST_F(TlsTransfer, TellsTheEndThatCameTogetherWithTheLastBytes) {
    run([](TlsTransfer& t) -> Task<void> {
        Ends ends;
        co_await t.open(ends);
        co_await write_all(*ends.near, "last");
        ends.near->shut_down();
        char room[100];
        for (const std::size_t expected : {4u, 0u, 0u}) {
            const Result<void> ready = co_await ends.far->readable(t.loop_.now_ms() + 10'000);
            EXPECT_TRUE(ready);
            const Result<std::size_t> count = co_await ends.far->read(room, never_ms);
            EXPECT_TRUE(count && *count == expected);
        }
    }(*this));
}

Task<void> pass_on_without_end(Loop& loop, int from, int to) {
    const auto source = std::move(*make_tcp_stream(loop, from, ErrorSource::client, "from"));
    const int copy = ::fcntl(to, F_DUPFD_CLOEXEC, 0); // a stream of its own: each descriptor is watched once
    const auto target = std::move(*make_tcp_stream(loop, copy, ErrorSource::client, "to"));
    char room[4096];
    while (true) {
        const Result<std::size_t> count = co_await source->read(room, never_ms);
        if (!count || *count == 0) co_await Sleep(loop, 1'000'000);
        const Result<void> written = co_await target->write(std::string_view(room, *count), never_ms);
        EXPECT_TRUE(written);
    }
}

// A close_notify is the end, also where no FIN follows.
TEST_F(TlsTransfer, TellsTheEndByCloseNotifyAlone) {
    run([](TlsTransfer& t) -> Task<void> {
        int left[2], right[2];
        for (int* pair : {left, right}) EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        t.loop_.spawn(pass_on_without_end(t.loop_, left[1], right[0]));
        t.loop_.spawn(pass_on_without_end(t.loop_, right[0], left[1]));
        Ends ends;
        t.loop_.spawn(accept(t.loop_, right[1], t.server_, ends));
        auto near = co_await connect_tls(t.loop_, left[0], t.client_, "localhost", "near", never_ms);
        EXPECT_TRUE(near);
        while (!ends.far) co_await Sleep(t.loop_, 1);
        co_await write_all(**near, "last");
        (*near)->shut_down();
        co_await Sleep(t.loop_, 5);
        char room[100];
        for (const std::size_t expected : {4u, 0u}) {
            const Result<void> ready = co_await ends.far->readable(t.loop_.now_ms() + 10'000);
            EXPECT_TRUE(ready);
            const Result<std::size_t> count = co_await ends.far->read(room, t.loop_.now_ms() + 10'000);
            EXPECT_TRUE(count && *count == expected);
        }
    }(*this));
}

// Anybody on the way can cut a TCP connection: without close_notify it is no end, but a failure.
TEST_F(TlsTransfer, TakesACloseWithoutCloseNotifyForAFailure) {
    run([](TlsTransfer& t) -> Task<void> {
        Ends ends;
        co_await t.open(ends);
        const Result<void> sent = co_await ends.near->write("all of it?", never_ms);
        EXPECT_TRUE(sent);
        ::shutdown(ends.near_descriptor, SHUT_RDWR);
        char room[100];
        const Result<std::size_t> first = co_await ends.far->read(room, never_ms);
        EXPECT_TRUE(first && *first == 10);
        for (int i = 0; i < 2; ++i) {
            const Result<std::size_t> cut = co_await ends.far->read(room, never_ms);
            EXPECT_TRUE(!cut && cut.error().kind == ErrorKind::closed && cut.error().source == ErrorSource::client);
        }
    }(*this));
}

TEST_F(TlsTransfer, FailsOnBytesThatAreNoRecord) {
    run([](TlsTransfer& t) -> Task<void> {
        Ends ends;
        co_await t.open(ends);
        EXPECT_EQ(
            ::send(ends.near_descriptor, "\x17\x03\x03\x00\x20 forged record, of 32 bytes. ....", 37, MSG_NOSIGNAL),
            37);
        char room[100];
        const Result<std::size_t> count = co_await ends.far->read(room, never_ms);
        EXPECT_TRUE(!count && count.error().kind == ErrorKind::closed);
    }(*this));
}

TEST_F(TlsTransfer, EndsBlockedOperationsByDeadlineAndCancel) {
    const std::string megabytes(8u << 20, 'x');
    run([](TlsTransfer& t, const std::string& bytes) -> Task<void> {
        Ends ends;
        co_await t.open(ends, 4096);
        char room[16];
        const Result<std::size_t> none = co_await ends.near->read(room, t.loop_.now_ms() + 10);
        EXPECT_TRUE(!none && none.error().kind == ErrorKind::timeout);
        const Result<void> full = co_await ends.near->write(bytes, t.loop_.now_ms() + 10);
        EXPECT_TRUE(!full && full.error().kind == ErrorKind::timeout);
        t.loop_.spawn([](Loop& loop, Stream& stream) -> Task<void> {
            co_await Sleep(loop, 1);
            stream.cancel();
        }(t.loop_, *ends.far));
        const Result<void> cancelled = co_await ends.far->write(bytes, never_ms);
        EXPECT_TRUE(!cancelled && cancelled.error().kind == ErrorKind::cancelled);
    }(*this, megabytes));
}

} // namespace
} // namespace sallyport::net
