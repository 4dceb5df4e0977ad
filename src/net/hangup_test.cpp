// Seeing that the peer has gone while nobody reads, and tasks that go while they wait.
#include "net/stream.h"
#include "net/tcp.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::net {
namespace {

Task<void> then_stop(Loop& loop, Task<void> task) {
    co_await task;
    loop.stop();
}

class Hangup : public testing::Test {
public:
    Hangup() {
        const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* name = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener, name, length), 0);
        EXPECT_EQ(::listen(listener, 1), 0);
        EXPECT_EQ(::getsockname(listener, name, &length), 0);
        far_ = ::socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(::connect(far_, name, length), 0);
        const int near = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        ::close(listener);
        stream_ = std::move(*make_tcp_stream(loop_, near, ErrorSource::client, "peer:1"));
    }
    ~Hangup() override { close_far(); }
    void close_far() {
        if (far_ >= 0) ::close(far_);
        far_ = -1;
    }
    void reset_far() {
        const linger hard{1, 0};
        ::setsockopt(far_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close_far();
    }
    void run(Task<void> task) {
        loop_.spawn(then_stop(loop_, std::move(task)));
        loop_.run();
    }
    Loop loop_;
    std::unique_ptr<Stream> stream_;
    int far_ = -1;
    int heard_ = 0;
    char room_[64];
};

Task<void> until_hung_up(Loop& loop, Stream& stream) {
    while (!stream.hung_up()) co_await Sleep(loop, 1);
}

TEST_F(Hangup, IsToldOnceWhileNobodyReads) {
    stream_->on_hangup([this] { heard_ += 100; });
    stream_->on_hangup([this] { ++heard_; }); // replaces the one before
    EXPECT_EQ(heard_, 0);
    close_far();
    run(until_hung_up(loop_, *stream_));
    EXPECT_EQ(heard_, 1);
}

TEST_F(Hangup, IsToldBehindUnreadBytes) {
    stream_->on_hangup([this] { ++heard_; });
    EXPECT_EQ(::send(far_, "pipelined", 9, 0), 9);
    reset_far();
    run(until_hung_up(loop_, *stream_));
    EXPECT_EQ(heard_, 1);
}

TEST_F(Hangup, IsNotToldToNobody) {
    stream_->on_hangup([this] { ++heard_; });
    stream_->on_hangup({});
    close_far();
    run(until_hung_up(loop_, *stream_));
    EXPECT_EQ(heard_, 0);
    stream_->on_hangup([this] { ++heard_; }); // seen already: told at once
    EXPECT_EQ(heard_, 1);
    stream_->on_hangup({});
    EXPECT_EQ(heard_, 1);
}

TEST_F(Hangup, ListenerMayDestroyTheStream) {
    stream_->on_hangup([this] { stream_.reset(); });
    close_far();
    run([](Loop& loop, std::unique_ptr<Stream>& stream) -> Task<void> {
        while (stream != nullptr) co_await Sleep(loop, 1);
    }(loop_, stream_));
}

// Whoever waits for something else on the stream's behalf learns of its end, too.
TEST_F(Hangup, IsToldWhenTheStreamIsCancelled) {
    stream_->on_hangup([this] { ++heard_; });
    stream_->cancel();
    stream_->cancel();
    EXPECT_EQ(heard_, 1);
    stream_->on_hangup([this] { ++heard_; }); // who asks afterwards is told at once
    EXPECT_EQ(heard_, 2);
    stream_->on_hangup([this] { stream_.reset(); }); // may destroy it
    EXPECT_EQ(stream_, nullptr);
}

TEST_F(Hangup, ListenerMayDestroyTheStreamThatIsCancelled) {
    stream_->on_hangup([this] { stream_.reset(); });
    stream_->cancel();
    EXPECT_EQ(stream_, nullptr);
}

