// The vendor over real sockets: what a client sees of each answer and each fault.
#include "sim/vendor.h"

#include "base/encoding.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "sim/waiting.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cerrno>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::sim {
namespace {

constexpr std::string_view hello = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]})";
constexpr std::string_view hello_unstreamed = R"({"model":"m","messages":[{"role":"user","content":"hello"}]})";

// A client that shows what a library would hide.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    ~Client() {
        if (socket_ >= 0) ::close(socket_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view method, std::string_view target, std::string_view body, std::string_view fields = {}) {
        std::string request(method);
        request.append(" ").append(target).append(" HTTP/1.1\r\nhost: x\r\n").append(fields);
        if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        request.append("\r\n").append(body);
        EXPECT_EQ(::send(socket_, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    }
    // Reads on until `wanted` has come (then true) or the connection ends.
    bool read_until(std::string_view wanted) {
        while (in_.find(wanted) == std::string::npos)
            if (!read_more()) return false;
        return true;
    }
    bool read_to_end() {
        while (read_more()) {
        }
        return !was_reset_;
    }
    bool read_more() {
        char room[65536];
        const ssize_t count = ::recv(socket_, room, sizeof room, 0);
        if (count < 0) was_reset_ = errno == ECONNRESET;
        if (count > 0) in_.append(room, static_cast<std::size_t>(count));
        return count > 0;
    }
    void reset() { // leaves, and says so at once
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(std::exchange(socket_, -1));
    }
    const std::string& in() const { return in_; }
    bool was_reset() const { return was_reset_; }
    bool has(std::string_view text) const { return in_.find(text) != std::string::npos; }

private:
    int socket_;
    std::string in_;
    bool was_reset_ = false;
};

std::unique_ptr<Vendor> start(const VendorOptions& options = {}) {
    auto vendor = Vendor::start(options);
    EXPECT_TRUE(vendor) << vendor.error().message;
    return vendor ? std::move(*vendor) : nullptr;
}

// One answer to a connection that is closed behind it.
std::string ask(const Vendor& vendor, std::string_view target, std::string_view body, std::string_view fields = {}) {
    Client client(vendor.port());
    client.send(body.empty() ? "GET" : "POST", target, body, "Connection: close\r\n" + std::string(fields));
    client.read_to_end();
    return client.in();
}

// As ask(), broken by `fault`; the client is given back to look at.
std::unique_ptr<Client> broken(const Vendor& vendor, std::string_view fault, std::string_view body = hello) {
    auto client = std::make_unique<Client>(vendor.port());
    client->send("POST", "/v1/messages", body, "Connection: close\r\nx-vendor-fault: " + std::string(fault) + "\r\n");
    client->read_to_end();
    return client;
}

std::string log_of(const Vendor& vendor) { return ask(vendor, "/vendor/requests", {}); }

TEST(Vendor, AnswersAndTellsWhatItReceived) {
    const auto vendor = start();
    const std::string answer = ask(*vendor, "/v1/messages?beta=true", hello);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_NE(answer.find("x-vendor-received-sha256: " + to_hex(crypto::bytes(crypto::sha256(hello)))),
              std::string::npos);
    EXPECT_NE(answer.find("x-vendor-received-bytes: " + std::to_string(hello.size()) + "\r\n"), std::string::npos);
    EXPECT_NE(answer.find("request-id: req_sim_000001"), std::string::npos);
    EXPECT_NE(answer.find("event: message_stop"), std::string::npos);
    EXPECT_TRUE(ask(*vendor, "/nowhere", {}).starts_with("HTTP/1.1 404"));
    const std::string log = log_of(*vendor);
    EXPECT_NE(log.find(R"("path":"/v1/messages","query":"beta=true")"), std::string::npos);
    EXPECT_NE(log.find(R"(["host","x"],["Connection","close"],["Content-Length")"), std::string::npos);
}

TEST(Vendor, KeepsConnectionsAndBodiesAsTheyCame) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("sim-save-" + std::to_string(::getpid()));
    VendorOptions options;
    options.save_folder = folder;
    {
        const auto vendor = start(options);
        Client client(vendor->port());
        client.send("POST", "/v1/messages?a=%20b", hello_unstreamed, "X-OdD: 1\r\n");
        ASSERT_TRUE(client.read_until("req_sim_000001"));
        client.send("POST", "/v1/messages", "{not json");
        ASSERT_TRUE(client.read_until("req_sim_000002"));
        ASSERT_TRUE(client.read_until("invalid_request_error"));
    }
    EXPECT_EQ(read_file(folder / "1.body", 1 << 20), hello_unstreamed);
    EXPECT_EQ(read_file(folder / "2.body", 1 << 20), "{not json");
    EXPECT_EQ(read_file(folder / "1.head", 1 << 20),
              "POST /v1/messages?a=%20b HTTP/1.1\r\nhost: x\r\nX-OdD: 1\r\nContent-Length: " +
                  std::to_string(hello_unstreamed.size()) + "\r\n\r\n");
    std::filesystem::remove_all(folder);
}

