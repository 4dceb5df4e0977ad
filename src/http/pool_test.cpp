// Connections kept for reuse, and what happens when a kept one turns out to be dead.
#include "http/client.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

using net::Loop;
using net::Task;
constexpr std::int64_t long_ms = 15'000; // only reached by what is broken

// An upstream that answers `answered_each_` requests on each connection and closes where the next one arrives.
class Kept : public testing::Test {
public:
    Kept() : pool_(loop_, resolver_, buffers_) {
        listener_ = std::move(*net::Listener::open(loop_, {"127.0.0.1", 0}));
        origin_.where = {"127.0.0.1", listener_->port()};
        origin_.authority = origin_.where.text();
        loop_.spawn([](Kept& t) -> Task<void> {
            while (true) {
                const auto accepted = co_await t.listener_->accept();
                if (!accepted) co_return;
                ++t.accepted_;
                t.loop_.spawn(answer(t, accepted->descriptor));
            }
        }(*this));
    }
    static Task<void> answer(Kept& t, int descriptor) {
        const auto stream = std::move(*net::make_tcp_stream(t.loop_, descriptor, ErrorSource::client, "client"));
        t.upstream_ = stream.get();
        char room[4096];
        for (int i = 0; i < t.answered_each_; ++i) {
            std::string request;
            while (request.find("\r\n\r\n") == std::string::npos) {
                const Result<std::size_t> count = co_await stream->read(room, net::never_ms);
                if (!count || *count == 0) co_return;
                request.append(room, *count);
            }
            const Result<void> sent = co_await stream->write(t.script_, net::never_ms);
            if (!sent) co_return;
        }
        if (t.hangs_) co_await net::Sleep(t.loop_, 1'000'000);
        const Result<std::size_t> next = co_await stream->read(room, net::never_ms);
        static_cast<void>(next);
    }
    using Connection = std::unique_ptr<ClientConnection>;
    Task<Connection> take(std::size_t id = 1, bool fresh = false) {
        auto connection = co_await pool_.take(id, origin_, fresh, long_ms);
        EXPECT_TRUE(connection) << connection.error().message;
        co_return std::move(*connection);
    }
    // One whole exchange; what read_head() says.
    Task<Result<void>> ask(ClientConnection& connection, std::int64_t head_ms = long_ms) {
        std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        iovec pieces[] = {{head.data(), head.size()}};
        Result<void> done = co_await connection.send(pieces, long_ms);
        if (!done) co_return done;
        ResponseHead answer;
        done = co_await connection.read_head(answer, "GET", loop_.now_ms() + head_ms);
        if (!done) co_return done;
        while (true) {
            const auto part = co_await connection.read_part(long_ms);
            if (!part) co_return std::unexpected(part.error());
            if (part->last) co_return {};
        }
    }
    // Takes a connection, asks once, gives it back; whether it had been used before.
    Task<bool> ask_once(std::size_t id = 1) {
        Connection connection = co_await take(id);
        const bool reused = connection->reused();
        const Result<void> asked = co_await ask(*connection);
        EXPECT_TRUE(asked) << asked.error().message;
        pool_.give(id, std::move(connection));
        co_return reused;
    }
    void run(Task<void> task) {
        loop_.spawn([](Loop& on, Task<void> inner) -> Task<void> {
            co_await inner;
            on.stop();
        }(loop_, std::move(task)));
        loop_.run();
    }
    Loop loop_;
    BufferPool buffers_;
    net::Resolver resolver_;
    Pool pool_;
    std::unique_ptr<net::Listener> listener_;
    Origin origin_;
    std::string script_ = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    int answered_each_ = 1000;
    bool hangs_ = false;
    int accepted_ = 0;
    net::Stream* upstream_ = nullptr; // the last one
};

TEST_F(Kept, ConnectionsAreUsedAgain) {
    run([](Kept& t) -> Task<void> {
        for (int i = 0; i < 20; ++i) {
            const bool reused = co_await t.ask_once();
            EXPECT_EQ(reused, i > 0);
        }
    }(*this));
    EXPECT_EQ(accepted_, 1);
}

