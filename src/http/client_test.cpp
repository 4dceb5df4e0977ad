// The client's side against an upstream of scripted bytes: where answers begin and end, and what is refused.
#include "http/client.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

using net::Loop;
using net::Task;
constexpr std::int64_t long_ms = 15'000; // only reached by what is broken

// What came of one request.
struct Asked {
    Result<void> result;
    int status = 0;
    std::string fields; // "name: value|"
    std::string body;
    bool reusable = false;
};

class Client : public testing::Test {
public:
    Client() : pool_(loop_, resolver_, buffers_) {
        listener_ = std::move(*net::Listener::open(loop_, {"127.0.0.1", 0}));
        origin_.where = {"127.0.0.1", listener_->port()};
        origin_.authority = origin_.where.text();
        loop_.spawn(accept_all(*this));
    }
    static Task<void> accept_all(Client& t) {
        while (true) {
            const auto accepted = co_await t.listener_->accept();
            if (!accepted) co_return;
            t.loop_.spawn(answer_one(t, accepted->descriptor));
        }
    }
    // Reads a request, writes the scripted bytes in pieces, and closes or waits for the client to do so.
    static Task<void> answer_one(Client& t, int descriptor) {
        const auto stream = std::move(*net::make_tcp_stream(t.loop_, descriptor, ErrorSource::client, "client"));
        std::string request;
        char room[4096];
        while (!request.ends_with("\r\n\r\n")) {
            const Result<std::size_t> count = co_await stream->read(room, net::never_ms);
            if (!count || *count == 0) co_return;
            request.append(room, *count);
        }
        t.requests_ += request;
        for (std::string_view left = t.script_; !left.empty();) {
            const std::string_view now = left.substr(0, t.piece_bytes_);
            const Result<void> sent = co_await stream->write(now, net::never_ms);
            if (!sent) co_return;
            left.remove_prefix(now.size());
            if (t.piece_bytes_ < 100) co_await net::Sleep(t.loop_, 0);
        }
        if (t.closes_) co_return;
        while (true) {
            const Result<std::size_t> count = co_await stream->read(room, net::never_ms);
            if (!count || *count == 0) co_return;
        }
    }
    static Task<void> ask_once(Client& t, const char* method, Asked& asked) {
        auto connection = co_await t.pool_.take(1, t.origin_, false, long_ms);
        EXPECT_TRUE(connection) << connection.error().message;
        if (!connection) co_return;
        std::string head = std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n";
        iovec pieces[] = {{head.data(), head.size()}};
        asked.result = co_await (*connection)->send(pieces, long_ms);
        if (!asked.result) co_return;
        ResponseHead answer;
        asked.result = co_await (*connection)->read_head(answer, method, t.loop_.now_ms() + t.head_ms_);
        if (!asked.result) co_return;
        asked.status = answer.status;
        for (const Field& field : answer.fields)
            asked.fields += std::string(field.name) + ": " + std::string(field.value) + "|";
        while (true) {
            const auto part = co_await (*connection)->read_part(t.idle_ms_);
            if (!part) {
                asked.result = std::unexpected(part.error());
                co_return;
            }
            std::size_t bytes = 0;
            for (const iovec& piece : part->pieces) {
                asked.body.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
                bytes += piece.iov_len;
            }
            EXPECT_EQ(bytes, part->bytes);
            if (part->last) break;
        }
        asked.reusable = (*connection)->reusable();
    }
    Asked ask(std::string script, bool closes = false, const char* method = "GET") {
        script_ = std::move(script);
        closes_ = closes;
        Asked asked;
        loop_.spawn([](Client& t, const char* by, Asked& into) -> Task<void> {
            co_await ask_once(t, by, into);
            t.loop_.stop();
        }(*this, method, asked));
        loop_.run();
        return asked;
    }
    Loop loop_;
    BufferPool buffers_;
    net::Resolver resolver_;
    Pool pool_;
    std::unique_ptr<net::Listener> listener_;
    Origin origin_;
    std::string script_, requests_;
    std::size_t piece_bytes_ = 1 << 20;
    bool closes_ = false;
    std::int64_t head_ms_ = long_ms, idle_ms_ = long_ms;
};

struct Row {
    const char* name;
    const char* method;
    std::string bytes;
    bool closes;
    int status;
    std::string body;
    bool reusable;
};

