#include "http/framing.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

using Kind = Framing::Kind;

struct Row {
    const char* lines;
    int minor_version;
    Kind kind;
    std::uint64_t length;
};

// The parsed head views `bytes`, which must outlive it.
RequestHead request(const std::string& bytes) {
    RequestHead head;
    const auto parsed = parse_request_head(bytes, head);
    EXPECT_TRUE(parsed) << bytes;
    return head;
}
ResponseHead response(const std::string& bytes) {
    ResponseHead head;
    const auto parsed = parse_response_head(bytes, head);
    EXPECT_TRUE(parsed) << bytes;
    return head;
}
std::string request_with(const char* lines, int minor_version) {
    return "POST / HTTP/1." + std::to_string(minor_version) + "\r\nHost: a\r\n" + lines + "\r\n";
}
std::string response_with(int status, const char* lines, int minor_version) {
    return "HTTP/1." + std::to_string(minor_version) + " " + std::to_string(status) + " R\r\n" + lines + "\r\n";
}

// What both sides accept; without a field they differ (RFC 9112 section 6.3).
constexpr Row accepted[] = {
    {"Content-Length: 0\r\n", 1, Kind::length, 0},
    {"Content-Length: 5\r\n", 1, Kind::length, 5},
    {"content-length:  00005\t\r\n", 1, Kind::length, 5},
    {"Content-Length: 5\r\n", 0, Kind::length, 5},
    {"Content-Length: 999999999999999999\r\n", 1, Kind::length, 999'999'999'999'999'999},
    {"Transfer-Encoding: chunked\r\n", 1, Kind::chunked, 0},
    {"transfer-encoding: CHUNKED\r\n", 1, Kind::chunked, 0},
};

// Sections 6.1, 6.2 and 11.2: every way to make two readers see two bodies.
constexpr Row refused[] = {
    {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 1, Kind::none, 0},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", 1, Kind::none, 0},
    {"Content-Length: 5\r\ncontent-length: 6\r\n", 1, Kind::none, 0},
    {"Content-Length: 5, 5\r\n", 1, Kind::none, 0},
    {"Content-Length: 5,6\r\n", 1, Kind::none, 0},
    {"Content-Length:\r\n", 1, Kind::none, 0},
    {"Content-Length: +5\r\n", 1, Kind::none, 0},
    {"Content-Length: -5\r\n", 1, Kind::none, 0},
    {"Content-Length: 5 \x35\r\n", 1, Kind::none, 0},
    {"Content-Length: 0x5\r\n", 1, Kind::none, 0},
    {"Content-Length: 5a\r\n", 1, Kind::none, 0},
    {"Content-Length: 5.0\r\n", 1, Kind::none, 0},
    {"Content-Length: \"5\"\r\n", 1, Kind::none, 0},
    {"Content-Length: \xD9\xA5\r\n", 1, Kind::none, 0},
    {"Content-Length: 1000000000000000000\r\n", 1, Kind::none, 0},
    {"Content-Length: 18446744073709551617\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: gzip, chunked\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked, chunked\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked, gzip\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: identity\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding:\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: xchunked\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked;q=1\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: \"chunked\"\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked,\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: ,chunked\r\n", 1, Kind::none, 0},
    {"Transfer-Encoding: chunked\r\n", 0, Kind::none, 0},
};

TEST(RequestFraming, FollowsTheTable) {
    for (const Row& row : accepted) {
        const std::string bytes = request_with(row.lines, row.minor_version);
        const auto framing = request_framing(request(bytes));
        ASSERT_TRUE(framing) << bytes << framing.error().message;
        EXPECT_EQ(framing->kind, row.kind) << bytes;
        EXPECT_EQ(framing->length, row.length) << bytes;
    }
    for (const int version : {0, 1}) { // nothing said: no body, whatever follows
        const std::string bytes = request_with("", version);
        const auto framing = request_framing(request(bytes));
        ASSERT_TRUE(framing);
        EXPECT_EQ(framing->kind, Kind::none);
    }
}

TEST(RequestFraming, RefusesAmbiguity) {
    for (const Row& row : refused) {
        const std::string bytes = request_with(row.lines, row.minor_version);
        const auto framing = request_framing(request(bytes));
        ASSERT_FALSE(framing) << bytes;
        EXPECT_EQ(framing.error().kind, ErrorKind::invalid);
        EXPECT_EQ(framing.error().source, ErrorSource::client);
    }
}

TEST(ResponseFraming, FollowsTheTable) {
    for (const Row& row : accepted) {
        const std::string bytes = response_with(200, row.lines, row.minor_version);
        const auto framing = response_framing(response(bytes), "POST");
        ASSERT_TRUE(framing) << bytes << framing.error().message;
        EXPECT_EQ(framing->kind, row.kind) << bytes;
        EXPECT_EQ(framing->length, row.length) << bytes;
    }
    for (const int version : {0, 1})
        for (const int status : {200, 400, 500}) {
            const std::string bytes = response_with(status, "", version);
            const auto framing = response_framing(response(bytes), "POST");
            ASSERT_TRUE(framing);
            EXPECT_EQ(framing->kind, Kind::until_close);
        }
}

TEST(ResponseFraming, RefusesAmbiguity) {
    for (const Row& row : refused) {
        const std::string bytes = response_with(200, row.lines, row.minor_version);
        const auto framing = response_framing(response(bytes), "GET");
        ASSERT_FALSE(framing) << bytes;
        EXPECT_EQ(framing.error().source, ErrorSource::upstream);
    }
}

TEST(ResponseFraming, HasNoBodyForHeadAndBodilessStatuses) {
    const auto kind_of = [](int status, const char* method, const char* lines) {
        const std::string bytes = response_with(status, lines, 1);
        const auto framing = response_framing(response(bytes), method);
        EXPECT_TRUE(framing) << bytes;
        return framing ? framing->kind : Kind::until_close;
    };
    for (const char* lines : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
        EXPECT_EQ(kind_of(200, "HEAD", lines), Kind::none);
        EXPECT_EQ(kind_of(404, "HEAD", lines), Kind::none);
        EXPECT_EQ(kind_of(204, "POST", lines), Kind::none);
        EXPECT_EQ(kind_of(304, "GET", lines), Kind::none);
        EXPECT_EQ(kind_of(100, "POST", lines), Kind::none);
        EXPECT_EQ(kind_of(103, "POST", lines), Kind::none);
    }
    EXPECT_EQ(kind_of(205, "POST", "Content-Length: 5\r\n"), Kind::length);
    EXPECT_EQ(kind_of(200, "head", "Content-Length: 5\r\n"), Kind::length); // methods are case-sensitive
}

TEST(ResponseHead, ViewsWhatCame) {
    const std::pair<const char*, std::string_view> table[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", "OK"},
        {"HTTP/1.1 200 \r\n\r\n", ""},
        {"HTTP/1.1 200\r\n\r\n", ""}, // some leave out the space
        {"HTTP/1.1 200 a b  c\r\n\r\n", "a b  c"},
        {"HTTP/1.1 200 gr\xC3\xBC\xC3\x9F\r\n\r\n", "gr\xC3\xBC\xC3\x9F"},
    };
    for (const auto& [bytes, reason] : table) {
        const std::string text = bytes;
        const ResponseHead head = response(text);
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.reason, reason);
        EXPECT_EQ(head.minor_version, 1);
    }
    const std::string text = "HTTP/1.0 529 Overloaded\r\nretry-After: 3\r\n\r\n";
    const ResponseHead head = response(text);
    EXPECT_EQ(head.status, 529);
    EXPECT_EQ(head.minor_version, 0);
    EXPECT_EQ(head.fields.value("Retry-After"), "3");
}