TEST_F(Kept, ConnectionsAreNotSharedAtOneTimeNorByOrigins) {
    run([](Kept& t) -> Task<void> {
        {
            Connection first = co_await t.take(), second = co_await t.take();
            EXPECT_NE(first.get(), second.get());
            const Result<void> a = co_await t.ask(*first), b = co_await t.ask(*second);
            EXPECT_TRUE(a && b);
            t.pool_.give(1, std::move(first));
            t.pool_.give(1, std::move(second));
        }
        EXPECT_EQ(t.accepted_, 2);
        const bool of_another = co_await t.ask_once(2);
        EXPECT_FALSE(of_another);
        const bool again = co_await t.ask_once(1);
        EXPECT_TRUE(again);
        EXPECT_EQ(t.accepted_, 3);
    }(*this));
}

// The upstream closed the connection just as the request arrived: nobody acted on it, and nobody else must be asked.
TEST_F(Kept, ADeadConnectionAsksForAFreshOne) {
    answered_each_ = 1;
    run([](Kept& t) -> Task<void> {
        const bool first = co_await t.ask_once();
        EXPECT_FALSE(first);
        Connection stale = co_await t.take();
        EXPECT_TRUE(stale->reused());
        const Result<void> failed = co_await t.ask(*stale);
        EXPECT_TRUE(!failed && failed.error().retry == Retry::fresh_connection &&
                    failed.error().source == ErrorSource::upstream);
        t.pool_.give(1, std::move(stale));
        Connection fresh = co_await t.take(1, true);
        EXPECT_FALSE(fresh->reused());
        const Result<void> worked = co_await t.ask(*fresh);
        EXPECT_TRUE(worked);
    }(*this));
    EXPECT_EQ(accepted_, 2);
}

TEST_F(Kept, ALargeRequestOverADeadConnectionAsksForAFreshOne) {
    answered_each_ = 1;
    run([](Kept& t) -> Task<void> {
        const bool first = co_await t.ask_once();
        EXPECT_FALSE(first);
        Connection stale = co_await t.take();
        std::string body(8u << 20, 'x');
        iovec pieces[] = {{body.data(), body.size()}};
        const Result<void> sent = co_await stale->send(pieces, long_ms);
        ResponseHead head;
        const Result<void> answered = co_await stale->read_head(head, "POST", t.loop_.now_ms() + long_ms);
        EXPECT_FALSE(answered);
        EXPECT_EQ((sent ? answered : sent).error().retry, Retry::fresh_connection);
    }(*this));
}

TEST_F(Kept, AConnectionThatHangsIsNotTriedAgainOnTheSameUpstream) {
    answered_each_ = 1;
    hangs_ = true;
    run([](Kept& t) -> Task<void> {
        const bool first = co_await t.ask_once();
        EXPECT_FALSE(first);
        Connection kept = co_await t.take();
        EXPECT_TRUE(kept->reused());
        const Result<void> late = co_await t.ask(*kept, 20);
        EXPECT_TRUE(!late && late.error().kind == ErrorKind::timeout && late.error().retry == Retry::other_upstream);
    }(*this));
}

TEST_F(Kept, AConnectionClosedWhileIdleIsPassedOver) {
    run([](Kept& t) -> Task<void> {
        const bool first = co_await t.ask_once();
        EXPECT_FALSE(first);
        t.upstream_->cancel();           // its side ends and closes
        co_await net::Sleep(t.loop_, 5); // which the loop gets to see
        const bool second = co_await t.ask_once();
        EXPECT_FALSE(second);
    }(*this));
    EXPECT_EQ(accepted_, 2);
}