const Row rows[] = {
    {"Length", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello", true},
    {"NoBody", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, "", true},
    {"Chunked", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n",
     false, 200, "abcde", true},
    {"UntilClose", "POST", "HTTP/1.1 200 OK\r\n\r\nas long as it takes", true, 200, "as long as it takes", false},
    {"UntilCloseEmpty", "POST", "HTTP/1.1 200 OK\r\n\r\n", true, 200, "", false},
    {"SaysClose", "POST", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok",
     false},
    {"Http10", "POST", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok", false},
    {"Head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, 200, "", true},
    {"NoContent", "POST", "HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", true},
    {"NotModified", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, 304, "", true},
    {"Error", "POST", "HTTP/1.1 529 \r\nContent-Length: 2\r\n\r\n{}", false, 529, "{}", true},
    {"Interim", "POST",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
     "1\r\n\r\nx",
     false, 200, "x", true},
    {"Unasked", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", false, 200, "ok", false},
    {"UnaskedBehindChunks", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx", false,
     200, "ok", false},
    {"BodyOf204", "POST", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 204, "",
     false},
    {"BodyOfHead", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "", false},
};

class Answers : public Client, public testing::WithParamInterface<Row> {};
INSTANTIATE_TEST_SUITE_P(Table, Answers, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(Answers, AreReadInOnePiece) {
    const Asked asked = ask(GetParam().bytes, GetParam().closes, GetParam().method);
    ASSERT_TRUE(asked.result) << asked.result.error().message;
    EXPECT_EQ(asked.status, GetParam().status);
    EXPECT_EQ(asked.body, GetParam().body);
    EXPECT_EQ(asked.reusable, GetParam().reusable);
    EXPECT_EQ(requests_, std::string(GetParam().method) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_P(Answers, AreReadByteByByte) {
    piece_bytes_ = 1;
    const Asked asked = ask(GetParam().bytes, GetParam().closes, GetParam().method);
    ASSERT_TRUE(asked.result) << asked.result.error().message;
    EXPECT_EQ(asked.status, GetParam().status);
    EXPECT_EQ(asked.body, GetParam().body);
}

// Where an answer ends must not be a choice, and a cut answer is never a whole one.
const std::pair<std::string, ErrorKind> bad[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nx: y\r\n Content-Length: 5\r\n\r\nhello", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello\r\n\r\n", ErrorKind::invalid},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ErrorKind::invalid},
    {"HTTP/2 200\r\n\r\n", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext\r\nabc\r\n0\r\n\r\n", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", ErrorKind::invalid},
    {"HTTP/1.1 200 OK\r\nx: " + std::string(70'000, 'x') + "\r\n\r\n", ErrorKind::too_large},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", ErrorKind::closed},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ErrorKind::closed},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ErrorKind::closed},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", ErrorKind::closed},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ErrorKind::closed},
    {"HTTP/1.1 200 OK\r\nContent-Le", ErrorKind::closed},
    {"HTTP/1.1 100 Continue\r\n\r\n", ErrorKind::closed},
};
class BadAnswers : public Client, public testing::WithParamInterface<std::pair<std::string, ErrorKind>> {};
INSTANTIATE_TEST_SUITE_P(Table, BadAnswers, testing::ValuesIn(bad));

TEST_P(BadAnswers, AreErrorsOfTheUpstreamAndNotRetried) {
    const Asked asked = ask(GetParam().first, true);
    ASSERT_FALSE(asked.result) << asked.status << " " << asked.body;
    EXPECT_EQ(asked.result.error().kind, GetParam().second) << asked.result.error().message;
    EXPECT_EQ(asked.result.error().source, ErrorSource::upstream);
    EXPECT_EQ(asked.result.error().retry, Retry::never); // something was answered
    EXPECT_FALSE(asked.reusable);
}

TEST_F(Client, GetsFieldsInOrderAndCase) {
    EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nX-B: 1\r\nx-a: 2\r\nContent-Length: 0\r\nX-B: 3\r\n\r\n").fields,
              "X-B: 1|x-a: 2|Content-Length: 0|X-B: 3|");
}

TEST_F(Client, MayTryAnotherUpstreamWhereNothingWasAnswered) {
    const Asked asked = ask("", true);
    ASSERT_FALSE(asked.result);
    EXPECT_EQ(asked.result.error().kind, ErrorKind::closed);
    EXPECT_EQ(asked.result.error().retry, Retry::other_upstream);
}

TEST_F(Client, WaitsForAHeadUpToItsDeadline) {
    head_ms_ = 20;
    const Asked asked = ask("");
    ASSERT_FALSE(asked.result);
    EXPECT_EQ(asked.result.error().kind, ErrorKind::timeout);
    EXPECT_EQ(asked.result.error().retry, Retry::other_upstream);
}

TEST_F(Client, WaitsForTheRestUpToItsDeadline) {
    idle_ms_ = 20;
    const Asked asked = ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
    ASSERT_FALSE(asked.result);
    EXPECT_EQ(asked.result.error().kind, ErrorKind::timeout);
    EXPECT_EQ(asked.body, "hell");
}

} // namespace
} // namespace sallyport::http