TEST(ResponseHead, RefusesWhatIsNone) {
    using namespace std::string_literals;
    for (const std::string& bytes : {"HTTP/2 200 OK\r\n\r\n"s,
                                     "HTTP/1.2 200 OK\r\n\r\n"s,
                                     "HTTP/1.1  200 OK\r\n\r\n"s,
                                     "HTTP/1.1 20 OK\r\n\r\n"s,
                                     "HTTP/1.1 2000 OK\r\n\r\n"s,
                                     "HTTP/1.1 099 OK\r\n\r\n"s,
                                     "HTTP/1.1 600 OK\r\n\r\n"s,
                                     "HTTP/1.1 2x0 OK\r\n\r\n"s,
                                     "HTTP/1.1 200\tOK\r\n\r\n"s,
                                     "HTTP/1.1\t200 OK\r\n\r\n"s,
                                     "HTTP/1.1 200 O\0K\r\n\r\n"s,
                                     "HTTP/1.1 200 O\rK\r\n\r\n"s,
                                     "HTTP/1.1 200 OK\n\r\n"s,
                                     "HTTP/1.1 200 OK\r\nx : y\r\n\r\n"s,
                                     "HTTP/1.1 200 OK\r\n x: y\r\n\r\n"s,
                                     "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n"s,
                                     "HTTP/1.1 200 OK\r\nx: a\nb: c\r\n\r\n"s,
                                     "ICY 200 OK\r\n\r\n"s,
                                     "SSH-2.0-OpenSSH_9.2\r\n\r\n"s,
                                     "HTTP/1.1\r\n\r\n"s,
                                     "\r\n\r\n"s,
                                     ""s}) {
        ResponseHead head;
        const auto parsed = parse_response_head(bytes, head);
        ASSERT_FALSE(parsed) << bytes;
        EXPECT_EQ(parsed.error().source, ErrorSource::upstream);
    }
}

TEST(ReasonPhrase, IsKnownForWhatIsAnsweredHere) {
    for (const int status : {100, 200, 204, 400, 401, 402, 403, 404, 408, 413, 426, 429, 431, 500, 502, 503, 504, 529})
        EXPECT_NE(reason_phrase(status), "") << status;
    EXPECT_EQ(reason_phrase(402), "Payment Required");
    EXPECT_EQ(reason_phrase(299), "");
}

} // namespace
} // namespace sallyport::http
