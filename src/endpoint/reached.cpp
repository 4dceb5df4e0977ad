#include "endpoint/reached.h"

#include "base/buffer.h"
#include "json/document.h"
#include "net/tunnel.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace sallyport::endpoint {

namespace {

constexpr std::int64_t look_ms = 250;
constexpr std::size_t connections_max = 256, answer_bytes_max = 1u << 20;
// Clients listen on ports of the kernel's choice for themselves (a callback of a sign-in, a worker): nobody is told of those.
constexpr std::uint16_t first_chosen_port = 32'768;

} // namespace

Result<Grants> grants_of(std::string_view answer) {
    const Buffer raw(answer);
    json::Document document;
    if (answer.empty()) return fail(ErrorKind::invalid, "the gateway's answer about the binding is empty");
    if (auto parsed = document.parse(raw.view()); !parsed) return std::unexpected(parsed.error());
    auto grants = std::make_shared<std::vector<policy::Grant>>();
    const auto list = document.find_once(document.root(), "grants");
    if (!list) return fail(ErrorKind::invalid, "the gateway's answer holds its grants twice");
    if (*list == json::no_node) return Grants(std::move(grants)); // an older gateway
    policy::Reader reader("the gateway's answer");
    if (reader.parse(document.raw_value(*list), answer_bytes_max)) *grants = policy::read_grants(reader, reader.root());
    if (reader.clean()) return Grants(std::move(grants));
    return fail(ErrorKind::invalid, "the gateway's grants cannot be read: " + reader.mistakes().front().text());
}

void Reached::start() { loop_.spawn(watch()); }

void Reached::cut() {
    is_cut_ = true;
    for (const auto& [port, listener] : open_) listener->close();
}

net::Task<void> Reached::watch() {
    while (!is_cut_) {
        look();
        co_await net::Sleep(loop_, look_ms);
    }
}

void Reached::look() {
    const std::vector<std::uint16_t> now = dialer_.listening();
    for (const std::uint16_t port : now) {
        if (options_.doors.contains(port) || open_.contains(port)) continue;
        std::string why = open(port);
        const bool is_new = told_.insert(port).second;
        if (why.empty()) {
            closed_.erase(port);
            if (is_new && options_.tell)
                options_.tell(fmt::format("port {} of what runs inside is at http://127.0.0.1:{}", port, port));
        } else if (is_new && (port < first_chosen_port || policy::grant_of_port(*options_.grants, port) != nullptr)) {
            if (options_.tell) options_.tell(why);
            closed_[port] = std::move(why);
        }
    }
    std::erase_if(open_, [&](const auto& one) { // nothing listens there any more: somebody else may take the port
        const bool is_gone = std::ranges::find(now, one.first) == now.end();
        if (is_gone) one.second->close();
        return is_gone;
    });
}

std::string Reached::open(std::uint16_t port) {
    const policy::Grant* const grant = policy::grant_of_port(*options_.grants, port);
    if (grant == nullptr)
        return fmt::format(
            "something inside listens on port {}, and nobody outside can reach it: no grant of the policy "
            "names that port",
            port);
    if (grant->asks && !options_.named.contains(grant->id))
        return fmt::format(
            "something inside listens on port {}, and nobody outside can reach it: start with --grant {} "
            "to allow it ({})",
            port, grant->id, grant->why);
    auto listener = net::Listener::open(loop_, {"127.0.0.1", port});
    if (!listener)
        return fmt::format("something inside listens on port {}, and it cannot be reached at the same port outside: {}",
                           port, listener.error().message);
    const std::shared_ptr<net::Listener> opened = std::move(*listener);
    open_.emplace(port, opened);
    loop_.spawn(serve(opened, port, grant->id));
    return {};
}

net::Task<void> Reached::serve(std::shared_ptr<net::Listener> listener, std::uint16_t port, std::string grant) {
    while (true) {
        const auto accepted = co_await listener->accept();
        if (!accepted) co_return; // closed
        if (connections_ >= connections_max) {
            ::close(accepted->descriptor);
            continue;
        }
        ++used_[grant];
        loop_.spawn(carry(accepted->descriptor, port));
    }
}

net::Task<void> Reached::carry(int from, std::uint16_t port) {
    auto client = net::make_tcp_stream(loop_, from, ErrorSource::client, "outside");
    if (!client) co_return;
    const auto inside = dialer_.connect(port);
    if (!inside) co_return;
    auto server = net::make_tcp_stream(loop_, *inside, ErrorSource::upstream, "inside");
    if (!server) co_return;
    ++connections_;
    const auto tunnel = std::make_shared<net::Tunnel>(std::move(*client), std::move(*server), net::TunnelLimits{});
    [[maybe_unused]] const auto end = co_await net::Tunnel::run(tunnel);
    --connections_;
}

} // namespace sallyport::endpoint
