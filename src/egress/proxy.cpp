#include "egress/proxy.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/text.h"
#include "egress/address.h"
#include "egress/inside.h"
#include "egress/relay.h"
#include "net/tunnel.h"

#include <algorithm>

namespace sallyport::egress {

namespace {

constexpr std::int64_t minted_valid_ms = 7 * 86'400'000LL;
constexpr std::int64_t minted_anew_ms = 86'400'000;
constexpr std::string_view nobody_allows = "no egress rule of the policy allows it; ask whoever writes the policy";

// For a header, in quotes (RFC 8941 section 3.3.3); sentences of ours and of rules are ASCII, what a client wrote may not be.
std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c >= 0x20 && c < 0x7F ? c : '?';
    }
    return out + '"';
}

// "Basic" with the key as password (or alone as user), or "Bearer".
std::string credential_of(std::string_view header) {
    const std::size_t space = header.find(' ');
    if (space == std::string_view::npos) return {};
    const std::string_view scheme = header.substr(0, space);
    const std::string_view rest = trim(header.substr(space));
    if (equals_ignoring_case(scheme, "bearer")) return std::string(rest);
    if (!equals_ignoring_case(scheme, "basic")) return {};
    const auto pair = from_base64(rest);
    if (!pair) return {};
    const std::size_t colon = pair->find(':');
    if (colon == std::string::npos) return {};
    return colon + 1 < pair->size() ? pair->substr(colon + 1) : pair->substr(0, colon);
}

struct Counted {
    Shared& shared;
    const std::string& caller;
    bool entered;
    Counted(Shared& its_shared, const std::string& its_caller, std::size_t most)
        : shared(its_shared), caller(its_caller), entered(shared.enter(caller, most)) {}
    ~Counted() {
        if (entered) shared.leave(caller);
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
};

} // namespace

void Shared::own_port(std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    if (port != 0) own_ports_.push_back(port);
}

bool Shared::is_own_port(std::uint16_t port) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(own_ports_, port) != own_ports_.end();
}

bool Shared::enter(const std::string& caller, std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = contacts_[caller];
    if (count >= most) return false;
    ++count;
    return true;
}

void Shared::leave(const std::string& caller) {
    const std::lock_guard lock(mutex_);
    const auto found = contacts_.find(caller);
    if (found != contacts_.end() && --found->second == 0) contacts_.erase(found);
}

Result<std::shared_ptr<const net::TlsContext>> Shared::leaf(const crypto::CertificateAuthority& authority,
                                                            const std::string& host) {
    const std::lock_guard lock(mutex_);
    if (leaves_.size() >= limits::minted_certificates_max && !leaves_.contains(host)) leaves_.clear();
    Leaf& leaf = leaves_[host];
    if (leaf.context && leaf.by == &authority && monotonic_ms() - leaf.minted_ms < minted_anew_ms) return leaf.context;
    const auto pair = authority.issue(host, wall_ms(), minted_valid_ms);
    if (!pair) return std::unexpected(pair.error());
    auto context = net::TlsContext::server_of(pair->certificate, pair->key);
    if (!context) return std::unexpected(context.error());
    leaf = {*context, monotonic_ms(), &authority};
    return *context;
}

Proxy::Proxy(net::Loop& loop, http::BufferPool& buffers, Settings settings, Shared& shared)
    : loop_(loop), buffers_(buffers), settings_(std::move(settings)), shared_(shared),
      server_(
          loop, buffers, settings_.timeouts,
          [this](http::Exchange& exchange, const http::Arrival& arrival) { return answer(exchange, arrival); },
          shared.connections, settings_.connections_max) {
    server_.take_urls();
    server_.on_unreadable([this](std::string_view peer, const Error& why) {
        Contact contact;
        contact.how = How::unreadable;
        contact.begun_ms = wall_ms();
        contact.peer = peer;
        contact.reason = why.message;
        shared_.receipts.refused(contact);
    });
}

Proxy::~Proxy() = default;

Result<std::uint16_t> Proxy::listen(const net::HostPort& where, http::Server::TlsNow tls) {
    auto listener = net::Listener::open(loop_, where);
    if (!listener) return std::unexpected(listener.error());
    const std::uint16_t port = (*listener)->port();
    shared_.own_port(port);
    server_.listen(std::move(*listener), std::move(tls));
    return port;
}

