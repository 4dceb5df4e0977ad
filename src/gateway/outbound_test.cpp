// The head that leaves, byte for byte.
#include "gateway/outbound.h"

#include "identity/keys.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace sallyport::gateway {
namespace {

using policy::AccountKind;

class Outbound : public testing::Test {
public:
    Outbound() {
        config_.authority = "api.vendor.example";
        config_.where = {"api.vendor.example", 443};
        config_.tls = true;
        config_.credential = Secret("vendor-key");
    }
    std::string built(const std::string& request, AccountKind account = AccountKind::company,
                      std::optional<std::uint64_t> body = 7) {
        http::RequestHead head;
        const auto parsed = http::parse_request_head(request, head);
        EXPECT_TRUE(parsed) << request << parsed.error().message;
        const auto endpoint = dialect::match_endpoint(head.method, head.path);
        EXPECT_TRUE(endpoint) << request;
        upstream_.config = &config_;
        std::string out;
        build_head(head, *endpoint, upstream_, account, body, {.stripped = stripped_}, out);
        return out;
    }
    // A request with these lines, and what became of them between the request line and the rest.
    std::string lines(const std::string& in, AccountKind account = AccountKind::company) {
        std::string out = built("POST /v1/messages HTTP/1.1\r\n" + in + "\r\n", account);
        const std::string begin = "POST /v1/messages HTTP/1.1\r\n";
        EXPECT_TRUE(out.starts_with(begin) && out.ends_with("\r\n\r\n")) << out;
        return out.substr(begin.size(), out.size() - begin.size() - 2);
    }
    UpstreamConfig config_;
    Upstream upstream_;
    std::vector<std::string_view> stripped_;
};

// Codex sends a kilobyte of metadata in one header: the head grows on the way, and nothing else comes of it.
TEST_F(Outbound, TakesHeadersOfAnyLength) {
    config_.credential = Secret("");
    for (const std::size_t length : {1, 200, 982, 5000}) {
        std::string in = "host: api.vendor.example\r\n";
        for (int i = 0; i < 8; ++i)
            in += "x-" + std::to_string(i) + ": " + std::string(length, static_cast<char>('a' + i)) + "\r\n";
        EXPECT_EQ(lines(in + "content-length: 7\r\n"), in + "content-length: 7\r\n") << length;
    }
}

TEST_F(Outbound, IsWhatCameWithHostLengthAndCredentialOfTheUpstream) {
    EXPECT_EQ(built("POST /v1/messages?beta=true HTTP/1.1\r\n"
                    "host: 127.0.0.1:8080\r\n"
                    "User-Agent: claude-cli/2.1.330 (external, cli)\r\n"
                    "X-Api-Key: sp_x\r\n"
                    "anthropic-Beta: a,b\r\n"
                    "anthropic-beta: c\r\n"
                    "x-unknown:   spaced  out \r\n"
                    "Accept-Encoding: gzip, zstd\r\n"
                    "CONTENT-LENGTH: 7\r\n"
                    "Content-Type: application/json\r\n"
                    "Connection: keep-alive\r\n\r\n"),
              "POST /v1/messages?beta=true HTTP/1.1\r\n"
              "host: api.vendor.example\r\n"
              "User-Agent: claude-cli/2.1.330 (external, cli)\r\n"
              "anthropic-Beta: a,b\r\n"
              "anthropic-beta: c\r\n"
              "x-unknown: spaced  out\r\n"
              "Accept-Encoding: gzip, zstd\r\n"
              "CONTENT-LENGTH: 7\r\n"
              "Content-Type: application/json\r\n"
              "x-api-key: vendor-key\r\n\r\n");
}

TEST_F(Outbound, OfAChunkedRequestSaysItsLength) {
    EXPECT_EQ(lines("Host: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\nExpect: 100-continue\r\nTE: trailers\r\n"),
              "Host: api.vendor.example\r\nx-api-key: vendor-key\r\nContent-Length: 7\r\n");
}

TEST_F(Outbound, OfARequestWithoutBodySaysNone) {
    EXPECT_EQ(
        built("GET /v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", AccountKind::company, std::nullopt),
        "GET /v1/models HTTP/1.1\r\nHost: api.vendor.example\r\nauthorization: Bearer vendor-key\r\n\r\n");
}

TEST_F(Outbound, OfHttp10NamesAHostAndIsHttp11) {
    EXPECT_EQ(
        built("POST /v1/messages HTTP/1.0\r\nContent-Length: 7\r\n\r\n"),
        "POST /v1/messages HTTP/1.1\r\nHost: api.vendor.example\r\nContent-Length: 7\r\nx-api-key: vendor-key\r\n\r\n");
}

TEST_F(Outbound, LeavesOutWhatBelongsToTheConnection) {
    EXPECT_EQ(lines("Host: a\r\nConnection: close, X-Hop,x-other\r\nKeep-Alive: timeout=5\r\nProxy-Connection: "
                    "x\r\nUpgrade: h2c\r\nProxy-Authorization: Basic x\r\nx-hop: 1\r\n"
                    "X-Other: 2\r\nx-kept: 3\r\n"),
              "Host: api.vendor.example\r\nx-kept: 3\r\nx-api-key: vendor-key\r\nContent-Length: 7\r\n");
}

// A caller may name any field as one of the connection; those that frame or address the message stay.
TEST_F(Outbound, KeepsHostAndLengthThoughConnectionNamesThem) {
    EXPECT_EQ(lines("Host: a\r\nContent-Length: 7\r\nConnection: host, content-length\r\n"),
              "Host: api.vendor.example\r\nContent-Length: 7\r\nx-api-key: vendor-key\r\n");
}

TEST_F(Outbound, LeavesOutCredentialsAndWhatIsOurs) {
    EXPECT_EQ(lines("Host: a\r\nAuthorization: Bearer sk-ant-oat01-x\r\nx-api-key: y\r\nX-Goog-Api-Key: z\r\napi-key: "
                    "w\r\nCookie: c\r\nx-sallyport-key: sp_k\r\n"
                    "X-Sallyport-Repository: r\r\nOpenAI-Organization: o\r\nopenai-project: p\r\nchatgpt-account-id: "
                    "i\r\nx-goog-user-project: u\r\n"),
              "Host: api.vendor.example\r\nx-api-key: vendor-key\r\nContent-Length: 7\r\n");
}

TEST_F(Outbound, StripsWhatTheUpstreamMustNotSee) {
    config_.strip_headers = {"x-codex-turn-metadata", "x-git-remote"};
    EXPECT_EQ(lines("Host: a\r\nX-Codex-Turn-Metadata: {}\r\nx-git-remote: r\r\nx-git-branch: b\r\n"),
              "Host: api.vendor.example\r\nx-git-branch: b\r\nx-api-key: vendor-key\r\nContent-Length: 7\r\n");
}

TEST_F(Outbound, CarriesTheCredentialAsTheDialectExpects) {
    const auto last_line = [this](const char* target) {
        const std::string out =
            built("POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n");
        const std::size_t begin = out.rfind('\n', out.size() - 5) + 1;
        return out.substr(begin, out.size() - begin - 4);
    };
    EXPECT_EQ(last_line("/v1/messages"), "x-api-key: vendor-key");
    EXPECT_EQ(last_line("/v1/messages/count_tokens"), "x-api-key: vendor-key");
    EXPECT_EQ(last_line("/v1/responses"), "authorization: Bearer vendor-key");
    EXPECT_EQ(last_line("/v1/chat/completions"), "authorization: Bearer vendor-key");
    EXPECT_EQ(last_line("/v1beta/models/gemini-x:generateContent"), "x-goog-api-key: vendor-key");
    config_.credential_header = "api-key";
    EXPECT_EQ(last_line("/v1/responses"), "api-key: vendor-key");
    config_.credential_header = "authorization";
    EXPECT_EQ(last_line("/v1/messages"), "authorization: Bearer vendor-key");
    config_.credential = Secret();
    EXPECT_EQ(last_line("/v1/messages"), "Content-Length: 7");
}

TEST_F(Outbound, OfAPersonalAccountCarriesTheCallersCredentialAndNotTheCompanys) {
    EXPECT_EQ(lines("Host: a\r\nAuthorization: Bearer sk-ant-oat01-x\r\nx-sallyport-key: sp_k\r\nCookie: "
                    "c\r\nopenai-organization: o\r\n",
                    AccountKind::personal),
              "Host: api.vendor.example\r\nAuthorization: Bearer sk-ant-oat01-x\r\nContent-Length: 7\r\n");
    EXPECT_TRUE(built("POST /v1beta/models/m:generateContent?alt=sse&key=AIza1 HTTP/1.1\r\nHost: a\r\n\r\n",
                      AccountKind::personal)
                    .starts_with("POST /v1beta/models/m:generateContent?alt=sse&key=AIza1 HTTP/1.1\r\n"));
}

// The company's key may stand where clients put theirs, beside a credential of the person's own: it goes to nobody.
TEST_F(Outbound, NeverCarriesACompanyKey) {
    const std::string key(identity::new_company_key().reveal());
    for (const AccountKind account : {AccountKind::company, AccountKind::personal})
        for (const std::string& line :
             {"Authorization: Bearer " + key, "authorization: " + key, "x-api-key: " + key, "X-Goog-Api-Key: " + key,
              "api-key: bearer  " + key, "x-sallyport-key: " + key, "x-sallyport-other: " + key}) {
            const std::string out = lines("Host: a\r\n" + line + "\r\nx-x: sk-ant-api03-x\r\n", account);
            EXPECT_EQ(out.find("sp_"), std::string::npos) << line;
            const std::string queried = built("POST /v1beta/models/m:generateContent?a=1&key=" + key +
                                                  " HTTP/1.1\r\nHost: a\r\nx-goog-api-key: AIza1\r\n\r\n",
                                              account);
            EXPECT_TRUE(queried.starts_with("POST /v1beta/models/m:generateContent?a=1 HTTP/1.1\r\n")) << queried;
        }
}

TEST_F(Outbound, AsksForTheEndpointBelowTheUpstreamsPath) {
    config_.base_path = "/anthropic";
    const std::string tail =
        " HTTP/1.1\r\nHost: api.vendor.example\r\nx-api-key: vendor-key\r\nContent-Length: 7\r\n\r\n";
    EXPECT_EQ(built("POST /v1/messages?a HTTP/1.1\r\nHost: a\r\n\r\n"), "POST /anthropic/v1/messages?a" + tail);
    EXPECT_EQ(built("POST /v1/messages?key=x HTTP/1.1\r\nHost: a\r\n\r\n"),
              "POST /anthropic/v1/messages" + tail); // nothing is left of the query
    EXPECT_EQ(built("POST /v1/messages?a=1&key=x&b=%20 HTTP/1.1\r\nHost: a\r\n\r\n"),
              "POST /anthropic/v1/messages?a=1&b=%20" + tail);
    EXPECT_EQ(built("POST /messages HTTP/1.1\r\nHost: a\r\n\r\n"),
              "POST /anthropic" + std::string(dialect::match_endpoint("POST", "/messages")->upstream_path) + tail);
}

TEST_F(Outbound, ThroughAProxyIsInAbsoluteFormWherePlain) {
    upstream_.origin.proxy = net::HostPort{"proxy.example", 3128};
    upstream_.origin.proxy_authorization = Secret("Basic dTpw");
    EXPECT_TRUE(built("POST /v1/messages HTTP/1.1\r\nHost: a\r\n\r\n")
                    .starts_with("POST /v1/messages HTTP/1.1\r\n")); // TLS: in the tunnel
    EXPECT_EQ(built("POST /v1/messages HTTP/1.1\r\nHost: a\r\n\r\n").find("Proxy-"), std::string::npos);
    config_.tls = false;
    config_.authority = "10.0.0.1:9000";
    config_.base_path = "/v";
    EXPECT_EQ(built("POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n"),
              "POST http://10.0.0.1:9000/v/v1/messages HTTP/1.1\r\nHost: 10.0.0.1:9000\r\nContent-Length: "
              "7\r\nx-api-key: vendor-key\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST_F(Outbound, IsAppended) {
    http::RequestHead head;
    const std::string request = "POST /v1/messages HTTP/1.1\r\nHost: a\r\n\r\n";
    ASSERT_TRUE(http::parse_request_head(request, head));
    upstream_.config = &config_;
    std::string out = "before ";
    build_head(head, *dialect::match_endpoint("POST", "/v1/messages"), upstream_, AccountKind::company, 7, {}, out);
    EXPECT_TRUE(out.starts_with("before POST /v1/messages HTTP/1.1\r\n"));
}

TEST_F(Outbound, HeadersThatRulesStripStayHere) {
    stripped_ = {"x-stainless-*", "x-app"};
    EXPECT_EQ(lines("Host: a\r\nX-Stainless-OS: Linux\r\nx-stainless: 1\r\nX-App: cli\r\nX-Application: cli\r\n"
                    "Content-Length: 7\r\n"),
              lines("Host: a\r\nx-stainless: 1\r\nX-Application: cli\r\nContent-Length: 7\r\n"));
}

} // namespace
} // namespace sallyport::gateway
