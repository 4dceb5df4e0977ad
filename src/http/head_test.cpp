#include "http/head.h"

#include "base/limits.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

using namespace std::string_literals;

Result<void> parse(std::string_view bytes) {
    RequestHead head;
    return parse_request_head(bytes, head);
}

// A request with these lines behind the request line.
std::string with(std::string_view lines) {
    return "POST /v1/messages HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

TEST(RequestHead, ViewsWhatCame) {
    const std::string bytes = "POST /v1/messages?beta=true&x=%20 HTTP/1.1\r\n"
                              "hOsT: api.example\r\n"
                              "X-Empty:\r\n"
                              "x-spaces: \t a  b \t\r\n"
                              "x-colon: a:b: c\r\n"
                              "x-obs: gr\xFC\xDF\r\n"
                              "x-comma: a, b\r\n"
                              "X-Comma: c\r\n"
                              "!#$%&'*+-.^_`|~09Az: v\r\n"
                              "Content-Length: 3\r\n\r\n";
    RequestHead head;
    const auto parsed = parse_request_head(bytes, head);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/v1/messages?beta=true&x=%20");
    EXPECT_EQ(head.path, "/v1/messages");
    EXPECT_EQ(head.query, "beta=true&x=%20");
    EXPECT_EQ(head.minor_version, 1);
    const std::pair<std::string_view, std::string_view> expected[] = {
        {"hOsT", "api.example"}, {"X-Empty", ""},     {"x-spaces", "a  b"}, {"x-colon", "a:b: c"},
        {"x-obs", "gr\xFC\xDF"}, {"x-comma", "a, b"}, {"X-Comma", "c"},     {"!#$%&'*+-.^_`|~09Az", "v"},
        {"Content-Length", "3"}};
    ASSERT_EQ(head.fields.size(), std::size(expected));
    std::size_t i = 0;
    for (const Field& field : head.fields) { // order and case as they came
        EXPECT_EQ(field.name.text(), expected[i].first);
        EXPECT_EQ(field.value, expected[i].second);
        ++i;
    }
}

TEST(RequestHead, AcceptsTheTable) {
    const std::string table[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "HEAD /?a?b HTTP/1.1\r\nHost: a:8080\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
        "M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET //evil HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a;b=c,d(e)[f]{g}|\"<>\\^`~ HTTP/1.1\r\nHost: a\r\n\r\n",
        with("x: " + std::string(60'000, 'v') + "\r\n"),
        with("x:\tv\r\n"),
        with("x: a\tb\r\n"),
    };
    for (const std::string& bytes : table) {
        const auto parsed = parse(bytes);
        EXPECT_TRUE(parsed) << bytes.substr(0, 80) << ": " << (parsed ? "" : parsed.error().message);
    }
}

// Each of these is read differently by some parser somewhere (RFC 9112 sections 2.2, 3, 5.1, 5.2, 11.2).
TEST(RequestHead, RefusesWhatTwoParsersCouldReadDifferently) {
    const std::string table[] = {
        // line ends
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\nx: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rx: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nx",
        "\n\r\n",
        "\r\n\r\n",
        "\r\n",
        "\n",
        "",
        " ",
        // folding
        with("x: a\r\n b\r\n"),
        with("x: a\r\n\tb\r\n"),
        with(" x: a\r\n"),
        with("\tx: a\r\n"),
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        // names
        with("x : a\r\n"),
        with("x\t: a\r\n"),
        with(": a\r\n"),
        with("x\r\n"),
        with("x y: a\r\n"),
        with("x\0y: a\r\n"s),
        with("Content-Length : 5\r\n"),
        with("Transfer-Encoding\x0b: chunked\r\n"),
        with("x\xFC: a\r\n"),
        with("(x): a\r\n"),
        with("x\x7F: a\r\n"),
        with("\"x\": a\r\n"),
        with("x@y: a\r\n"),
        with("x,y: a\r\n"),
        with("x/y: a\r\n"),
        // values
        with("x: a\0b\r\n"s),
        with("x: \x01\r\n"),
        with("x: a\x0b\r\n"),
        with("x: a\x7F\r\n"),
        with("x: \x1B[31m\r\n"),
        with("x: a\x0c\r\n"),
        // the request line
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        "GET HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\r\nHost: a\r\n\r\n",
        "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"s,
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s,
        "GET /\x7F HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /gr\xC3\xBC HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1,1\r\nHost: a\r\n\r\n",
        "GET / HTTPS/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02",
        // Host
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nhOST: b\r\n\r\n",
    };
    for (const std::string& bytes : table) {
        const auto parsed = parse(bytes);
        ASSERT_FALSE(parsed) << bytes;
        EXPECT_EQ(parsed.error().kind, ErrorKind::invalid) << bytes;
        EXPECT_EQ(parsed.error().source, ErrorSource::client);
        EXPECT_FALSE(parsed.error().message.empty());
    }
}

// Values are looked at in blocks: each byte, wherever it stands in a block or behind the last whole one.
TEST(RequestHead, RefusesAControlCharacterAnywhereInAValue) {
    for (int c = 0; c < 256; ++c) {
        const bool allowed = (c >= 0x20 && c != 0x7F) || c == '\t';
        for (std::size_t length : {15, 16, 17, 32, 47})
            for (std::size_t at = 1; at + 1 < length; ++at) { // not where white space is trimmed
                std::string value(length, 'v');
                value[at] = static_cast<char>(c);
                if (c == '\n') value[at - 1] = 'x'; // never a CR LF
                ASSERT_EQ(parse(with("x: " + value + "\r\n")).has_value(), allowed)
                    << c << " at " << at << " of " << length;
            }
    }
}

// The sentence goes into an answer and a log: nothing of a value may be in it.
TEST(RequestHead, TellsTheNameOfABadHeaderAndNeverItsValue) {
    const auto parsed = parse(with("x-api-key: sk-secret\x01\r\n"));
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find("x-api-key"), std::string::npos);
    EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos);
}

TEST(RequestHead, HasLimits) {
    std::string lines;
    for (std::size_t i = 0; i + 1 < limits::head_fields_max; ++i) lines += "x: y\r\n"; // and Host
    EXPECT_TRUE(parse(with(lines)));
    const auto more = parse(with(lines + "x: y\r\n"));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, ErrorKind::too_large);
    const auto target = [](std::size_t length) {
        return "GET /" + std::string(length - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    EXPECT_TRUE(parse(target(limits::target_bytes_max)));
    const auto longer = parse(target(limits::target_bytes_max + 1));
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().kind, ErrorKind::too_large);
}

TEST(RequestHead, IsReusedWithoutTracesOfTheLast) {
    RequestHead head;
    ASSERT_TRUE(parse_request_head("GET /?q HTTP/1.0\r\nHost: a\r\nx: y\r\n\r\n", head));
    ASSERT_TRUE(parse_request_head("POST /b HTTP/1.1\r\nHost: b\r\n\r\n", head));
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.path, "/b");
    EXPECT_EQ(head.query, "");
    EXPECT_EQ(head.minor_version, 1);
    EXPECT_EQ(head.fields.size(), 1u);
    EXPECT_EQ(head.fields.value("host"), "b");
}