// An answer nobody asked for would be taken for the next one's.
TEST_F(Kept, AConnectionThatSpokeUnaskedIsPassedOver) {
    run([](Kept& t) -> Task<void> {
        const bool first = co_await t.ask_once();
        EXPECT_FALSE(first);
        const Result<void> sent =
            co_await t.upstream_->write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", net::never_ms);
        EXPECT_TRUE(sent);
        co_await net::Sleep(t.loop_, 5);
        const bool second = co_await t.ask_once();
        EXPECT_FALSE(second);
    }(*this));
    EXPECT_EQ(accepted_, 2);
}

TEST_F(Kept, AConnectionThatIsToCloseIsNotKept) {
    script_ = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    run([](Kept& t) -> Task<void> {
        for (int i = 0; i < 3; ++i) {
            const bool reused = co_await t.ask_once();
            EXPECT_FALSE(reused);
        }
    }(*this));
    EXPECT_EQ(accepted_, 3);
}

TEST_F(Kept, AConnectionWithHalfAnAnswerIsNotKept) {
    run([](Kept& t) -> Task<void> {
        Connection connection = co_await t.take();
        std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        iovec pieces[] = {{head.data(), head.size()}};
        const Result<void> sent = co_await connection->send(pieces, long_ms);
        EXPECT_TRUE(sent);
        t.pool_.give(1, std::move(connection));
        const bool reused = co_await t.ask_once();
        EXPECT_FALSE(reused);
    }(*this));
}

TEST_F(Kept, ConnectionsOfRetiredOriginsAreClosedAlsoWhenTheyComeBackLater) {
    run([](Kept& t) -> Task<void> {
        const bool kept = co_await t.ask_once(1);
        EXPECT_FALSE(kept);
        Connection out = co_await t.take(2);
        const Result<void> asked = co_await t.ask(*out);
        EXPECT_TRUE(asked);
        const bool newer = co_await t.ask_once(3);
        EXPECT_FALSE(newer);
        t.pool_.retire(3);
        t.pool_.give(2, std::move(out));
        EXPECT_EQ(out, nullptr); // NOLINT(bugprone-use-after-move): taken, and closed
        for (const std::size_t id : {1u, 2u, 3u}) {
            const bool reused = co_await t.ask_once(id);
            EXPECT_EQ(reused, id == 3) << id;
        }
    }(*this));
}

TEST_F(Kept, CancelledWhileWaitingIsNoReasonToTryAgain) {
    answered_each_ = 0;
    hangs_ = true;
    run([](Kept& t) -> Task<void> {
        Connection connection = co_await t.take();
        t.loop_.spawn([](Loop& loop, net::Stream& stream) -> Task<void> {
            co_await net::Sleep(loop, 5);
            stream.cancel();
        }(t.loop_, connection->stream()));
        const Result<void> cancelled = co_await t.ask(*connection);
        EXPECT_TRUE(!cancelled && cancelled.error().kind == ErrorKind::cancelled &&
                    cancelled.error().retry == Retry::never);
    }(*this));
}

// A vendor that has read enough answers and closes while the request is still on its way.
TEST_F(Kept, AnEarlyAnswerIsReadAlthoughTheRequestWasNotTaken) {
    script_ = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig";
    answered_each_ = 1;
    run([](Kept& t) -> Task<void> {
        Connection connection = co_await t.take();
        std::string request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n", body(8u << 20, 'x');
        iovec pieces[] = {{request.data(), request.size()}, {body.data(), body.size()}};
        const Result<void> sent = co_await connection->send(pieces, long_ms);
        EXPECT_TRUE(sent);
        ResponseHead head;
        const Result<void> answered = co_await connection->read_head(head, "POST", t.loop_.now_ms() + long_ms);
        EXPECT_TRUE(answered && head.status == 413);
    }(*this));
}

TEST_F(Kept, WhereNobodyListensAnotherUpstreamMayBeTried) {
    listener_->close();
    run([](Kept& t) -> Task<void> {
        const auto none = co_await t.pool_.take(1, t.origin_, false, long_ms);
        EXPECT_TRUE(!none && none.error().kind == ErrorKind::unavailable &&
                    none.error().retry == Retry::other_upstream);
    }(*this));
}

} // namespace
} // namespace sallyport::http