Result<void> Proxy::listen(int descriptor, http::Server::TlsNow tls) {
    auto listener = net::Listener::adopt(loop_, descriptor);
    if (!listener) return std::unexpected(listener.error());
    shared_.own_port((*listener)->port());
    server_.listen(std::move(*listener), std::move(tls));
    return {};
}

void Proxy::drain() { server_.drain(); }

void Proxy::cut() {
    server_.cut();
    while (!tunnels_.empty()) {
        net::Tunnel* const tunnel = *tunnels_.begin();
        tunnels_.erase(tunnels_.begin());
        tunnel->cancel();
    }
}

net::Task<void> Proxy::answer(http::Exchange& exchange, const http::Arrival& arrival) {
    Contact contact;
    contact.begun_ms = wall_ms();
    contact.peer = arrival.peer;
    contact.how = exchange.head().method == "CONNECT" ? How::connect : How::absolute;
    Caller caller;
    if (settings_.caller) {
        const http::Fields& fields = exchange.head().fields;
        Result<Caller> known = fields.count("proxy-authorization") > 1
                                   ? fail(ErrorKind::invalid, "Proxy-Authorization is given twice", ErrorSource::client)
                                   : settings_.caller(credential_of(fields.value("proxy-authorization")));
        if (!known) {
            co_await refuse(exchange, contact, {407, known.error().message, "http_request_denied"});
            co_return;
        }
        caller = std::move(*known);
        contact.caller = caller.name;
    }
    const Counted counted(shared_, contact.caller, settings_.contacts_per_caller_max);
    if (!counted.entered) {
        co_await refuse(exchange, contact,
                        {429, "more contacts at once than one caller may have", "http_request_denied"});
        co_return;
    }
    if (contact.how == How::connect)
        co_await connect(exchange, contact, caller);
    else
        co_await absolute(exchange, contact);
}

// Whom to dial: the rule, then the addresses that it permits. Fills in what the receipt tells.
net::Task<std::expected<Proxy::Route, Proxy::Refusal>> Proxy::route(const Target& target, Contact& contact) {
    contact.host = target.host;
    contact.port = target.port;
    Route route{target, settings_.rules ? settings_.rules() : Rules{}, nullptr, {}};
    if (route.rules.list)
        route.rule = policy::contact_rule(*route.rules.list, route.rules.cls, target.host, target.port);
    if (route.rule != nullptr) contact.rule = route.rule->id;
    if (route.rule == nullptr || route.rule->act == policy::Contact::refuse)
        co_return std::unexpected(
            Refusal{403, route.rule == nullptr ? std::string(nobody_allows) : route.rule->why, "http_request_denied"});
    contact.reason = route.rule->why;
    if (route.rule->act == policy::Contact::intercept && contact.how == How::connect && !settings_.authority)
        co_return std::unexpected(Refusal{403, "it is to be intercepted, and here is no certificate authority for that",
                                          "proxy_internal_error"});

    Addresses found;
    if (target.is_address)
        found->push_back(net::socket_address(*parse_ip_address(target.host), target.port));
    else
        found = co_await settings_.look_up(loop_, {target.host, target.port});
    if (!found) co_return std::unexpected(Refusal{502, found.error().message, "dns_error"});
    std::string forbidden;
    for (const net::SocketAddress& address : *found) {
        const auto ip = address.ip();
        if (ip && permitted(*route.rule, *ip))
            route.addresses.push_back(net::socket_address(*ip, target.port));
        else if (ip && forbidden.empty())
            forbidden = "its address " + ip->text() + " is " + std::string(not_public(*ip)) + ", which the rule " +
                        route.rule->id + " does not permit";
    }
    if (route.addresses.empty())
        co_return std::unexpected(forbidden.empty() ? Refusal{502, "the host has no address", "dns_error"}
                                                    : Refusal{403, std::move(forbidden), "destination_ip_prohibited"});
    co_return route;
}

