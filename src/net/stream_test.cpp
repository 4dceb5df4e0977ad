// TCP streams over real sockets on the loopback interface: moving bytes.
#include "net/stream.h"

#include "net/tcp.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::net {
namespace {

Task<void> then_stop(Loop& loop, Task<void> task) {
    co_await task;
    loop.stop();
}
void run(Loop& loop, Task<void> task) {
    loop.spawn(then_stop(loop, std::move(task)));
    loop.run();
}

// Two connected streams of one loop; with small socket buffers where `buffer_bytes` is given.
struct Pair {
    std::unique_ptr<Stream> near, far;
    explicit Pair(Loop& loop, int buffer_bytes = 0) {
        const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* name = reinterpret_cast<sockaddr*>(&address);
        const int connecting = ::socket(AF_INET, SOCK_STREAM, 0);
        if (buffer_bytes != 0) {
            for (const int descriptor : {listener, connecting})
                for (const int option : {SO_SNDBUF, SO_RCVBUF})
                    ::setsockopt(descriptor, SOL_SOCKET, option, &buffer_bytes, sizeof buffer_bytes);
        }
        EXPECT_EQ(::bind(listener, name, length), 0);
        EXPECT_EQ(::listen(listener, 1), 0);
        EXPECT_EQ(::getsockname(listener, name, &length), 0);
        EXPECT_EQ(::connect(connecting, name, length), 0);
        const int accepted = ::accept(listener, nullptr, nullptr);
        ::close(listener);
        for (const int descriptor : {connecting, accepted}) EXPECT_EQ(::fcntl(descriptor, F_SETFL, O_NONBLOCK), 0);
        near = std::move(*make_tcp_stream(loop, connecting, ErrorSource::upstream, "near"));
        far = std::move(*make_tcp_stream(loop, accepted, ErrorSource::client, "far"));
    }
};

std::string random_bytes(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string bytes(count, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
}

Task<void> write_all(Stream& stream, std::string_view bytes, bool end) {
    const Result<void> written = co_await stream.write(bytes, never_ms);
    EXPECT_TRUE(written);
    if (end) stream.shut_down();
}

Task<void> read_to_end(Stream& stream, std::size_t room_bytes, std::string& into) {
    std::string room(room_bytes, '\0');
    while (true) {
        const Result<std::size_t> count = co_await stream.read(room, never_ms);
        EXPECT_TRUE(count);
        if (!count || *count == 0) co_return;
        into.append(room, 0, *count);
    }
}

Task<void> send_and_receive(Loop& loop, Pair& pair, std::string_view bytes, std::size_t room_bytes, std::string& into) {
    loop.spawn(write_all(*pair.near, bytes, true));
    co_await read_to_end(*pair.far, room_bytes, into);
}

TEST(TcpStream, MovesBytesUpToTheEnd) {
    for (const std::size_t size : {0, 1, 5, 65'536, 300'000}) {
        Loop loop;
        Pair pair(loop);
        std::string received;
        const std::string bytes = random_bytes(size, 1);
        run(loop, send_and_receive(loop, pair, bytes, 4096, received));
        EXPECT_TRUE(received == bytes) << size;
    }
}

TEST(TcpStream, MovesMegabytesThroughSmallSocketBuffersAndAwkwardRooms) {
    for (const std::size_t room : {1 << 16, 4099, 37}) {
        Loop loop;
        Pair pair(loop, 4096);
        std::string received;
        const std::string bytes = random_bytes(room == 37 ? 300'000 : 4'000'000, 2);
        run(loop, send_and_receive(loop, pair, bytes, room, received));
        EXPECT_TRUE(received == bytes) << room;
    }
}

Task<void> exchange(Loop& loop, Pair& pair, const std::string& there, const std::string& back, std::string& at_far,
                    std::string& at_near) {
    loop.spawn(write_all(*pair.near, there, true));
    loop.spawn(write_all(*pair.far, back, true));
    loop.spawn(read_to_end(*pair.far, 10'000, at_far));
    co_await read_to_end(*pair.near, 10'000, at_near);
    while (at_far.size() < there.size()) co_await Sleep(loop, 1);
}

TEST(TcpStream, MovesMegabytesBothWaysAtOnce) {
    Loop loop;
    Pair pair(loop, 8192);
    const std::string there = random_bytes(8'000'000, 3), back = random_bytes(6'000'000, 4);
    std::string at_far, at_near;
    run(loop, exchange(loop, pair, there, back, at_far, at_near));
    EXPECT_TRUE(at_far == there);
    EXPECT_TRUE(at_near == back);
}

// Pieces of every size, empty ones among them, cut by the socket at any place.
Task<void> gather(Loop& loop, Pair& pair, std::vector<iovec> pieces, std::string& received) {
    loop.spawn([](Stream& far, std::string& into) -> Task<void> { co_await read_to_end(far, 3000, into); }(*pair.far,
                                                                                                           received));
    const Result<void> written = co_await pair.near->write(std::span(pieces), never_ms);
    EXPECT_TRUE(written);
    pair.near->shut_down();
    while (!pair.near->hung_up() && !pair.far->hung_up()) co_await Sleep(loop, 1);
    co_await Sleep(loop, 1);
}

TEST(TcpStream, GathersPiecesInOrder) {
    std::mt19937 random(5);
    const std::string bytes = random_bytes(2'000'000, 6);
    std::vector<iovec> pieces;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t length = std::min<std::size_t>(random() % 3 == 0 ? 0 : random() % 2500, bytes.size() - at);
        pieces.push_back({const_cast<char*>(bytes.data()) + at, length});
        at += length;
    }
    EXPECT_GT(pieces.size(), 1024u); // more than one system call takes
    Loop loop;
    Pair pair(loop, 4096);
    std::string received;
    run(loop, gather(loop, pair, pieces, received));
    EXPECT_TRUE(received == bytes);
}

Task<void> write_nothing(Pair& pair) {
    const Result<void> empty = co_await pair.near->write("", never_ms);
    EXPECT_TRUE(empty);
    std::vector<iovec> none(3);
    const Result<void> nothing = co_await pair.near->write(std::span(none), never_ms);
    EXPECT_TRUE(nothing);
}

TEST(TcpStream, WritesNothingWithoutWaiting) {
    Loop loop;
    Pair pair(loop);
    run(loop, write_nothing(pair));
}

// Each side waits for the other's word before it speaks: an edge that is missed hangs here.
Task<void> ping(Stream& stream, int rounds, bool first) {
    char byte = 0;
    for (int i = 0; i < rounds; ++i) {
        if (first) {
            const Result<void> sent = co_await stream.write("x", never_ms);
            EXPECT_TRUE(sent);
        }
        const Result<std::size_t> count = co_await stream.read({&byte, 1}, never_ms);
        EXPECT_TRUE(count && *count == 1);
        if (!first) {
            const Result<void> sent = co_await stream.write("y", never_ms);
            EXPECT_TRUE(sent);
        }
    }
}
Task<void> ping_pong(Loop& loop, Pair& pair) {
    loop.spawn(ping(*pair.far, 5000, false));
    co_await ping(*pair.near, 5000, true);
}

TEST(TcpStream, MissesNoEdgeInFiveThousandTurns) {
    Loop loop;
    Pair pair(loop);
    run(loop, ping_pong(loop, pair));
}

// readable() takes nothing away and needs no room.
Task<void> looks_first(Pair& pair) {
    const Result<void> sent = co_await pair.far->write("abc", never_ms);
    EXPECT_TRUE(sent);
    for (int i = 0; i < 3; ++i) {
        const Result<void> ready = co_await pair.near->readable(never_ms);
        EXPECT_TRUE(ready);
    }
    char room[8];
    const Result<std::size_t> count = co_await pair.near->read(room, never_ms);
    EXPECT_TRUE(count && std::string_view(room, *count) == "abc");
}

TEST(TcpStream, TellsThatItIsReadableWithoutReading) {
    Loop loop;
    Pair pair(loop);
    run(loop, looks_first(pair));
}

TEST(TcpStream, KnowsWhetherItIsQuietAndOpen) {
    Loop loop;
    Pair pair(loop);
    EXPECT_TRUE(pair.near->idle_and_open());
    run(loop, [](Loop& on, Pair& both) -> Task<void> {
        EXPECT_TRUE(both.near->idle_and_open());
        const Result<void> sent = co_await both.far->write("unasked", never_ms);
        EXPECT_TRUE(sent);
        co_await Sleep(on, 1);
        EXPECT_FALSE(both.near->idle_and_open());
        EXPECT_TRUE(both.far->idle_and_open());
        both.near.reset();
        while (both.far->idle_and_open()) co_await Sleep(on, 1);
    }(loop, pair));
}

TEST(TcpStream, GivesItsDescriptorAway) {
    Loop loop;
    Pair pair(loop);
    const int descriptor = pair.near->release_descriptor();
    pair.near.reset();
    EXPECT_EQ(::send(descriptor, "x", 1, 0), 1); // still open
    auto again = make_tcp_stream(loop, descriptor, ErrorSource::upstream, "again");
    ASSERT_TRUE(again);
    run(loop, [](Stream& far) -> Task<void> {
        char byte = 0;
        const Result<std::size_t> count = co_await far.read({&byte, 1}, never_ms);
        EXPECT_TRUE(count && *count == 1 && byte == 'x');
    }(*pair.far));
}

} // namespace
} // namespace sallyport::net
