// The forward proxy: whatever a client contacts besides the gateway goes through here, or nowhere (HTTP/1.1 CONNECT and absolute form, RFC 9110
// section 9.3.6 and RFC 9112 section 3.2.2). One Proxy for each loop; what they have in common is Shared. Small enough for a process of
// its own: no thread, no file and no memory to speak of until a request comes.
//
//   auto receipts = Receipts::open(folder / "receipts.jsonl", key);
//   egress::Shared shared{**receipts};
//   egress::Proxy proxy(loop, settings, shared);
//   proxy.listen(descriptor);                       // a socket that listens already: TCP or Unix
//   loop.run();
//   … (*receipts)->summary() …
#pragma once

#include "base/network.h"
#include "crypto/certificates.h"
#include "egress/receipts.h"
#include "egress/target.h"
#include "http/server.h"
#include "net/dialer.h"
#include "policy/egress.h"

#include <atomic>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sallyport::net {
class Tunnel;
struct TunnelLimits;
} // namespace sallyport::net

namespace sallyport::egress {

struct Rules {
    std::shared_ptr<const std::vector<policy::EgressRule>> list; // null: everything is refused
    policy::Class cls = policy::Class::trade_secret;
};
struct Caller {
    std::string name; // for receipts: a pseudonym
    std::string key;  // the company key, for the pipeline; may be empty
};
using Addresses = Result<std::vector<net::SocketAddress>>;

struct Settings {
    std::function<Rules()> rules; // of the moment; asked at each contact
    // Who calls, by what Proxy-Authorization carries ("Basic" password or "Bearer" token); the error is a sentence for the person.
    // Empty: whoever reaches the listener may call.
    std::function<Result<Caller>(std::string_view credential)> caller;
    std::function<net::Task<Addresses>(net::Loop&, net::HostPort)> look_up; // of names only
    std::shared_ptr<const crypto::CertificateAuthority> authority; // null: what rules want intercepted is refused
    std::shared_ptr<const net::TlsContext> upstream_tls;           // trust for what is intercepted
    // Intercepted requests that `pipeline_takes` go there, and on from there; all others are relayed to their host.
    http::Handler pipeline;
    std::function<bool(const http::RequestHead&)> pipeline_takes;
    http::Timeouts timeouts;
    std::int64_t tunnel_idle_ms = limits::tunnel_idle_ms_max;
    std::int64_t tunnel_half_closed_ms = limits::tunnel_half_closed_ms_max;
    std::uint64_t contact_bytes_max = UINT64_MAX; // both ways together
    std::size_t contacts_per_caller_max = limits::tunnels_per_caller_max;
    std::size_t connections_max = limits::connections_max; // of the process
};

// Of all loops. Thread-safe.
struct Shared {
    explicit Shared(Receipts& its_receipts) : receipts(its_receipts) {}
    Receipts& receipts;
    std::atomic<std::size_t> connections = 0;

    // What listens in this process: never dialled.
    void own_port(std::uint16_t port);
    bool is_own_port(std::uint16_t port) const;
    bool enter(const std::string& caller, std::size_t most); // one more contact of this caller; false: too many
    void leave(const std::string& caller);
    // The context that speaks for a host, minted once in a while.
    Result<std::shared_ptr<const net::TlsContext>> leaf(const crypto::CertificateAuthority& authority,
                                                        const std::string& host);

private:
    struct Leaf {
        std::shared_ptr<const net::TlsContext> context;
        std::int64_t minted_ms = 0;
        const crypto::CertificateAuthority* by = nullptr;
    };
    mutable std::mutex mutex_;
    std::vector<std::uint16_t> own_ports_;
    std::map<std::string, std::size_t> contacts_;
    std::map<std::string, Leaf> leaves_;
};

class Proxy {
public:
    Proxy(net::Loop& loop, http::BufferPool& buffers, Settings settings, Shared& shared);
    ~Proxy();
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    // `tls`: of a listener that speaks TLS; empty: plain. Before loop.run(), or on the loop's thread.
    Result<std::uint16_t> listen(const net::HostPort& where, http::Server::TlsNow tls = {});
    Result<void> listen(int descriptor, http::Server::TlsNow tls = {}); // takes it
    // What came for a host another way than by HTTP is carried there as by CONNECT: rules, addresses, a receipt. An error says why not, and the
    // client is the caller's still.
    net::Task<Result<void>> carry(std::unique_ptr<net::Stream>& client, Target target);
    // No new connections; tunnels go on until cut().
    void drain();
    void cut();

private:
    struct Refusal;
    struct Route;
    struct Intercepted;
    net::Task<void> answer(http::Exchange& exchange, const http::Arrival& arrival);
    net::Task<void> connect(http::Exchange& exchange, Contact& contact, Caller& caller);
    net::Task<void> absolute(http::Exchange& exchange, Contact& contact);
    net::Task<std::expected<Route, Refusal>> route(const Target& target, Contact& contact);
    net::Task<void> refuse(http::Exchange& exchange, Contact& contact, Refusal refusal);
    net::Task<Result<std::unique_ptr<net::Stream>>> dial(const Route& route, Contact& contact);
    net::Task<void> tunnel(std::unique_ptr<net::Stream> client, std::unique_ptr<net::Stream> upstream,
                           Contact& contact);
    net::TunnelLimits tunnel_limits() const;
    net::Task<void> carry(std::shared_ptr<net::Tunnel> tunnel);
    net::Task<void> intercept(std::unique_ptr<net::Stream> client, Route route, Contact& contact, const Caller& caller);
    net::Task<void> exchange_inside(http::Exchange& exchange, const http::Arrival& arrival, Intercepted& inside);
    net::Task<void> relay_inside(http::Exchange& exchange, Intercepted& inside, Requested& request);
    std::int64_t in(std::int64_t ms) const { return loop_.now_ms() + ms; }

    net::Loop& loop_;
    http::BufferPool& buffers_;
    Settings settings_;
    Shared& shared_;
    http::Server server_;
    std::unordered_set<net::Tunnel*> tunnels_;
};

} // namespace sallyport::egress