net::Task<void> Proxy::refuse(http::Exchange& exchange, Contact& contact, Refusal refusal) {
    const bool was_opened = contact.number != 0;
    contact.reason = refusal.sentence;
    if (was_opened) {
        contact.end = refusal.sentence;
        shared_.receipts.closed(contact);
    } else {
        shared_.receipts.refused(contact);
    }
    std::string whom = contact.host.empty() ? std::string("this request")
                                            : "contact with " + Target{contact.host, contact.port}.text();
    std::string body =
        "Sallyport: " + whom + (refusal.status >= 500 ? " failed: " : " is refused: ") + refusal.sentence;
    if (!contact.rule.empty()) body += " (egress rule " + contact.rule + ")";
    body += ".\n";
    std::string headers = "Proxy-Status: sallyport; error=" + std::string(refusal.token) +
                          "; details=" + in_quotes(refusal.sentence) +
                          "\r\nX-Sallyport-Refused: " + in_quotes(refusal.sentence) + "\r\n";
    if (refusal.status == 407) headers += "Proxy-Authenticate: Basic realm=\"Sallyport\", charset=\"UTF-8\"\r\n";
    const Result<void> told = co_await exchange.respond(refusal.status, "text/plain; charset=utf-8", headers, body);
    if (!told) exchange.abort();
}

net::Task<Result<std::unique_ptr<net::Stream>>> Proxy::dial(const Route& route, Contact& contact) {
    const std::int64_t deadline = in(settings_.timeouts.connect_ms);
    Result<std::unique_ptr<net::Stream>> stream =
        fail(ErrorKind::unavailable, "the host has no address", ErrorSource::upstream);
    for (const net::SocketAddress& address : route.addresses) {
        contact.address = address.text();
        stream = co_await net::connect_tcp(loop_, address, deadline);
        if (stream || loop_.now_ms() >= deadline) break;
    }
    if (stream && shared_.is_own_port(route.target.port) && (*stream)->is_to_this_host())
        stream = fail(ErrorKind::refused, "that is this proxy itself", ErrorSource::client);
    co_return stream;
}

net::Task<void> Proxy::connect(http::Exchange& exchange, Contact& contact, Caller& caller) {
    const Result<Target> target = parse_authority(exchange.head().target);
    if (!target) {
        co_await refuse(exchange, contact, {400, target.error().message, "http_request_error"});
        co_return;
    }
    contact.host = target->host;
    contact.port = target->port;
    if (exchange.declared_length() != 0) {
        co_await refuse(exchange, contact, {400, "a CONNECT has no body", "http_request_error"});
        co_return;
    }
    std::expected<Route, Refusal> route = co_await this->route(*target, contact);
    if (!route) {
        co_await refuse(exchange, contact, std::move(route.error()));
        co_return;
    }
    const bool intercepted = route->rule->act == policy::Contact::intercept;
    if (intercepted) contact.how = How::intercepted;
    if (const Result<void> written = shared_.receipts.opened(contact); !written) {
        contact.number = 0;
        contact.allowed = false;
        co_await refuse(exchange, contact, {503, written.error().message, "proxy_internal_error"});
        co_return;
    }
    Result<std::unique_ptr<net::Stream>> upstream;
    if (!intercepted) upstream = co_await dial(*route, contact);
    if (!upstream) {
        const bool itself = upstream.error().kind == ErrorKind::refused;
        co_await refuse(
            exchange, contact,
            {itself ? 403 : 502, upstream.error().message, itself ? "http_request_denied" : "destination_unavailable"});
        co_return;
    }
    std::unique_ptr<net::Stream> client = exchange.take_connection();
    if (!client) {
        co_await refuse(exchange, contact,
                        {400, "bytes came behind the CONNECT before it was answered", "http_request_error"});
        co_return;
    }
    const Result<void> told =
        co_await client->write("HTTP/1.1 200 Connection established\r\n\r\n", in(settings_.timeouts.write_idle_ms));
    if (!told)
        contact.end = "client-failed";
    else if (intercepted)
        co_await intercept(std::move(client), std::move(*route), contact, caller);
    else
        co_await tunnel(std::move(client), std::move(*upstream), contact);
    shared_.receipts.closed(contact);
}