TEST(HeadEnd, IsFoundOverEverySplit) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\r\n\r\n";
    const std::size_t end = bytes.find("body");
    for (std::size_t looked = 0; looked < bytes.size(); ++looked)
        for (std::size_t have = looked; have <= bytes.size(); ++have) {
            if (looked >= end) continue; // would have been found before
            EXPECT_EQ(head_end(std::string_view(bytes).substr(0, have), looked),
                      have < end ? std::string_view::npos : end);
        }
    EXPECT_EQ(head_end("\r\n\r\n", 0), 4u);
    EXPECT_EQ(head_end("\n\n", 0), std::string_view::npos);
    EXPECT_EQ(head_end("", 0), std::string_view::npos);
}

TEST(Fields, AreFoundInAnyCase) {
    Fields fields;
    fields.add("X-One", "1");
    fields.add("x-two", "2");
    fields.add("x-ONE", "3");
    EXPECT_EQ(fields.value("x-one"), "1");
    EXPECT_EQ(fields.count("X-one"), 2u);
    EXPECT_EQ(fields.find("x-on"), nullptr);
    EXPECT_EQ(fields.value("x-three"), "");
    EXPECT_EQ(fields.count("x-three"), 0u);
}

TEST(Fields, ListsATokenOverAllFieldsOfAName) {
    Fields fields;
    fields.add("Connection", "keep-alive ,\tUpgrade");
    fields.add("connection", ", x-a,,");
    fields.add("other", "close");
    EXPECT_TRUE(fields.lists("connection", "KEEP-ALIVE"));
    EXPECT_TRUE(fields.lists("CONNECTION", "upgrade"));
    EXPECT_TRUE(fields.lists("connection", "x-a"));
    EXPECT_FALSE(fields.lists("connection", "close"));
    EXPECT_FALSE(fields.lists("connection", "keep"));
    EXPECT_FALSE(fields.lists("connection", "keep-alive ,\tUpgrade"));
    EXPECT_FALSE(fields.lists("absent", "close"));
}

TEST(HopByHop, FieldsAreKnownInAnyCase) {
    for (const char* name : {"Connection", "keep-alive", "PROXY-CONNECTION", "Transfer-Encoding", "TE", "Trailer",
                             "Upgrade", "Expect", "Proxy-Authorization"})
        EXPECT_TRUE(is_hop_by_hop(name)) << name;
    for (const char* name : {"Content-Length", "Content-Type", "Host", "Authorization", "x-api-key", "anthropic-beta",
                             "Accept-Encoding", "Content-Encoding", "User-Agent", "Connections", "T", ""})
        EXPECT_FALSE(is_hop_by_hop(name)) << name;
}

} // namespace
} // namespace sallyport::http
