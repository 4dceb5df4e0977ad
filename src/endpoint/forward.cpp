#include "endpoint/forward.h"

#include "base/clock.h"
#include "base/file.h"
#include "dialect/dialect.h"
#include "json/writer.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t roots_bytes_max = 4u << 20;
constexpr std::int64_t authority_valid_ms = 30LL * 86'400'000; // longer than a run
constexpr const char* authority_file = "/etc/sallyport/authority.pem";
constexpr const char* bundle_file = "/etc/sallyport/trusted.pem";
// Debian, Fedora, SUSE, Alpine.
constexpr const char* system_roots[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
// A client sends even loopback addresses to a proxy unless it is told not to: model calls would miss their door.
constexpr const char* not_through_it = "127.0.0.1,localhost,::1";

// What tools trust is named in many ways; those that replace the system's list get it with the authority behind.
constexpr const char* bundle_variables[] = {"SSL_CERT_FILE",       "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                                            "GIT_SSL_CAINFO",      "PIP_CERT",           "CARGO_HTTP_CAINFO",
                                            "CODEX_CA_CERTIFICATE"};

std::string roots() {
    for (const char* one : system_roots)
        if (auto text = read_file(one, roots_bytes_max)) return *text + "\n";
    return {};
}

} // namespace

ForwardSetting forward_setting(std::uint16_t port, const crypto::CertificateAuthority* authority) {
    ForwardSetting out;
    const std::string proxy = "http://127.0.0.1:" + std::to_string(port);
    for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"})
        out.environment.emplace_back(name, proxy);
    for (const char* name : {"NO_PROXY", "no_proxy"}) out.environment.emplace_back(name, not_through_it);
    if (authority == nullptr) return out;
    out.files.emplace_back(authority_file, authority->certificate());
    out.files.emplace_back(bundle_file, roots() + authority->certificate());
    out.environment.emplace_back("NODE_EXTRA_CA_CERTS", authority_file); // adds to node's own
    for (const char* name : bundle_variables) out.environment.emplace_back(name, bundle_file);
    out.environment.emplace_back("NPM_CONFIG_CAFILE", bundle_file); // beats a cafile in the machine's own npmrc
    return out;
}

Result<std::shared_ptr<const crypto::CertificateAuthority>> authority_of(std::string_view answer) {
    auto told = rules_of(answer);
    if (!told) return std::unexpected(told.error());
    const EgressRules rules = std::move(*told);
    std::vector<std::string> hosts;
    bool opens = false;
    for (const policy::EgressRule& rule : *rules) opens = opens || rule.act == policy::Contact::intercept;
    if (!opens) return std::shared_ptr<const crypto::CertificateAuthority>();
    // Rules came for this run's class alone; none of a list that holds "*" can be limited to its hosts.
    for (std::size_t c = 0; c < policy::class_count; ++c) {
        hosts = policy::intercepted_hosts(*rules, static_cast<policy::Class>(c));
        if (!hosts.empty()) break;
    }
    return crypto::CertificateAuthority::make("Sallyport, for one run", hosts, wall_ms(), authority_valid_ms);
}

Result<std::unique_ptr<Forward>> Forward::open(net::Loop& loop, net::Resolver& resolver, http::BufferPool& buffers,
                                               ForwardOptions options) {
    std::unique_ptr<Forward> out(new Forward(loop, std::move(options)));
    std::error_code error;
    const fs::path folder = out->options_.receipts.parent_path();
    fs::create_directories(folder, error);
    fs::permissions(folder, fs::perms::owner_all, error);
    auto receipts = egress::Receipts::open(out->options_.receipts, Secret(crypto::random_bytes(32)));
    if (!receipts) return std::unexpected(receipts.error());
    out->receipts_ = std::move(*receipts);
    out->shared_ = std::make_unique<egress::Shared>(*out->receipts_);
    if (out->options_.authority) {
        auto trust = net::TlsContext::client({});
        if (!trust) return std::unexpected(trust.error());
        out->upstream_tls_ = *trust;
    }
    out->first_rules_ = out->options_.rules();
    auto fixed = out->options_.names;
    fixed.emplace("localhost", ipv4(0x7F000001));
    // Rules of this run's class have no other in them: any stands for it.
    out->names_ = std::make_unique<egress::NameAnswerer>(*out->first_rules_, policy::Class::trade_secret,
                                                         std::move(fixed), *out->receipts_);
    out->proxy_ = std::make_unique<egress::Proxy>(loop, buffers, out->settings(resolver), *out->shared_);
    return out;
}

Forward::~Forward() {
    if (names_door_ >= 0) ::close(names_door_);
}

egress::Settings Forward::settings(net::Resolver& resolver) const {
    egress::Settings out;
    out.rules = [rules = options_.rules] { return egress::Rules{rules(), policy::Class::trade_secret}; };
    out.look_up = [&resolver](net::Loop& loop, net::HostPort where) {
        return resolver.resolve(loop, std::move(where));
    };
    out.authority = options_.authority;
    out.upstream_tls = upstream_tls_;
    out.pipeline = options_.models;
    out.pipeline_takes = [](const http::RequestHead& head) {
        return dialect::match_endpoint(head.method, head.path).has_value();
    };
    return out;
}

Result<void> Forward::listen(int proxy, int names) {
    names_door_ = names;
    if (auto watched = loop_.watch(names_door_, *this); !watched) return watched;
    return proxy_->listen(proxy);
}

void Forward::cut() {
    proxy_->drain();
    proxy_->cut();
    if (names_door_ >= 0) loop_.unwatch(names_door_, *this);
}

std::string Forward::told(std::uint64_t exchanges, const std::map<std::string, std::uint64_t>& grants) const {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("exchanges", exchanges);
    writer.begin_array("grants");
    for (const auto& [id, uses] : grants) {
        std::string row;
        json::Writer grant(row);
        grant.begin_array();
        grant.element(id);
        grant.element(static_cast<std::int64_t>(uses));
        grant.end_array();
        writer.element_raw(row);
    }
    writer.end_array();
    writer.begin_array("hosts");
    for (const auto& [name, figures] : receipts_->hosts()) {
        if (out.size() > limits::run_told_bytes_max - 1'024) break; // the file of receipts has them all
        std::string row;
        json::Writer host(row);
        host.begin_array();
        host.element(name);
        for (const std::uint64_t one :
             {figures.contacts, figures.refused, figures.names, figures.sent_bytes, figures.received_bytes})
            host.element(static_cast<std::int64_t>(one));
        host.end_array();
        writer.element_raw(row);
    }
    writer.end_array();
    writer.end_object();
    return out;
}

void Forward::ready(std::uint32_t) {
    char question[limits::dns_message_bytes_max + 1];
    sockaddr_in from{};
    socklen_t length = sizeof from;
    ssize_t got = 0;
    while ((got = ::recvfrom(names_door_, question, sizeof question, 0, reinterpret_cast<sockaddr*>(&from), &length)) >=
           0) {
        const std::string answer = names_->answer({question, static_cast<std::size_t>(got)});
        if (!answer.empty()) [[maybe_unused]]
            const ssize_t sent = ::sendto(names_door_, answer.data(), answer.size(), MSG_NOSIGNAL,
                                          reinterpret_cast<const sockaddr*>(&from), length);
        length = sizeof from;
    }
}

} // namespace sallyport::endpoint