TEST(Vendor, CallsTheToolThenQuotesItsResult) {
    const auto vendor = start();
    const std::string first =
        ask(*vendor, "/v1/messages",
            R"json({"tools":[{"name":"Read"}],"messages":[{"role":"user","content":"vendor:read(a.txt)"}]})json");
    EXPECT_NE(first.find(R"("name":"Read","input":{"file_path":"a.txt"})"), std::string::npos);
    const std::string second =
        ask(*vendor, "/v1/messages",
            R"json({"tools":[{"name":"Read"}],"messages":[{"role":"user","content":"vendor:read(a.txt)"},
        {"role":"user","content":[{"type":"tool_result","content":"alpha"}]}]})json");
    EXPECT_NE(second.find(R"("text":"The file says: alpha")"), std::string::npos);
}

TEST(Vendor, AnswersByHeaderWithoutALookAtTheBody) {
    const auto vendor = start();
    const std::string answer = ask(*vendor, "/v1/chat/completions", "anything", "x-vendor-answer: events(3)\r\n");
    EXPECT_NE(answer.find("[DONE]"), std::string::npos);
    EXPECT_NE(ask(*vendor, "/v1/messages", "anything", "x-vendor-answer: text(100)\r\n").find("end_turn"),
              std::string::npos);
}

TEST(VendorFault, StatusCarriesTheDialectsErrorAndRetryAfter) {
    const auto vendor = start();
    const auto client = broken(*vendor, "status=429,retry-after=2");
    EXPECT_TRUE(client->in().starts_with("HTTP/1.1 429"));
    EXPECT_TRUE(client->has("retry-after: 2\r\n"));
    EXPECT_TRUE(client->has("rate_limit_error"));
    EXPECT_TRUE(broken(*vendor, "status=403,html")->has("<html>"));
    EXPECT_TRUE(broken(*vendor, "nonsense")->in().starts_with("HTTP/1.1 400"));
    EXPECT_NE(log_of(*vendor).find(R"("fault":"status=429,retry-after=2")"), std::string::npos);
}

TEST(VendorFault, EndsThatAreNone) {
    const auto vendor = start();
    for (const std::string_view spec : {"cut", "cut,gzip", "reset", "bad-chunk"}) {
        SCOPED_TRACE(spec);
        const auto client = broken(*vendor, spec);
        EXPECT_EQ(client->was_reset(), spec == "reset");
        EXPECT_TRUE(client->has("message_start"));
        EXPECT_FALSE(client->has("message_stop"));
        EXPECT_FALSE(client->in().ends_with("0\r\n\r\n"));
    }
    EXPECT_TRUE(broken(*vendor, "bad-chunk")->has("\r\nzz\r\n"));
    for (const std::string_view spec : {"early-end", "error-event"}) {
        SCOPED_TRACE(spec);
        const auto client = broken(*vendor, spec);
        EXPECT_FALSE(client->has("message_stop"));
        EXPECT_TRUE(client->in().ends_with("0\r\n\r\n"));
        EXPECT_EQ(client->has("event: error"), spec == "error-event");
    }
    EXPECT_EQ(broken(*vendor, "cut,before-head")->in(), "");
    EXPECT_TRUE(broken(*vendor, "reset,before-head")->was_reset());
    EXPECT_TRUE(broken(*vendor, "cut,streaming", hello_unstreamed)->has("end_turn"));
}

TEST(VendorFault, LengthsThatLie) {
    const auto vendor = start();
    const auto split = [](const std::string& answer) {
        const std::size_t end = answer.find("\r\n\r\n") + 4;
        const std::size_t at = answer.find("Content-Length: ") + 16;
        return std::pair(std::stoul(answer.substr(at)), answer.size() - end);
    };
    for (const std::string_view body : {hello, hello_unstreamed}) {
        const auto [more, came] = split(broken(*vendor, "wrong-length", body)->in());
        EXPECT_GT(more, came);
        const auto [fewer, came_too] = split(broken(*vendor, "short-length", body)->in());
        EXPECT_LT(fewer, came_too);
    }
    const auto [declared, came] = split(broken(*vendor, "cut", hello_unstreamed)->in());
    EXPECT_GT(declared, came);
}

