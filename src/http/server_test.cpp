// The server's side, asked in raw bytes over loopback: what is answered, and what is refused.
#include "http/server.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::http {
namespace {

using net::Loop;
using net::Task;
constexpr std::int64_t long_ms = 60'000; // only reached by what is broken

iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

// What the tests ask for by path.
Task<void> answer(Exchange& exchange, const Arrival& arrival) {
    const RequestHead& head = exchange.head();
    Result<void> done;
    if (head.path == "/echo") {
        const std::string declared =
            exchange.declared_length() ? std::to_string(*exchange.declared_length()) : "unknown";
        Buffer body;
        const Result<void> read = co_await exchange.read_body(body, 100'000);
        const std::string length = "x-declared: " + declared + "\r\n";
        if (read)
            done = co_await exchange.respond(200, "text/plain", length, body.view());
        else
            done = co_await exchange.respond(read.error().kind == ErrorKind::too_large ? 413 : 400, "text/plain", {},
                                             read.error().message);
    } else if (head.path == "/pieces") { // as long as it takes
        const std::vector<Field> fields = {{"Content-Type", "text/plain"}, {"x-Case", "Kept"}};
        exchange.start(200, "Fine", fields, std::nullopt);
        for (const std::string_view text : {"one", "", "two"}) {
            iovec part = piece(text);
            done = co_await exchange.write({&part, 1}, false);
        }
        iovec last[] = {piece("three"), piece("four")};
        done = co_await exchange.write(last, true);
    } else if (head.path == "/status") { // "/status?304"
        const std::vector<Field> fields = {{"x-a", "b"}};
        exchange.start(std::stoi(std::string(head.query)), {}, fields, 7);
        iovec part = piece("content");
        done = co_await exchange.write({&part, 1}, true);
    } else if (head.path == "/arrival") {
        done = co_await exchange.respond(200, {}, {},
                                         std::string(arrival.peer.substr(0, 10)) + (arrival.tls ? " tls" : " plain"));
    } else {
        done = co_await exchange.respond(404, {}, {}, "nothing here");
    }
    static_cast<void>(done);
}

class ServerInBytes : public testing::Test {
public:
    ServerInBytes() : server_(loop_, buffers_, timeouts_, answer, connections_, 100) {
        auto listener = net::Listener::open(loop_, {"127.0.0.1", 0});
        port_ = (*listener)->port();
        server_.listen(std::move(*listener), {});
    }
    // Sends `bytes`, in pieces of that size, and gives what comes until the server closes.
    std::string ask(std::string bytes, std::size_t piece_bytes = 1 << 20) {
        std::string received;
        loop_.spawn([](ServerInBytes& t, std::string all, std::size_t size, std::string& into) -> Task<void> {
            auto stream = co_await net::connect_tcp(t.loop_, *net::numeric_address({"127.0.0.1", t.port_}),
                                                    t.loop_.now_ms() + long_ms);
            for (std::size_t at = 0; at < all.size(); at += size) {
                const Result<void> sent =
                    co_await (*stream)->write(std::string_view(all).substr(at, size), t.loop_.now_ms() + long_ms);
                if (!sent) break; // refused early
                if (size < 100) co_await net::Sleep(t.loop_, 0);
            }
            char room[4096];
            while (true) {
                const Result<std::size_t> count = co_await (*stream)->read(room, t.loop_.now_ms() + long_ms);
                if (!count || *count == 0) break;
                into.append(room, *count);
            }
            t.loop_.stop();
        }(*this, std::move(bytes), piece_bytes, received));
        loop_.run();
        return received;
    }
    Loop loop_;
    BufferPool buffers_;
    Timeouts timeouts_;
    std::atomic<std::size_t> connections_ = 0;
    Server server_;
    std::uint16_t port_ = 0;
};

const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string closing = "GET /arrival HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const std::string closed = ok + "Content-Length: 16\r\nConnection: close\r\n\r\n127.0.0.1: plain";
std::string echoed(const std::string& body, const std::string& declared) {
    return ok + "Content-Type: text/plain\r\nx-declared: " + declared +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
// Requests with every framing, and their answers; then one that closes.
const std::string requests = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                             "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
                             "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                             "chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n"
                             "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                             "HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n" +
                             closing;
const std::string answers = echoed("hello", "5") + echoed("", "0") + echoed("abcdefg", "unknown") + echoed("", "0") +
                            ok + "Content-Type: text/plain\r\nx-declared: 0\r\n\r\n" + closed;

TEST_F(ServerInBytes, AnswersPipelinedRequestsInOrder) { EXPECT_EQ(ask(requests), answers); }

class InPieces : public ServerInBytes, public testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(OfBytes, InPieces, testing::Values(1, 2, 3, 7, 50));
TEST_P(InPieces, AnswersAlike) { EXPECT_EQ(ask(requests, GetParam()), answers); }

TEST_F(ServerInBytes, WritesChunksAsTheyComeAndLetsTheConnectionLive) {
    EXPECT_EQ(ask("GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n" + closing),
              "HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nx-Case: Kept\r\nTransfer-Encoding: chunked\r\n\r\n"
              "3\r\none\r\n3\r\ntwo\r\n9\r\nthreefour\r\n0\r\n\r\n" +
                  closed);
}

TEST_F(ServerInBytes, EndsAnAnswerToHttp10ByClosing) {
    EXPECT_EQ(
        ask("GET /pieces HTTP/1.0\r\n\r\n"),
        "HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nx-Case: Kept\r\nConnection: close\r\n\r\nonetwothreefour");
}

TEST_F(ServerInBytes, ClosesAfterHttp10EvenWithALength) {
    EXPECT_EQ(ask("GET /arrival HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), closed);
}

TEST_F(ServerInBytes, SendsNoBodyToHeadNorWith204And304) {
    const std::string get = " HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(ask("HEAD /status?200" + get + "GET /status?304" + get + "HEAD /pieces" + get + closing),
              ok +
                  "x-a: b\r\nContent-Length: 7\r\n\r\nHTTP/1.1 304 \r\nx-a: b\r\nContent-Length: 7\r\n\r\n"
                  "HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nx-Case: Kept\r\n\r\n" +
                  closed);
}

TEST_F(ServerInBytes, SendsNoBodyAndNoLengthWith204) {
    const std::string answered = ask("GET /status?204 HTTP/1.1\r\nHost: a\r\n\r\n" + closing);
    EXPECT_TRUE(answered.starts_with("HTTP/1.1 204 No Content\r\nx-a: b\r\n")) << answered;
    EXPECT_TRUE(answered.ends_with("\r\n\r\n" + closed)) << answered;
    EXPECT_EQ(answered.find("content"), std::string::npos) << answered;
    EXPECT_EQ(answered.substr(0, answered.find("\r\n\r\n")).find("Content-Length"), std::string::npos)
        << answered; // RFC 9110 section 8.6
}

// Each hides a second request for some parser. It is answered once, with a reason, and the connection ends.
class Smuggling : public ServerInBytes, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(
    Forms, Smuggling,
    testing::Values("Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "Host: a\r\nContent-Length: 0\r\nContent-Length: 50\r\n\r\n",
                    "Host: a\r\nContent-Length: 0, 0\r\n\r\n", "Host: a\r\nContent-Length: +0\r\n\r\n",
                    "Host: a\r\nContent-Length : 0\r\n\r\n",
                    "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
                    "Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                    "Host: a\r\nTransfer-Encoding:\x0b"
                    "chunked\r\n\r\n0\r\n\r\n",
                    "Host: a\r\nx: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Host: a\r\nHost: b\r\n\r\n",
                    "\r\n\r\n", "Host: a\r\nx: y\nContent-Length: 50\r\n\r\n", "Host: a\nContent-Length: 0\n\n",
                    "Host: a\r\nx: \rTransfer-Encoding: chunked\r\n\r\n", " Host: a\r\n\r\n",
                    "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0;x\r\n\r\n",
                    "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n",
                    "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000000\r\n\r\n"));

TEST_P(Smuggling, IsRefusedAndEndsTheConnection) {
    const std::string answered = ask("POST /echo HTTP/1.1\r\n" + std::string(GetParam()) + closing);
    EXPECT_TRUE(answered.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answered;
    EXPECT_NE(answered.find("\r\nConnection: close\r\n"), std::string::npos) << answered;
    EXPECT_EQ(answered.find("HTTP/1.1 200"), std::string::npos) << answered;
    EXPECT_EQ(answered.find("\nHTTP/1.1"), std::string::npos) << answered;
}

TEST_F(ServerInBytes, SaysWhatIsWrongWithAHead) {
    EXPECT_NE(ask("GET / HTTP/1.1\r\n\r\n").find("exactly one Host"), std::string::npos);
}
TEST_F(ServerInBytes, SaysThatItIsNoProxy) {
    EXPECT_NE(ask("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n").find("HTTP_PROXY"),
              std::string::npos);
}
TEST_F(ServerInBytes, RefusesAHeadBeyondItsLimit) {
    const std::string answered =
        ask("GET / HTTP/1.1\r\nHost: a\r\nx: " + std::string(limits::head_bytes_max, 'x') + "\r\n\r\n");
    EXPECT_TRUE(answered.starts_with("HTTP/1.1 431 ")) << answered.substr(0, 200);
}
TEST_F(ServerInBytes, TakesALargeHeadWithinItsLimit) {
    EXPECT_EQ(ask("GET /arrival HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx: " +
                      std::string(limits::head_bytes_max - 200, 'x') + "\r\n\r\n",
                  5000),
              closed);
}

TEST_F(ServerInBytes, BoundsABodyThatSaysItsLengthBeforeItReadsIt) {
    const std::string answered =
        ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n"); // and nothing more
    EXPECT_TRUE(answered.starts_with("HTTP/1.1 413 Content Too Large\r\n")) << answered;
    EXPECT_NE(answered.find("100001"), std::string::npos);
    EXPECT_NE(answered.find("100000"), std::string::npos);
    EXPECT_NE(answered.find("Connection: close"), std::string::npos);
}
TEST_F(ServerInBytes, BoundsABodyThatDoesNotSayItsLength) {
    std::string request = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 11; ++i) request += "2710\r\n" + std::string(10'000, 'x') + "\r\n";
    EXPECT_TRUE(ask(request + "0\r\n\r\n" + closing).starts_with("HTTP/1.1 413 "));
}
TEST_F(ServerInBytes, TakesABodyOfExactlyTheLimit) {
    const std::string body(100'000, 'b');
    EXPECT_TRUE(ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + body + closing, 3333) ==
                echoed(body, "100000") + closed);
}

} // namespace
} // namespace sallyport::http
