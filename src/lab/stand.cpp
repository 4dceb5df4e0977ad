#include "lab/stand.h"

#include "base/clock.h"
#include "base/limits.h"
#include "dialect/dialect.h"
#include "lab/tls_hello.h"
#include "net/tcp.h"
#include "net/tls.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::lab {

namespace {

constexpr std::int64_t valid_ms = 7LL * 86'400'000, patience_ms = 30'000;
constexpr std::size_t hello_bytes_max = 16'384 + 5, peeks_max = 400;
constexpr std::int64_t peek_ms = 5;
constexpr std::size_t connections_max = 600, recorded_bytes_max = 96u << 20, names_max = 2'000;
constexpr std::size_t piece_bytes = 16 * 1'024, head_bytes_max = 16 * 1'024;

Result<std::unique_ptr<net::Stream>> no_stream(std::string why) { return fail(ErrorKind::closed, std::move(why)); }

} // namespace

Result<std::unique_ptr<Authority>> Authority::make() {
    auto made = crypto::CertificateAuthority::make("Sallyport inspection", {}, wall_ms(), valid_ms);
    if (!made) return std::unexpected(made.error());
    auto out = std::make_unique<Authority>();
    out->ca_ = std::move(*made);
    return out;
}

Result<std::shared_ptr<const net::TlsContext>> Authority::leaf(const std::string& host) {
    auto& leaf = leaves_[host];
    if (leaf) return leaf;
    if (leaves_.size() > limits::minted_certificates_max) leaves_.clear();
    const auto pair = ca_->issue(host, wall_ms(), valid_ms / 2);
    if (!pair) return std::unexpected(pair.error());
    auto context = net::TlsContext::server_of(pair->certificate, pair->key);
    if (!context) return std::unexpected(context.error());
    return leaves_[host] = *context;
}

// One connection: the client's side, and the side of the server that answers.
struct Stand::Talk {
    std::unique_ptr<net::Stream> client, server;
};

Stand::Stand(net::Loop& loop, Authority& authority, std::string answer, Recording& into)
    : loop_(loop), authority_(authority), answer_(std::move(answer)), into_(into),
      all_names_{{"all", {"*"}, {}, 31, {}, policy::Contact::allow, "an inspection answers every name"}},
      asked_(std::move(*egress::Receipts::open({}, Secret(std::string(32, 'k'))))),
      answerer_(all_names_, policy::Class::internal, {{"localhost", ipv4(0x7F000001)}}, *asked_),
      service_(vendor_, buffers_),
      server_(
          loop, buffers_, http::Timeouts{},
          [this](http::Exchange& exchange, const http::Arrival& arrival) { return this->answer(exchange, arrival); },
          connections_, connections_max) {
    vendor_.digest = false;
    if (auto record = sim::Record::open("", "", false)) vendor_.record = std::move(*record);
    server_.take_urls();
}

Stand::~Stand() { close(); }

Result<void> Stand::listen(const std::vector<int>& doors, int names) {
    names_ = names;
    for (const int door : doors) {
        auto listener = net::Listener::adopt(loop_, door);
        if (!listener) return std::unexpected(listener.error());
        listeners_.push_back(std::move(*listener));
        loop_.spawn(accept_from(*listeners_.back()));
    }
    return loop_.watch(names_, *this);
}

void Stand::close() {
    if (closed_) return;
    closed_ = true;
    if (names_ >= 0) {
        loop_.unwatch(names_, *this);
        ::close(names_);
    }
    for (const auto& one : listeners_) one->close();
    for (net::Stream* const one : open_) one->cancel();
    server_.cut();
}

void Stand::ready(std::uint32_t) {
    char bytes[1'024];
    sockaddr_storage from{};
    while (true) {
        socklen_t length = sizeof from;
        const ssize_t count = ::recvfrom(names_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &length);
        if (count < 0) return;
        ++reads_;
        const std::string_view datagram(bytes, static_cast<std::size_t>(count));
        if (into_.names.size() < names_max) {
            const auto question = egress::parse_question(datagram);
            into_.names.push_back(
                {question ? question->name : "", question ? question->type : std::uint16_t{0}, std::string(datagram)});
        }
        const std::string reply = answerer_.answer(datagram);
        if (!reply.empty())
            ::sendto(names_, reply.data(), reply.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&from), length);
    }
}

