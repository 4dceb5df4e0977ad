#include "endpoint/ssh_doors.h"

#include "base/encoding.h"
#include "crypto/ssh_key.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t first_address = 0x7F000102; // 127.0.1.2 and on
constexpr std::size_t connections_max = 64, told_max = 20;
constexpr std::int64_t message_ms_max = 300'000; // a person confirms or touches a key meanwhile
constexpr char agent_signed = 14;                // SSH_AGENT_SIGN_RESPONSE
constexpr const char* config_file = "/etc/ssh/ssh_config";
constexpr const char* known_file = "/etc/ssh/ssh_known_hosts";

net::SocketAddress unix_address(const fs::path& path) {
    net::SocketAddress out;
    auto& name = *new (out.bytes) sockaddr_un{};
    name.sun_family = AF_UNIX;
    path.string().copy(name.sun_path, sizeof name.sun_path - 1);
    out.length = sizeof name;
    return out;
}

// Says who ends this in words that ssh shows (RFC 4253 section 11.1), before there are keys.
std::string disconnection(std::string_view sentence) {
    std::string payload(1, '\x01');
    crypto::append_ssh_number(payload, 11); // by application
    crypto::append_ssh_text(payload, sentence);
    crypto::append_ssh_text(payload, "");
    const std::size_t padding = 8 - (payload.size() + 5) % 8 + 8;
    std::string out = "SSH-2.0-Sallyport\r\n";
    crypto::append_ssh_number(out, static_cast<std::uint32_t>(payload.size() + 1 + padding));
    out += static_cast<char>(padding);
    return out + payload + std::string(padding, '\0');
}

net::Task<bool> read_whole(net::Stream& stream, std::string& out, std::size_t count, std::int64_t deadline_ms) {
    const std::size_t begin = out.size();
    out.resize(begin + count);
    for (std::size_t at = begin; at < out.size();) {
        const auto got = co_await stream.read({out.data() + at, out.size() - at}, deadline_ms);
        if (!got || *got == 0) co_return false;
        at += *got;
    }
    co_return true;
}

// A message with its length.
net::Task<bool> read_message(net::Stream& stream, std::string& out, std::int64_t first_ms, std::int64_t now_ms) {
    out.clear();
    if (!co_await read_whole(stream, out, 4, first_ms)) co_return false;
    const std::uint32_t length = crypto::SshReader(out).number();
    if (length == 0 || length > agent_message_bytes_max) co_return false;
    co_return co_await read_whole(stream, out, length, now_ms + message_ms_max);
}

} // namespace

void SshGrants::take(const Grants& grants, const std::set<std::string>& named, fs::path agent) {
    agent_ = std::move(agent);
    if (!grants) return;
    for (const policy::Grant& one : *grants) {
        if (one.ssh.host.empty() || servers_.size() == policy::ssh_grants_max) continue;
        const auto same = std::ranges::find(servers_, one.ssh.host, &Server::host); // of one name one address
        const auto address =
            same != servers_.end() ? same->address : first_address + static_cast<std::uint32_t>(servers_.size());
        const bool is_named = !one.asks || named.contains(one.id);
        servers_.push_back({one.id, one.ssh.host, one.why, one.ssh.port, address, is_named});
        const std::string name = one.ssh.port == 22 ? one.ssh.host : fmt::format("[{}]:{}", one.ssh.host, one.ssh.port);
        for (const std::string& key : one.ssh.keys) {
            known_.emplace_back(name, key);
            const auto bytes = from_base64(std::string_view(key).substr(key.find(' ') + 1));
            if (bytes) signed_for_.push_back({one.id, *bytes, is_named});
        }
    }
}

SshGrants::SshGrants(SshGrants&& other) noexcept
    : servers_(std::move(other.servers_)), signed_for_(std::move(other.signed_for_)), known_(std::move(other.known_)),
      agent_(std::move(other.agent_)), socket_(std::exchange(other.socket_, {})),
      listening_(std::exchange(other.listening_, -1)) {}

SshGrants::~SshGrants() {
    if (listening_ >= 0) ::close(listening_);
    if (socket_.empty()) return;
    ::unlink(socket_.c_str());
    ::rmdir(socket_.parent_path().c_str());
}

Result<void> SshGrants::open() {
    if (servers_.empty() || agent_.empty()) return {};
    char folder[] = "/tmp/sallyport-agent-XXXXXX"; // 0700; short, as paths of sockets must be
    if (::mkdtemp(folder) == nullptr) return fail_errno("cannot make a folder in /tmp for the socket of ssh-agent");
    socket_ = fs::path(folder) / "socket";
    listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const net::SocketAddress address = unix_address(socket_);
    if (listening_ < 0 || ::bind(listening_, reinterpret_cast<const sockaddr*>(address.bytes), address.length) != 0 ||
        ::listen(listening_, SOMAXCONN) != 0)
        return fail_errno("cannot make the socket " + socket_.string());
    return {};
}

