#include "policy/grants.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/ssh_key.h"
#include "policy/egress.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sallyport::policy {

namespace {

constexpr std::size_t ranges_max = 100, ssh_keys_max = 16;
constexpr std::uint16_t lowest_port = 1'024; // below nobody but root listens

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port < lowest_port) return std::nullopt;
    return port;
}

void read_range(Reader& reader, Node node, Grant& grant) {
    const auto text = reader.text(node, "a port");
    if (!text) return;
    const std::size_t dash = text->find('-');
    const auto first = port_of(std::string_view(*text).substr(0, dash));
    const auto last = dash == std::string::npos ? first : port_of(std::string_view(*text).substr(dash + 1));
    if (first && last && *first <= *last)
        grant.ports.push_back({*first, *last});
    else
        reader.mistake(node, fmt::format("'{}' is no port or range of ports from {} on, such as 3000 or \"5173-5180\"",
                                         shown(*text), lowest_port));
}

// "ssh-ed25519 AAAA… comment": the first two words, where the second one is a key of that kind.
std::optional<std::string> host_key(std::string_view text) {
    const std::size_t end = text.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view kind = text.substr(0, end), rest = text.substr(end + 1);
    const std::string_view key = rest.substr(0, rest.find(' '));
    const auto bytes = from_base64(key);
    if (!bytes || !crypto::is_ssh_key(*bytes) || crypto::SshReader(*bytes).text() != kind) return std::nullopt;
    return std::string(kind) + " " + std::string(key);
}

void read_ssh(Reader& reader, Node node, SshServer& server) {
    Fields fields(reader, node, "ssh of a grant");
    const Node host = fields.require("host"), port = fields.take("port"), keys = fields.require("keys");
    if (const auto name = reader.text(host, "a host")) {
        server.host = to_lower(*name);
        if (!is_host_name(server.host)) reader.mistake(host, fmt::format("'{}' is no name of a host", shown(*name)));
    }
    if (port)
        if (const auto number = reader.integer(port, 1, 65'535, "a port"))
            server.port = static_cast<std::uint16_t>(*number);
    for (const Node item : reader.list(keys, "keys")) {
        const auto text = reader.text(item, "a host key");
        if (!text) continue;
        auto key = host_key(*text);
        if (key && server.keys.size() < ssh_keys_max)
            server.keys.push_back(std::move(*key));
        else
            reader.mistake(
                item,
                key ? fmt::format("{} host keys are the limit", ssh_keys_max)
                    : fmt::format(
                          "'{}' is no host key such as `ssh-keyscan {}` prints behind the name: ssh-ed25519 AAAA…",
                          shown(*text), server.host.empty() ? "HOST" : server.host));
    }
    if (keys.is_list() && keys.size() == 0) reader.mistake(keys, "without a host key nobody knows where it signs in");
    fields.finish();
}

Grant read_grant(Reader& reader, Node node, std::size_t number) {
    Grant grant;
    Fields fields(reader, node, "a grant");
    grant.id = reader.identifier(fields.take("id"), "a grant's id").value_or(fmt::format("grant-{}", number));
    const Node ssh = fields.take("ssh");
    const Node ports = ssh ? fields.take("ports") : fields.require("ports");
    if (ssh) read_ssh(reader, ssh, grant.ssh);
    if (ssh && ports) reader.mistake(ports, "a grant is about ports or about ssh; make two of it");
    for (const Node item : reader.list(ports, "ports")) read_range(reader, item, grant);
    if (ports.is_list() && ports.size() == 0) reader.mistake(ports, "an empty list grants nothing; take the grant out");
    if (grant.ports.size() > ranges_max)
        reader.mistake(ports, fmt::format("{} ranges of ports; {} is the limit", grant.ports.size(), ranges_max));
    grant.classes = read_classes(reader, fields.take("class"));
    grant.asks = reader.boolean(fields.take("ask"), "ask").value_or(true);
    grant.why = read_why(reader, fields.require("why"));
    fields.finish();
    return grant;
}

} // namespace

const Grant* grant_of_port(std::span<const Grant> grants, std::uint16_t port) {
    for (const Grant& grant : grants)
        if (std::ranges::any_of(grant.ports, [&](PortRange one) { return port >= one.first && port <= one.last; }))
            return &grant;
    return nullptr;
}

std::vector<Grant> read_grants(Reader& reader, Node list) {
    std::vector<Grant> out;
    if (!list) return out;
    for (const Node node : reader.list(list, "grants")) {
        if (out.size() == grants_max) {
            reader.mistake(node, fmt::format("{} grants are the limit", grants_max));
            break;
        }
        Grant grant = read_grant(reader, node, out.size() + 1);
        if (!grant.ssh.host.empty() && std::ranges::count_if(out, [](const Grant& one) {
                                           return !one.ssh.host.empty();
                                       }) >= static_cast<std::ptrdiff_t>(ssh_grants_max))
            reader.mistake(node, fmt::format("{} grants for ssh are the limit", ssh_grants_max));
        if (std::ranges::find(out, grant.id, &Grant::id) != out.end())
            reader.mistake(node, fmt::format("there are two grants with the id '{}'", grant.id));
        out.push_back(std::move(grant));
    }
    return out;
}

std::string text_of(const PortRange& range) {
    return range.first == range.last ? std::to_string(range.first) : fmt::format("{}-{}", range.first, range.last);
}

} // namespace sallyport::policy