net::Task<void> Stand::accept_from(net::Listener& listener) {
    ++busy_;
    while (true) {
        auto accepted = co_await listener.accept();
        if (!accepted || closed_) break;
        if (into_.connections.size() >= connections_max) {
            ::close(accepted->descriptor);
            continue;
        }
        RecordedConnection& made = into_.connections.emplace_back();
        sockaddr_in own{};
        socklen_t length = sizeof own;
        if (::getsockname(accepted->descriptor, reinterpret_cast<sockaddr*>(&own), &length) == 0) {
            const IpAddress address = ipv4(ntohl(own.sin_addr.s_addr));
            made.port = ntohs(own.sin_port);
            made.address = address.text();
            made.host = answerer_.name_of(address);
            if (made.host.empty()) made.host = made.address;
        }
        loop_.spawn(meet(accepted->descriptor, into_.connections.size() - 1));
    }
    --busy_;
}

void Stand::record(std::size_t number, std::string_view bytes) {
    RecordedConnection& one = into_.connections[number];
    one.arrived.push_back({one.sent.size(), ++reads_});
    const std::size_t room = recorded_bytes_max - recorded_bytes_;
    if (bytes.size() > room && one.problem.empty()) one.problem = "more came than is recorded of one run";
    bytes = bytes.substr(0, room);
    one.sent += bytes;
    recorded_bytes_ += bytes.size();
}

// What stands at the beginning of a connection, without taking it: a TLS record as a whole, or whatever comes first.
net::Task<std::string> Stand::peek(net::Stream& stream, int descriptor, bool& ended) {
    std::string bytes;
    for (std::size_t i = 0; i < peeks_max && !closed_; ++i) {
        const Result<void> readable = co_await stream.readable(loop_.now_ms() + patience_ms);
        if (!readable) break;
        bytes.resize(hello_bytes_max);
        const ssize_t count = ::recv(descriptor, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
        ended = count == 0;
        if (ended) break;
        if (!bytes.empty() && bytes[0] != 0x16) co_return bytes;
        if (bytes.size() >= 5) {
            const std::size_t whole =
                5u + (static_cast<unsigned char>(bytes[3]) << 8 | static_cast<unsigned char>(bytes[4]));
            if (bytes.size() >= std::min(whole, hello_bytes_max)) {
                bytes.resize(std::min(whole, bytes.size()));
                co_return bytes;
            }
        }
        co_await net::Sleep(loop_, peek_ms);
    }
    co_return bytes;
}

// Takes the descriptor; the stream as it is read, behind TLS where that is spoken.
net::Task<Result<std::unique_ptr<net::Stream>>> Stand::open(int descriptor, std::size_t number) {
    auto plain = net::make_tcp_stream(loop_, descriptor, ErrorSource::client, "inside");
    if (!plain) {
        ::close(descriptor);
        co_return std::unexpected(plain.error());
    }
    for (int layers = 0; layers < 3; ++layers) {
        open_.insert(plain->get());
        bool ended = false;
        const std::string begin = co_await peek(**plain, descriptor, ended);
        open_.erase(plain->get());
        if (closed_ || ended || begin.empty()) co_return no_stream("it said nothing");
        RecordedConnection& record = into_.connections[number];
        if (begin[0] == 0x16) {
            record.tls = true;
            record.hello = begin;
            break;
        }
        if (!begin.starts_with("CONNECT ")) co_return std::move(*plain);
        const bool passed = co_await pass_proxy(*plain, record);
        if (!passed) co_return no_stream("its CONNECT could not be read");
    }
    const std::string named = read_hello(into_.connections[number].hello).server_name;
    if (!named.empty()) into_.connections[number].host = named;
    const auto context = authority_.leaf(into_.connections[number].host);
    if (!context) co_return std::unexpected(context.error());
    const int inner = (*plain)->release_descriptor();
    plain->reset();
    auto opened = co_await net::accept_tls(loop_, inner, *context, "inside", loop_.now_ms() + patience_ms);
    co_return opened;
}

// The head of a CONNECT, byte by byte so that nothing behind it is taken; the connection is then for whom it names.
net::Task<bool> Stand::pass_proxy(std::unique_ptr<net::Stream>& stream, RecordedConnection& record) {
    std::string head;
    const std::size_t number = static_cast<std::size_t>(&record - into_.connections.data());
    while (!head.ends_with("\r\n\r\n")) {
        char byte = 0;
        const Result<std::size_t> count = co_await stream->read({&byte, 1}, loop_.now_ms() + patience_ms);
        if (!count || *count == 0 || head.size() > head_bytes_max) co_return false;
        head += byte;
    }
    const auto target = net::parse_host_port(head.substr(8, head.find(' ', 8) - 8));
    if (!target) co_return false;
    RecordedConnection& one = into_.connections[number]; // it may have moved meanwhile
    one.through_proxy = true;
    one.host = target->host;
    one.port = target->port;
    const Result<void> told =
        co_await stream->write("HTTP/1.1 200 Connection established\r\n\r\n", loop_.now_ms() + patience_ms);
    co_return told.has_value();
}

net::Task<void> Stand::meet(int descriptor, std::size_t number) {
    ++busy_;
    auto stream = co_await open(descriptor, number);
    if (!stream)
        into_.connections[number].problem = stream.error().message;
    else if (!closed_)
        co_await converse(std::move(*stream), number);
    --busy_;
}

net::Task<void> Stand::serve(std::unique_ptr<net::Stream> stream) {
    ++busy_;
    co_await server_.converse(
        std::move(stream), http::Arrival{},
        [this](http::Exchange& exchange, const http::Arrival& arrival) { return answer(exchange, arrival); });
    --busy_;
}

net::Task<void> Stand::converse(std::unique_ptr<net::Stream> stream, std::size_t number) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) co_return;
    auto talk = std::make_shared<Talk>();
    talk->client = std::move(stream);
    auto ours = net::make_tcp_stream(loop_, pair[0], ErrorSource::upstream, "stand");
    auto theirs = net::make_tcp_stream(loop_, pair[1], ErrorSource::client, "inside");
    if (!ours || !theirs) co_return;
    talk->server = std::move(*ours);
    loop_.spawn(serve(std::move(*theirs)));
    open_.insert(talk->client.get());
    open_.insert(talk->server.get());
    loop_.spawn(pass_answers(talk, number));
    std::string room(piece_bytes, '\0');
    while (!closed_) {
        const Result<std::size_t> count = co_await talk->client->read(room, loop_.now_ms() + patience_ms * 4);
        if (!count || *count == 0) break;
        record(number, std::string_view(room).substr(0, *count));
        const Result<void> passed =
            co_await talk->server->write(std::string_view(room).substr(0, *count), loop_.now_ms() + patience_ms);
        if (!passed) break;
    }
    talk->server->shut_down();
}