// A client that leaves in the middle of a large answer: its writer is woken, it does not wait out its deadline.
TEST_F(Hangup, WakesAWriterThatIsBlockedAlthoughAListenerIsThere) {
    const std::string megabytes(32u << 20, 'x');
    stream_->on_hangup([this] { ++heard_; });
    run([](Hangup& t, const std::string& bytes) -> Task<void> {
        t.loop_.spawn([](Hangup& s) -> Task<void> {
            co_await Sleep(s.loop_, 10);
            s.reset_far();
        }(t));
        const Result<void> written = co_await t.stream_->write(bytes, t.loop_.now_ms() + 5'000);
        EXPECT_TRUE(!written && written.error().kind == ErrorKind::closed) << written.error().message;
    }(*this, megabytes));
    EXPECT_EQ(heard_, 1);
}

// A client that only ended its own side (shutdown) and reads on gets the whole answer.
TEST_F(Hangup, OfOneSideLetsAWriterGoOn) {
    const std::string megabytes(8u << 20, 'x');
    stream_->on_hangup([this] { ++heard_; });
    run([](Hangup& t, const std::string& bytes) -> Task<void> {
        t.loop_.spawn([](Hangup& s, std::size_t total) -> Task<void> {
            co_await Sleep(s.loop_, 5);
            ::shutdown(s.far_, SHUT_WR);
            std::string room(1 << 20, '\0');
            std::size_t taken = 0;
            while (taken <
                   total) { // empties the socket, then looks again: the edge of the shutdown comes with one of room
                const ssize_t count = ::recv(s.far_, room.data(), room.size(), MSG_DONTWAIT);
                if (count == 0) break;
                if (count > 0)
                    taken += static_cast<std::size_t>(count);
                else
                    co_await Sleep(s.loop_, 1);
            }
        }(t, bytes.size()));
        const Result<void> written = co_await t.stream_->write(bytes, t.loop_.now_ms() + 5'000);
        EXPECT_TRUE(written) << written.error().message;
    }(*this, megabytes));
    EXPECT_EQ(heard_, 1);
}

struct Alive {
    int& count;
    explicit Alive(int& counter) : count(counter) { ++count; }
    ~Alive() { --count; }
};
Task<void> waits_to_read(Stream& stream, int& alive) {
    const Alive here(alive);
    char room[16];
    const Result<std::size_t> count = co_await stream.read(room, stream.loop().now_ms() + 1'000'000);
    ADD_FAILURE() << "resumed";
}
Task<void> waits_to_write(Stream& stream, int& alive, const std::string& bytes) {
    const Alive here(alive);
    const Result<void> written = co_await stream.write(bytes, stream.loop().now_ms() + 1'000'000);
    ADD_FAILURE() << "resumed";
}
Task<void> waits_until_readable(Stream& stream, int& alive) {
    const Alive here(alive);
    const Result<void> ready = co_await stream.readable(never_ms);
    ADD_FAILURE() << "resumed";
}

TEST_F(Hangup, OrBytesDoNotWakeTasksThatWereDestroyed) {
    const std::string megabytes(32u << 20, 'x');
    int alive = 0;
    {
        Task<void> reading = waits_to_read(*stream_, alive);
        Task<void> writing = waits_to_write(*stream_, alive, megabytes);
        const auto reader = reading.release(), writer = writing.release();
        reader.resume();
        writer.resume();
        EXPECT_EQ(alive, 2);
        reader.destroy();
        writer.destroy();
        EXPECT_EQ(alive, 0);
        Task<void> looking = waits_until_readable(*stream_, alive);
        const auto looker = looking.release();
        looker.resume();
        looker.destroy();
    }
    EXPECT_EQ(::send(far_, "abc", 3, 0), 3);
    run([](Hangup& t) -> Task<void> { // the stream itself is as good as before
        const Result<std::size_t> count = co_await t.stream_->read(t.room_, never_ms);
        EXPECT_TRUE(count && *count == 3);
        t.close_far();
        co_await until_hung_up(t.loop_, *t.stream_);
    }(*this));
    EXPECT_EQ(alive, 0);
}

TEST(Loop, DestroysTasksThatWaitOnStreams) {
    int alive = 0;
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    {
        Loop loop;
        loop.spawn([](Loop& on, int descriptor, int& count) -> Task<void> {
            auto stream = make_tcp_stream(on, descriptor, ErrorSource::client, "peer");
            co_await waits_to_read(**stream, count);
        }(loop, ends[0], alive));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    char byte = 0;
    EXPECT_EQ(::recv(ends[1], &byte, 1, 0), 0); // the descriptor was closed with its stream
    ::close(ends[1]);
}

} // namespace
} // namespace sallyport::net
