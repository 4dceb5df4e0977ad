// Connections that a rule wants opened: TLS to the client under a certificate of ours, TLS to the host under its own, strictly checked; each
// request in between is judged by the pipeline, where it is for a model, or relayed and recorded.
#include "base/clock.h"
#include "base/text.h"
#include "egress/inside.h"
#include "egress/relay.h"
#include "net/tunnel.h"

namespace sallyport::egress {

struct Proxy::Intercepted {
    Route route;
    Contact& contact;
    std::unique_ptr<http::ClientConnection> upstream; // made when it is first needed
};

net::Task<void> Proxy::intercept(std::unique_ptr<net::Stream> client, Route route, Contact& contact,
                                 const Caller& caller) {
    const Result<std::shared_ptr<const net::TlsContext>> leaf = shared_.leaf(*settings_.authority, route.target.host);
    if (!leaf) {
        contact.end = leaf.error().message;
        co_return;
    }
    std::string peer = client->peer();
    int descriptor = -1;
    if (client->is_tls()) { // a listener by TLS: what it carries has to come out of that first
        auto behind = net::Tunnel::behind(std::move(client), tunnel_limits());
        if (!behind) {
            contact.end = behind.error().message;
            co_return;
        }
        descriptor = behind->descriptor;
        loop_.spawn(carry(std::move(behind->tunnel)));
    } else {
        descriptor = client->release_descriptor();
        client.reset();
    }
    Result<std::unique_ptr<net::Stream>> opened =
        co_await net::accept_tls(loop_, descriptor, *leaf, std::move(peer), in(settings_.timeouts.head_ms));
    if (!opened) {
        contact.end = "the client did not take the certificate: " + opened.error().message;
        co_return;
    }
    // A front: one host for the proxy, another one for the server (domain fronting).
    if (const std::string_view named = (*opened)->server_name();
        !named.empty() && to_lower(named) != route.target.host) {
        contact.end = "the TLS hello names another host than the CONNECT";
        co_return;
    }
    Intercepted inside{std::move(route), contact, nullptr};
    http::Arrival arrival;
    arrival.intercepted = true;
    arrival.original_host = inside.route.target.host;
    arrival.original_port = inside.route.target.port;
    arrival.key = caller.key;
    contact.end = "ended";
    co_await server_.converse(std::move(*opened), arrival,
                              [this, &inside](http::Exchange& exchange, const http::Arrival& its_arrival) {
                                  return exchange_inside(exchange, its_arrival, inside);
                              });
}

net::Task<void> Proxy::carry(std::shared_ptr<net::Tunnel> tunnel) {
    tunnels_.insert(tunnel.get());
    [[maybe_unused]] const net::Tunnel::End end = co_await net::Tunnel::run(tunnel);
    tunnels_.erase(tunnel.get());
}

net::Task<void> Proxy::exchange_inside(http::Exchange& exchange, const http::Arrival& arrival, Intercepted& inside) {
    const http::RequestHead& head = exchange.head();
    Contact& contact = inside.contact;
    ++contact.exchanges;
    Requested request = requested(head, head.target, shared_.receipts);
    std::string_view wrong;
    int status = 400;
    if (!same_host(head.fields.value("host"), inside.route.target, 443)) {
        wrong = "the Host header names another host than the connection was opened to";
        status = 421;
    } else if (head.method == "CONNECT" ||
               (!head.target.starts_with('/') && !(head.target == "*" && head.method == "OPTIONS"))) {
        wrong = "the target inside an intercepted connection is no path";
    } else if (head.fields.find("upgrade") != nullptr) {
        wrong = "this connection is intercepted and speaks HTTP only; go on without an upgrade";
        status = 426;
    }
    if (!wrong.empty()) {
        request.status = status;
        request.handled_by = "refusal";
        request.end = wrong;
        shared_.receipts.requested(contact, request);
        const std::string body = "Sallyport: " + std::string(wrong) + ".\n";
        const Result<void> told = co_await exchange.respond(
            status, "text/plain; charset=utf-8", "X-Sallyport-Refused: " + std::string(wrong) + "\r\n", body);
        if (!told) exchange.abort();
        co_return;
    }
    if (settings_.pipeline && settings_.pipeline_takes && settings_.pipeline_takes(head)) {
        request.handled_by = "pipeline"; // which records it in the ledger
        shared_.receipts.requested(contact, request);
        co_await settings_.pipeline(exchange, arrival);
        co_return;
    }
    request.handled_by = "relay";
    co_await relay_inside(exchange, inside, request);
    contact.sent_bytes += request.body_bytes;
    contact.received_bytes += request.answer_bytes;
    shared_.receipts.requested(contact, request);
}

net::Task<void> Proxy::relay_inside(http::Exchange& exchange, Intercepted& inside, Requested& request) {
    Contact& contact = inside.contact;
    const Target& target = inside.route.target;
    const std::uint64_t spent = contact.sent_bytes + contact.received_bytes;
    const std::string authority =
        target.port == 443 ? target.text().substr(0, target.text().rfind(':')) : target.text();
    const std::string path(exchange.head().target);
    const bool has_body = exchange.declared_length() != 0;
    Relaying how{path, authority, true, settings_.contact_bytes_max - std::min(spent, settings_.contact_bytes_max),
                 &settings_.timeouts};
    Error why;
    for (bool fresh = false;; fresh = true) {
        const bool reused =
            !fresh && inside.upstream && inside.upstream->reusable() && inside.upstream->stream().idle_and_open();
        if (!reused) {
            inside.upstream.reset();
            Result<std::unique_ptr<net::Stream>> stream = co_await dial(inside.route, contact);
            if (stream) {
                std::string peer = (*stream)->peer();
                const int descriptor = (*stream)->release_descriptor();
                stream = co_await net::connect_tls(loop_, descriptor, settings_.upstream_tls, target.host,
                                                   std::move(peer), in(settings_.timeouts.connect_ms));
            }
            if (!stream) {
                why = stream.error();
                break;
            }
            inside.upstream = std::make_unique<http::ClientConnection>(std::move(*stream), buffers_);
        }
        const Relayed relayed = co_await relay(exchange, *inside.upstream, how, shared_.receipts, request, why);
        if (relayed != Relayed::unanswered) {
            if (relayed == Relayed::cut) {
                request.end = why.message;
                inside.upstream.reset();
            }
            co_return;
        }
        inside.upstream.reset();
        if (reused && !has_body && why.source == ErrorSource::upstream && why.kind == ErrorKind::closed)
            continue; // kept too long: once more
        break;
    }
    const RefusalOf as = refusal_of_kind(why);
    request.status = as.status;
    request.end = why.message;
    const std::string body = "Sallyport: the request to " + target.text() + " failed: " + why.message + ".\n";
    const Result<void> told = co_await exchange.respond(as.status, "text/plain; charset=utf-8", {}, body);
    if (!told) exchange.abort();
}

} // namespace sallyport::egress