TEST(VendorFault, PacesLeaveTheAnswerWhole) {
    const auto vendor = start();
    for (const std::string_view spec : {"drip=0", "half-event", "stall=1", "pace=1", "stall=1,half-event"}) {
        SCOPED_TRACE(spec);
        const auto client = broken(*vendor, spec);
        EXPECT_TRUE(client->in().ends_with("0\r\n\r\n"));
        // In chunks of a byte the words are not to be found; take the framing away.
        std::string text;
        for (std::size_t at = client->in().find("\r\n\r\n") + 4; at < client->in().size();) {
            const std::size_t size = std::stoul(client->in().substr(at), nullptr, 16);
            at = client->in().find("\r\n", at) + 2;
            text += client->in().substr(at, size);
            at += size + 2;
        }
        EXPECT_NE(text.find("event: message_stop\n"), std::string::npos);
    }
}

TEST(VendorFault, StrikesTheFirstCallsOnlyAndResetCountsAnew) {
    VendorOptions options;
    options.faults = {"status=529,first=2"};
    const auto vendor = start(options);
    const auto status = [&] { return ask(*vendor, "/v1/messages", hello).substr(9, 3); };
    EXPECT_EQ(status(), "529");
    EXPECT_EQ(status(), "529");
    EXPECT_EQ(status(), "200");
    ask(*vendor, "/vendor/reset", "x");
    EXPECT_EQ(status(), "529");
    EXPECT_NE(log_of(*vendor).find(R"({"n":1,)"), std::string::npos);
}

TEST(VendorGate, TheNextEventWaitsToBeLetThrough) {
    VendorOptions options;
    options.gate = true;
    const auto vendor = start(options);
    Client client(vendor->port());
    client.send("POST", "/v1/messages", hello);
    ASSERT_TRUE(client.read_until("\r\n\r\n"));
    EXPECT_FALSE(client.has("message_start"));
    ask(*vendor, "/vendor/next", {});
    ASSERT_TRUE(client.read_until("message_start"));
    EXPECT_FALSE(client.has("content_block_start"));
    for (int i = 0; i < 50; ++i) ask(*vendor, "/vendor/next", {});
    EXPECT_TRUE(client.read_until("message_stop"));
}

TEST(VendorGate, KeepsWhatIsLetThroughEarlyUntilItForgets) {
    Gate gate;
    EXPECT_FALSE(gate.pass_now());
    gate.let_through();
    EXPECT_TRUE(gate.pass_now());
    EXPECT_FALSE(gate.pass_now());
    gate.let_through();
    gate.forget_permits();
    EXPECT_FALSE(gate.pass_now());
}

TEST(Vendor, NoticesAClientThatLeaves) {
    const auto vendor = start();
    for (const std::string_view spec : {"hang", "stall=600000", "ping=600000", "gate", "pace=600000"}) {
        SCOPED_TRACE(spec);
        ask(*vendor, "/vendor/reset", "x");
        {
            Client client(vendor->port());
            client.send("POST", "/v1/messages", hello, "x-vendor-fault: " + std::string(spec) + "\r\n");
            while (log_of(*vendor).find("\"n\":1,\"peer\"") == std::string::npos) {
            }
            client.reset();
        }
        while (log_of(*vendor).find(R"({"n":1,"cancelled":true})") == std::string::npos) {
        }
    }
}

TEST(Vendor, ServesOnSeveralLoopsBehindOnePort) {
    VendorOptions options;
    options.threads = 3;
    options.digest = false;
    const auto vendor = start(options);
    for (int i = 0; i < 30; ++i) EXPECT_NE(ask(*vendor, "/v1/messages", hello).find("message_stop"), std::string::npos);
    EXPECT_EQ(log_of(*vendor).find("\"n\""), std::string::npos); // nothing is remembered without digests
    EXPECT_NE(ask(*vendor, "/v1/messages", hello, "x-vendor-fault: gate\r\n").find("400"), std::string::npos);
}

TEST(Vendor, WrongOptionsAreSentences) {
    VendorOptions options;
    options.listen = "nowhere";
    EXPECT_NE(Vendor::start(options).error().message.find("host:port"), std::string::npos);
    options = {};
    options.faults = {"cutt"};
    EXPECT_NE(Vendor::start(options).error().message.find("did you mean 'cut'"), std::string::npos);
    options = {};
    options.tls_certificate = "only.pem";
    EXPECT_FALSE(Vendor::start(options));
    options = {};
    options.threads = 0;
    EXPECT_FALSE(Vendor::start(options));
}

} // namespace
} // namespace sallyport::sim
