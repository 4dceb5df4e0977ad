// What the parts of sallyport.yaml have in common: paths, addresses, URLs, references to secrets, hosts that the gateway calls.
// Lives as long as the file is read.
#pragma once

#include "gateway/config.h"
#include "policy/yaml.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

struct Url {
    bool tls = false;
    bool syslog = false; // syslog+tls://
    net::HostPort where;
    std::string authority;
    std::string path;
    Secret user_info;
};
enum class UrlKind : std::uint8_t {
    host,
    proxy,
    destination
}; // a proxy may have a user part, a destination may be of syslog

class ConfigReader {
public:
    ConfigReader(policy::Reader& reader, std::filesystem::path folder, bool with_secrets)
        : reader_(reader), folder_(std::move(folder)), with_secrets_(with_secrets) {}

    std::filesystem::path path(policy::Node node, std::string_view what);
    std::optional<net::HostPort> address(policy::Node node, std::string_view what);
    // ${env:NAME} or ${file:path}; anything else is a mistake, since it would be a secret in a file that is reviewed and copied.
    Secret secret(policy::Node node, std::string_view what);
    // A field name in lower case; those that frame or address a message are not for configuration.
    std::optional<std::string> header_name(policy::Node node, std::string_view what);
    // "https://host[:port][/path]".
    std::optional<Url> url(policy::Node node, std::string_view what, UrlKind kind);
    // Where `url` is, and what all hosts have in common: credential, ca, proxy.
    void host(policy::Fields& fields, const std::optional<Url>& url, HostConfig& host);
    // Of a setting "5s" within these limits.
    void milliseconds(policy::Fields& fields, std::string_view name, std::int64_t least, std::int64_t most,
                      std::int64_t& into);

    policy::Reader& reader() { return reader_; }
    bool with_secrets() const { return with_secrets_; }
    const std::filesystem::path& folder() const { return folder_; }
    void proxy_of_all(policy::Node node) { proxy_node_ = node; } // where a host names none

private:
    Secret usable(policy::Node node, std::string_view what, std::string value);
    void proxy(policy::Node node, HostConfig& host);

    policy::Reader& reader_;
    std::filesystem::path folder_;
    bool with_secrets_;
    policy::Node proxy_node_;
};

// ledger: its key, the witnesses of docs/witnesses.md, and where segments go (docs/operations.md).
void load_ledger(ConfigReader& reader, policy::Node node, LedgerConfig& ledger);
// bodies: how much of them is kept, docs/operations.md.
void load_bodies(ConfigReader& reader, policy::Node node, BodiesConfig& bodies);
// forward: the forward proxy of docs/egress.md.
void load_forward(ConfigReader& reader, policy::Node node, Config& config);
// sign_in, workloads and scim, docs/sign-in.md.
void load_sign_in(ConfigReader& reader, policy::Node node, Config& config);
void load_workloads(ConfigReader& reader, policy::Node list, Config& config);
void load_directory(ConfigReader& reader, policy::Node node, Config& config);
// handover: the destinations of docs/handover.md.
void load_handover(ConfigReader& reader, policy::Node list, Config& config);

} // namespace sallyport::gateway
