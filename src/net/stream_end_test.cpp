// How operations on a stream end without bytes: deadlines, cancellation, hang-ups, resets, and streams or tasks that go.
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

constexpr std::int64_t long_ms = 60'000; // only reached by what is broken

Task<void> then_stop(Loop& loop, Task<void> task) {
    co_await task;
    loop.stop();
}

// A stream and, as a plain descriptor, the other end of its connection. The loop runs once.
class Ends : public testing::Test {
public:
    Ends() {
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
        const int small = 4096;
        ::setsockopt(far_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        EXPECT_EQ(::connect(far_, name, length), 0);
        const int near = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        ::setsockopt(near, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        ::close(listener);
        stream_ = std::move(*make_tcp_stream(loop_, near, ErrorSource::client, "peer:1"));
    }
    ~Ends() override { close_far(); }
    void close_far() {
        if (far_ >= 0) ::close(far_);
        far_ = -1;
    }
    void reset_far() {
        const linger hard{1, 0};
        ::setsockopt(far_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close_far();
    }
    void far_sends(std::string_view bytes) const {
        EXPECT_EQ(::send(far_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    // Takes what lies in the socket.
    std::size_t far_drains() const {
        std::string room(1 << 20, '\0');
        std::size_t total = 0;
        for (ssize_t count = 0; (count = ::recv(far_, room.data(), room.size(), MSG_DONTWAIT)) > 0;)
            total += static_cast<std::size_t>(count);
        return total;
    }
    std::int64_t in(std::int64_t ms) const { return loop_.now_ms() + ms; }
    void run(Task<void> task) {
        loop_.spawn(then_stop(loop_, std::move(task)));
        loop_.run();
    }

    Loop loop_;
    std::unique_ptr<Stream> stream_;
    int far_ = -1;
    char room_[64];
    const std::string megabytes_ = std::string(8u << 20, 'x');
};

TEST_F(Ends, AReadWithoutBytesTimesOutAndTheNextOneWorks) {
    run([](Ends& t) -> Task<void> {
        const Result<std::size_t> none = co_await t.stream_->read(t.room_, t.in(10));
        EXPECT_TRUE(!none && none.error().kind == ErrorKind::timeout && none.error().source == ErrorSource::client);
        EXPECT_GE(t.loop_.now_ms(), 0);
        const Result<void> ready = co_await t.stream_->readable(t.in(10));
        EXPECT_TRUE(!ready && ready.error().kind == ErrorKind::timeout);
        t.far_sends("abc");
        const Result<std::size_t> count = co_await t.stream_->read(t.room_, t.in(long_ms));
        EXPECT_TRUE(count && *count == 3);
        const Result<std::size_t> again = co_await t.stream_->read(t.room_, t.in(-5)); // a deadline in the past
        EXPECT_TRUE(!again && again.error().kind == ErrorKind::timeout);
    }(*this));
}

TEST_F(Ends, AReadTakesWhatIsThereWhateverTheDeadline) {
    far_sends("abc");
    run([](Ends& t) -> Task<void> {
        const Result<std::size_t> count = co_await t.stream_->read(t.room_, 0);
        EXPECT_TRUE(count && *count == 3);
    }(*this));
}

TEST_F(Ends, ATimerOfAnEarlierReadDoesNotEndALaterOne) {
    run([](Ends& t) -> Task<void> {
        for (int i = 0; i < 3; ++i) {
            t.loop_.spawn([](Ends& s) -> Task<void> {
                co_await Sleep(s.loop_, 5);
                s.far_sends("x");
            }(t));
            const Result<std::size_t> soon = co_await t.stream_->read(t.room_, t.in(long_ms));
            EXPECT_TRUE(soon);
        }
        const Result<std::size_t> short_one = co_await t.stream_->read(t.room_, t.in(20));
        EXPECT_TRUE(!short_one && short_one.error().kind == ErrorKind::timeout);
        t.loop_.spawn([](Ends& s) -> Task<void> {
            co_await Sleep(s.loop_, 60); // beyond the deadline before
            s.far_sends("x");
        }(t));
        const Result<std::size_t> last = co_await t.stream_->read(t.room_, t.in(long_ms));
        EXPECT_TRUE(last);
    }(*this));
}

TEST_F(Ends, AWriteThatNobodyTakesTimesOut) {
    run([](Ends& t) -> Task<void> {
        const Result<void> written = co_await t.stream_->write(t.megabytes_, t.in(30));
        EXPECT_TRUE(!written && written.error().kind == ErrorKind::timeout &&
                    written.error().source == ErrorSource::client);
    }(*this));
}

// The deadline of a write is one of idleness: who takes a little now and then is waited for.
TEST_F(Ends, AWriteThatGoesOnDoesNotTimeOut) {
    const std::string bytes(400'000, 'x');
    run([](Ends& t, const std::string& all) -> Task<void> {
        t.loop_.spawn([](Ends& s, std::size_t total) -> Task<void> {
            for (std::size_t taken = 0; taken < total; taken += s.far_drains()) co_await Sleep(s.loop_, 60);
        }(t, all.size()));
        const std::int64_t begun = t.loop_.now_ms();
        const Result<void> written = co_await t.stream_->write(all, t.in(1000));
        EXPECT_TRUE(written) << written.error().message;
        EXPECT_GT(t.loop_.now_ms() - begun, 1000) << "this was meant to take longer than its deadline";
    }(*this, bytes));
}

TEST_F(Ends, CancelEndsAPendingReadAndAPendingWriteAndAllLaterOnes) {
    run([](Ends& t) -> Task<void> {
        int ended = 0;
        t.loop_.spawn([](Ends& s, int& count) -> Task<void> {
            const Result<std::size_t> read = co_await s.stream_->read(s.room_, never_ms);
            EXPECT_TRUE(!read && read.error().kind == ErrorKind::cancelled);
            ++count;
        }(t, ended));
        t.loop_.spawn([](Ends& s, int& count) -> Task<void> {
            const Result<void> written = co_await s.stream_->write(s.megabytes_, never_ms);
            EXPECT_TRUE(!written && written.error().kind == ErrorKind::cancelled);
            ++count;
        }(t, ended));
        co_await Sleep(t.loop_, 1);
        t.stream_->cancel();
        EXPECT_EQ(ended, 2);
        t.far_sends("abc");
        const Result<std::size_t> read = co_await t.stream_->read(t.room_, never_ms);
        EXPECT_TRUE(!read && read.error().kind == ErrorKind::cancelled);
        const Result<void> written = co_await t.stream_->write("x", never_ms);
        EXPECT_TRUE(!written && written.error().kind == ErrorKind::cancelled);
        const Result<void> ready = co_await t.stream_->readable(never_ms);
        EXPECT_TRUE(!ready && ready.error().kind == ErrorKind::cancelled);
        EXPECT_FALSE(t.stream_->idle_and_open());
    }(*this));
}

TEST_F(Ends, AReaderMayDestroyTheStreamThatWakesIt) {
    run([](Ends& t) -> Task<void> {
        t.loop_.spawn([](Ends& s) -> Task<void> {
            const Result<void> written =
                co_await s.stream_->write(s.megabytes_, never_ms); // is woken, too, or goes with its task
            static_cast<void>(written);
        }(t));
        t.loop_.spawn([](Ends& s) -> Task<void> {
            co_await Sleep(s.loop_, 1);
            s.stream_->cancel();
        }(t));
        {
            const Result<std::size_t> read = co_await t.stream_->read(t.room_, never_ms);
            EXPECT_FALSE(read);
        }
        t.stream_.reset();
    }(*this));
    EXPECT_EQ(stream_, nullptr);
}

TEST_F(Ends, APeerThatClosesEndsTheReadAndOneThatResetsFailsIt) {
    run([](Ends& t) -> Task<void> {
        t.far_sends("last");
        t.close_far();
        const Result<std::size_t> last = co_await t.stream_->read(t.room_, never_ms);
        EXPECT_TRUE(last && *last == 4);
        for (int i = 0; i < 2; ++i) {
            const Result<std::size_t> end = co_await t.stream_->read(t.room_, never_ms);
            EXPECT_TRUE(end && *end == 0);
        }
    }(*this));
}

TEST_F(Ends, AResetFailsReadsAndWrites) {
    run([](Ends& t) -> Task<void> {
        t.loop_.spawn([](Ends& s) -> Task<void> {
            co_await Sleep(s.loop_, 1);
            s.reset_far();
        }(t));
        const Result<std::size_t> read = co_await t.stream_->read(t.room_, never_ms);
        EXPECT_TRUE(!read && read.error().kind == ErrorKind::closed && read.error().source == ErrorSource::client);
        const Result<void> written = co_await t.stream_->write("x", never_ms);
        EXPECT_TRUE(!written && written.error().kind == ErrorKind::closed);
    }(*this));
}

} // namespace
} // namespace sallyport::net