net::Task<Result<void>> Proxy::carry(std::unique_ptr<net::Stream>& client, Target target) {
    Contact contact;
    contact.begun_ms = wall_ms();
    contact.how = How::direct;
    const Counted counted(shared_, contact.caller, settings_.contacts_per_caller_max);
    const auto refused = [&](std::string sentence) {
        contact.reason = contact.end = sentence;
        contact.number != 0 ? shared_.receipts.closed(contact) : shared_.receipts.refused(contact);
        return fail(ErrorKind::refused, std::move(sentence), ErrorSource::client);
    };
    if (!counted.entered) co_return refused("more contacts at once than one caller may have");
    const std::expected<Route, Refusal> route = co_await this->route(target, contact);
    if (!route) co_return refused(route.error().sentence);
    if (route->rule->act == policy::Contact::intercept)
        co_return refused("the policy wants it opened, and it is not TLS");
    if (const Result<void> written = shared_.receipts.opened(contact); !written) {
        contact.number = 0;
        co_return refused(written.error().message);
    }
    auto upstream = co_await dial(*route, contact);
    if (!upstream) co_return refused(upstream.error().message);
    co_await tunnel(std::move(client), std::move(*upstream), contact);
    shared_.receipts.closed(contact);
    co_return Result<void>();
}

net::TunnelLimits Proxy::tunnel_limits() const {
    return {settings_.tunnel_idle_ms, settings_.tunnel_half_closed_ms, settings_.contact_bytes_max};
}

net::Task<void> Proxy::tunnel(std::unique_ptr<net::Stream> client, std::unique_ptr<net::Stream> upstream,
                              Contact& contact) {
    const auto tunnel = std::make_shared<net::Tunnel>(std::move(client), std::move(upstream), tunnel_limits());
    tunnels_.insert(tunnel.get());
    const net::Tunnel::End end = co_await net::Tunnel::run(tunnel);
    tunnels_.erase(tunnel.get());
    contact.sent_bytes = tunnel->sent();
    contact.received_bytes = tunnel->received();
    contact.end = net::name(end);
}

net::Task<void> Proxy::absolute(http::Exchange& exchange, Contact& contact) {
    const http::RequestHead& head = exchange.head();
    const Result<Url> url = parse_url(head.target);
    if (!url) {
        co_await refuse(exchange, contact, {400, url.error().message, "http_request_error"});
        co_return;
    }
    contact.host = url->target.host;
    contact.port = url->target.port;
    if (head.fields.find("host") != nullptr && !same_host(head.fields.value("host"), url->target, 80)) {
        co_await refuse(exchange, contact,
                        {400, "the Host header names another host than the target", "http_request_error"});
        co_return;
    }
    std::expected<Route, Refusal> route = co_await this->route(url->target, contact);
    if (!route) {
        co_await refuse(exchange, contact, std::move(route.error()));
        co_return;
    }
    Requested request = requested(head, url->path_and_query, shared_.receipts);
    if (const Result<void> written = shared_.receipts.opened(contact); !written) {
        contact.number = 0;
        contact.allowed = false;
        co_await refuse(exchange, contact, {503, written.error().message, "proxy_internal_error"});
        co_return;
    }
    Result<std::unique_ptr<net::Stream>> stream = co_await dial(*route, contact);
    if (!stream) {
        const bool itself = stream.error().kind == ErrorKind::refused;
        co_await refuse(
            exchange, contact,
            {itself ? 403 : 502, stream.error().message, itself ? "http_request_denied" : "destination_unavailable"});
        co_return;
    }
    http::ClientConnection upstream(std::move(*stream), buffers_);
    const std::string authority =
        url->target.port == 80 ? url->target.text().substr(0, url->target.text().rfind(':')) : url->target.text();
    request.handled_by = "relay";
    Error why;
    const Relayed relayed = co_await relay(
        exchange, upstream, {url->path_and_query, authority, false, settings_.contact_bytes_max, &settings_.timeouts},
        shared_.receipts, request, why);
    contact.exchanges = 1;
    contact.sent_bytes = request.body_bytes;
    contact.received_bytes = request.answer_bytes;
    contact.end = relayed == Relayed::whole ? std::string("ended") : why.message;
    if (relayed != Relayed::whole) request.end = why.message;
    shared_.receipts.requested(contact, request);
    if (relayed != Relayed::unanswered) {
        shared_.receipts.closed(contact);
        co_return;
    }
    const RefusalOf as = refusal_of_kind(why);
    co_await refuse(exchange, contact, {as.status, why.message, as.token});
}

} // namespace sallyport::egress
