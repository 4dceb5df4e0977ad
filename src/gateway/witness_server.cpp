#include "gateway/witness_server.h"

#include "http/server.h"
#include "net/workers.h"

#include <atomic>
#include <thread>

namespace sallyport::gateway {

namespace {

constexpr unsigned disk_threads = 4;
constexpr std::string_view text_type = "text/plain; charset=utf-8", size_type = "text/x.tlog.size";

net::Task<void> answer_add(net::Workers& workers, ledger::WitnessStore& store, http::Exchange& exchange) {
    Buffer body;
    const Result<void> read = co_await exchange.read_body(body, limits::witness_request_bytes_max);
    ledger::WitnessStore::Answer answer{400, {}};
    if (read && !body.empty())
        co_await workers.run(exchange.loop(), [&] { answer = store.add(body.view()); });
    else
        answer.body = (read ? "the request has no body" : read.error().message) + std::string("\n");
    const std::string_view type = answer.status == 409 ? size_type : text_type;
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(answer.status, type, {}, answer.body);
}

net::Task<void> answer(net::Workers& workers, ledger::WitnessStore& store, http::Exchange& exchange) {
    static constexpr std::string_view file = "/checkpoint";
    const http::RequestHead& head = exchange.head();
    const bool reads = head.method == "GET" || head.method == "HEAD";
    std::string body, more;
    int status = 404;
    if (head.path == "/add-checkpoint") {
        if (head.method == "POST") co_return co_await answer_add(workers, store, exchange);
        status = 405;
        more = "Allow: POST\r\n";
        body = "A checkpoint is added with POST.\n";
    } else if (head.path.ends_with(file) && head.path.size() > file.size()) {
        const auto note = store.checkpoint(head.path.substr(1, head.path.size() - file.size() - 1));
        status = !reads ? 405 : note ? 200 : 404;
        if (!reads) more = "Allow: GET, HEAD\r\n";
        body = !reads ? "A checkpoint is read with GET.\n"
               : note ? *note
                      : "No checkpoint of a log whose origin has this SHA-256 was cosigned here.\n";
    } else {
        body = "Served here: POST /add-checkpoint, GET /<SHA-256 of an origin, hex>/checkpoint (C2SP tlog-witness).\n";
    }
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(status, text_type, more, body);
}

http::Timeouts timeouts() {
    http::Timeouts out;
    out.head_ms = out.body_idle_ms = out.write_idle_ms = 10'000; // a request is some kilobytes
    return out;
}

} // namespace

struct WitnessServer::Parts {
    net::Workers workers{disk_threads};
    net::Loop loop;
    http::BufferPool buffers;
    std::atomic<std::size_t> connections = 0;
    std::shared_ptr<const net::TlsContext> tls;
    http::Server server;
    std::string url;
    std::thread thread;

    explicit Parts(ledger::WitnessStore& store)
        : server(
              loop, buffers, timeouts(),
              [this, &store](http::Exchange& exchange, const http::Arrival&) {
                  return answer(workers, store, exchange);
              },
              connections, limits::witness_connections_max) {}
    ~Parts() {
        loop.post([this] {
            server.drain();
            loop.stop();
        });
        if (thread.joinable())
            thread.join();
        else
            loop.run();
        workers.finish(); // before the exchanges that wait for it go
        loop.abandon();
    }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
};

WitnessServer::WitnessServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
WitnessServer::~WitnessServer() = default;
const std::string& WitnessServer::url() const { return parts_->url; }

Result<std::unique_ptr<WitnessServer>> WitnessServer::start(const WitnessListener& where, ledger::WitnessStore& store) {
    if (where.certificate_file.empty() != where.key_file.empty())
        return fail(ErrorKind::invalid, "TLS needs both a certificate and its key");
    auto parts = std::make_unique<Parts>(store);
    if (!where.certificate_file.empty()) {
        auto context = net::TlsContext::server(where.certificate_file, where.key_file);
        if (!context) return std::unexpected(context.error());
        parts->tls = std::move(*context);
    }
    auto listener = net::Listener::open(parts->loop, where.address);
    if (!listener) return std::unexpected(listener.error());
    parts->url = (parts->tls ? "https://" : "http://") + net::HostPort{where.address.host, (*listener)->port()}.text();
    http::Server::TlsNow tls;
    if (parts->tls) tls = [context = parts->tls] { return context; };
    parts->server.listen(std::move(*listener), std::move(tls));
    parts->thread = std::thread([&loop = parts->loop] { loop.run(); });
    return std::unique_ptr<WitnessServer>(new WitnessServer(std::move(parts)));
}

} // namespace sallyport::gateway