std::map<std::string, IpAddress> SshGrants::names() const {
    std::map<std::string, IpAddress> out;
    for (const Server& one : servers_) out.emplace(one.host, ipv4(one.address));
    return out;
}

std::vector<std::pair<std::string, std::string>> SshGrants::files() const {
    if (servers_.empty()) return {};
    std::string known;
    for (const auto& [name, key] : known_) known += name + " " + key + "\n";
    return {{config_file,
             fmt::format("Host *\n  GlobalKnownHostsFile {}\n  StrictHostKeyChecking yes\n  UpdateHostKeys no\n"
                         "  ForwardAgent no\n",
                         known_file)},
            {known_file, known}};
}

Result<void> SshDoors::listen(const std::vector<int>& doors, int agent) {
    Result<void> out;
    for (std::size_t i = 0; i < doors.size(); ++i) {
        auto listener = net::Listener::adopt(loop_, doors[i]);
        if (!listener) {
            out = std::unexpected(listener.error());
            continue;
        }
        listeners_.push_back(std::move(*listener));
        loop_.spawn(serve(listeners_.back(), i));
    }
    if (agent < 0) return out;
    auto listener = net::Listener::adopt(loop_, agent);
    if (!listener) return std::unexpected(listener.error());
    listeners_.push_back(std::move(*listener));
    loop_.spawn(serve_agent(listeners_.back()));
    return out;
}

void SshDoors::cut() {
    for (const auto& listener : listeners_) listener->close();
}

net::Task<void> SshDoors::serve(std::shared_ptr<net::Listener> listener, std::size_t server) {
    while (true) {
        const auto accepted = co_await listener->accept();
        if (!accepted) co_return; // closed
        if (connections_ >= connections_max)
            ::close(accepted->descriptor);
        else
            loop_.spawn(lead(accepted->descriptor, server));
    }
}

net::Task<void> SshDoors::lead(int from, std::size_t number) {
    const SshGrants::Server& server = grants_.servers()[number];
    auto client = net::make_tcp_stream(loop_, from, ErrorSource::client, "inside");
    if (!client) co_return;
    ++connections_;
    std::string why;
    if (!server.is_named)
        why = fmt::format("Sallyport: {}:{} is reached by who says so: start with --grant {} ({})", server.host,
                          server.port, server.grant, server.why);
    else if (const auto led = co_await proxy_.carry(*client, {server.host, server.port, false}); !led)
        why = fmt::format("Sallyport: {}:{}: {}", server.host, server.port, led.error().message);
    if (!why.empty()) {
        if (told_.size() < told_max) told_.insert(why);
        const auto told = co_await (*client)->write(disconnection(why), loop_.now_ms() + 5'000);
        char rest[256];
        if (told) [[maybe_unused]]
            const auto said = co_await (*client)->read(rest, loop_.now_ms() + 1'000);
    }
    --connections_;
}

net::Task<void> SshDoors::serve_agent(std::shared_ptr<net::Listener> listener) {
    while (true) {
        const auto accepted = co_await listener->accept();
        if (!accepted) co_return;
        if (connections_ >= connections_max)
            ::close(accepted->descriptor);
        else
            loop_.spawn(agent(accepted->descriptor));
    }
}

net::Task<void> SshDoors::agent(int from) {
    auto client = net::make_tcp_stream(loop_, from, ErrorSource::client, "inside");
    if (!client) co_return;
    ++connections_;
    const auto theirs = co_await net::connect_tcp(loop_, unix_address(grants_.agent()), loop_.now_ms() + 5'000);
    AgentSession session(grants_.signed_for());
    std::string message;
    while (theirs && co_await read_message(**client, message, net::never_ms, loop_.now_ms())) {
        const AgentSession::Verdict verdict = session.judge(std::string_view(message).substr(4));
        if (!verdict.why.empty() && told_.size() < told_max) told_.insert("ssh-agent: " + verdict.why);
        if (verdict.what == AgentSession::What::pass) {
            if (!co_await (*theirs)->write(message, loop_.now_ms() + message_ms_max) ||
                !co_await read_message(**theirs, message, loop_.now_ms() + message_ms_max, loop_.now_ms()))
                break;
            if (!verdict.grant.empty() && message[4] == agent_signed) ++used_[verdict.grant];
        } else {
            message = agent_refusal;
        }
        if (!co_await (*client)->write(message, loop_.now_ms() + message_ms_max)) break;
    }
    --connections_;
}

} // namespace sallyport::endpoint
