#include "endpoint/way_out.h"

#include "base/limits.h"
#include "endpoint/sign_in.h"
#include "json/writer.h"

#include <utility>

namespace sallyport::endpoint {

namespace {

constexpr std::size_t connections_max = 256; // of one client

// Only the launcher says these.
bool is_ours(std::string_view name) {
    constexpr std::string_view ours = "x-sallyport-";
    return name.size() >= ours.size() && equals_ignoring_case(name.substr(0, ours.size()), ours);
}

std::string sentence(const Error& error) {
    return "Sallyport: the company's gateway cannot be reached, so nothing was sent. " + error.message;
}

} // namespace

WayOut::WayOut(net::Loop& loop, net::Resolver& resolver, WayOutOptions options)
    : loop_(loop), options_(std::move(options)), pool_(loop, resolver, buffers_),
      holder_(loop, pool_, options_.gateway, options_.statement),
      server_(
          loop, buffers_, http::Timeouts{},
          [this](http::Exchange& exchange, const http::Arrival&) { return relay(exchange); }, connections_,
          connections_max) {}

Result<void> WayOut::listen(int descriptor) {
    auto listener = net::Listener::adopt(loop_, descriptor);
    if (!listener) return std::unexpected(listener.error());
    server_.listen(std::move(*listener), {});
    return {};
}

void WayOut::cut() {
    server_.drain();
    server_.cut();
}

std::string WayOut::head_for(const http::RequestHead& head, std::size_t body_bytes, const crypto::Digest& body) const {
    std::string out = std::string(head.method) + " " + std::string(head.target) + " HTTP/1.1\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        ((((out += name) += ": ") += value) += "\r\n");
    };
    add("Host", options_.gateway.origin.authority);
    for (const http::Field& field : head.fields)
        if (!http::is_hop_by_hop(field.name) && !head.fields.lists("connection", field.name) && field.name != "host" &&
            field.name != "content-length" && field.name != "expect" && !is_ours(field.name))
            add(field.name, field.value);
    if (body_bytes > 0 || head.method == "POST") add("Content-Length", std::to_string(body_bytes));
    add("x-sallyport-key", options_.gateway.key.reveal());
    return out + holder_.fields_for({head.method, head.target, body}) + "\r\n";
}

net::Task<void> WayOut::tell(std::string told) {
    constexpr std::string_view path = "/.well-known/sallyport/run";
    const identity::Proven proven{"POST", path, crypto::sha256(told)};
    const auto answer =
        co_await post_to_gateway(loop_, pool_, options_.gateway, path, std::move(told), holder_.fields_for(proven));
    if (!answer) figures_.untold = answer.error().message;
    if (answer && answer->status != 200) figures_.untold = "it answered " + std::to_string(answer->status);
}

net::Task<void> WayOut::answer_unreachable(http::Exchange& exchange, const Error& error) {
    figures_.unreachable = error.message;
    if (exchange.started()) {
        exchange.abort();
        co_return;
    }
    std::string body; // in the form that most clients show the text of
    json::Writer writer(body);
    writer.begin_object();
    writer.begin_object("error");
    writer.member("message", sentence(error));
    writer.member("type", "gateway_unreachable");
    writer.end_object();
    writer.member("type", "error");
    writer.end_object();
    const Result<void> told = co_await exchange.respond(502, "application/json", "", body);
    (void)told; // the client is gone then
}

net::Task<void> WayOut::relay(http::Exchange& exchange) {
    ++figures_.exchanges;
    Buffer body;
    if (const Result<void> read = co_await exchange.read_body(body, limits::request_body_bytes_max); !read) {
        if (read.error().kind != ErrorKind::too_large) {
            exchange.abort();
            co_return;
        }
        const Result<void> told = co_await exchange.respond(413, "text/plain", "", read.error().message + "\n");
        (void)told; // the client is gone then
        co_return;
    }
    const Result<void> signed_in = co_await keep_signed_in(loop_, pool_, options_.gateway);
    if (!signed_in) figures_.unreachable = signed_in.error().message; // the gateway tells the client what is wrong
    co_await holder_.keep_fresh();
    const crypto::Digest digest = crypto::sha256(body.view());
    // A kept connection may have died meanwhile: then once more, on a fresh one.
    for (const bool fresh : {false, true}) {
        auto connection = co_await pool_.take(gateway_in_pool, options_.gateway.origin, fresh, limits::connect_ms_max);
        if (!connection) {
            co_await answer_unreachable(exchange, connection.error());
            co_return;
        }
        Sent sent = co_await send(exchange, body, digest, **connection);
        if (sent.again && !fresh) continue;
        if (sent.answered && (*connection)->reusable()) pool_.give(gateway_in_pool, std::move(*connection));
        co_return;
    }
}

// One try on one connection.
net::Task<WayOut::Sent> WayOut::send(http::Exchange& exchange, Buffer& body, const crypto::Digest& digest,
                                     http::ClientConnection& upstream) {
    bool gone = false;
    exchange.on_gone([&] {
        gone = true;
        upstream.stream().cancel();
    });
    std::string head = head_for(exchange.head(), body.size(), digest);
    iovec pieces[] = {{head.data(), head.size()}, {body.data(), body.size()}};
    Result<void> done = co_await upstream.send(pieces, limits::write_idle_ms_max);
    http::ResponseHead answer;
    if (done)
        done =
            co_await upstream.read_head(answer, exchange.head().method, loop_.now_ms() + limits::upstream_head_ms_max);
    if (!done) {
        exchange.on_gone({});
        const bool again = done.error().retry == Retry::fresh_connection && !gone;
        if (!gone && !(again && upstream.reused())) co_await answer_unreachable(exchange, done.error());
        co_return Sent{.again = again && upstream.reused()};
    }
    figures_.sent_bytes += body.size();
    if (answer.status / 100 == 4) ++figures_.refused;
    const bool whole = co_await pass_on(exchange, answer, upstream);
    exchange.on_gone({});
    if (!whole && !gone) exchange.abort();
    co_return Sent{.answered = whole};
}

// True: all of it.
net::Task<bool> WayOut::pass_on(http::Exchange& exchange, const http::ResponseHead& answer,
                                http::ClientConnection& upstream) {
    std::vector<http::Field> fields;
    for (const http::Field& field : answer.fields)
        if (!http::is_hop_by_hop(field.name) && !answer.fields.lists("connection", field.name) &&
            field.name != "content-length")
            fields.push_back(field);
    std::optional<std::uint64_t> length;
    if (upstream.framing().kind == http::Framing::Kind::length) length = upstream.framing().length;
    if (upstream.framing().kind == http::Framing::Kind::none) length = 0;
    exchange.start(answer.status, answer.reason, fields, length);
    for (bool last = false; !last;) {
        auto part = co_await upstream.read_part(limits::upstream_idle_ms_max);
        if (!part) co_return false;
        last = part->last;
        figures_.received_bytes += part->bytes;
        if (const Result<void> written = co_await exchange.write(part->pieces, last); !written) co_return false;
    }
    co_return true;
}

} // namespace sallyport::endpoint