net::Task<void> Stand::pass_answers(std::shared_ptr<Talk> talk, std::size_t number) {
    ++busy_;
    std::string room(piece_bytes, '\0');
    while (!closed_) {
        const Result<std::size_t> count = co_await talk->server->read(room, loop_.now_ms() + patience_ms * 4);
        if (!count || *count == 0) break;
        into_.connections[number].received += *count;
        ++reads_;
        const Result<void> passed =
            co_await talk->client->write(std::string_view(room).substr(0, *count), loop_.now_ms() + patience_ms);
        if (!passed) break;
    }
    talk->client->shut_down();
    talk->client->cancel();
    talk->server->cancel();
    open_.erase(talk->client.get());
    open_.erase(talk->server.get());
    --busy_;
}

net::Task<void> Stand::answer(http::Exchange& exchange, const http::Arrival& arrival) {
    const http::RequestHead& head = exchange.head();
    const bool is_probe = head.method == "HEAD" && (head.path == "/" || head.path == "/api/hello");
    if (dialect::match_endpoint(head.method, head.path) || is_probe || head.fields.lists("upgrade", "websocket")) {
        co_await service_.handle(exchange, arrival);
        co_return;
    }
    Buffer body;
    const Result<void> read = co_await exchange.read_body(body, recorded_bytes_max);
    if (!read) {
        exchange.abort();
        co_return;
    }
    const std::string answer = answer_.empty() ? "{\"error\":\"not found\"}" : answer_;
    const Result<void> told = co_await exchange.respond(answer_.empty() ? 404 : 200, "application/json", "",
                                                        head.method == "HEAD" ? "" : answer);
    (void)told; // the client is gone then
}

} // namespace sallyport::lab
