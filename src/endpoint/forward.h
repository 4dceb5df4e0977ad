// Everything that a client contacts besides the gateway: the forward proxy and the answers of DNS, at two further doors of the boundary
// (egress/). The rules are the policy's, as the gateway told them with the binding; a model call inside what they want opened goes to the
// gateway as any other. Belongs to the loop's thread.
#pragma once

#include "egress/names.h"
#include "egress/proxy.h"
#include "endpoint/holder.h"
#include "net/loop.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::endpoint {

// What the client is told of the proxy, and of the authority that stands for the hosts which are opened; without such hosts of no
// authority. The same for all known clients and tools.
struct ForwardSetting {
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::pair<std::string, std::string>> files; // path inside and text
};
ForwardSetting forward_setting(std::uint16_t port, const crypto::CertificateAuthority* authority);

// Of the gateway's answer (Holder::take), for the hosts that its rules want opened; null where there are none. Its key is in this process alone, and goes with the run.
Result<std::shared_ptr<const crypto::CertificateAuthority>> authority_of(std::string_view answer);

struct ForwardOptions {
    std::function<EgressRules()> rules; // of the moment
    std::shared_ptr<const crypto::CertificateAuthority> authority;
    http::Handler models;                   // the way to the gateway
    std::map<std::string, IpAddress> names; // that are at an address of ours, whatever the rules say
    std::filesystem::path receipts;         // the file of this run
};

class Forward final : net::Watcher {
public:
    static Result<std::unique_ptr<Forward>> open(net::Loop& loop, net::Resolver& resolver, http::BufferPool& buffers,
                                                 ForwardOptions options);
    ~Forward();

    // Sockets that listen inside: TCP of the proxy, UDP of DNS. Takes both.
    Result<void> listen(int proxy, int names);
    bool is_busy() const { return shared_->connections.load() > 0; }
    void cut();
    egress::Proxy& proxy() { return *proxy_; }
    const egress::Receipts& receipts() const { return *receipts_; }
    // For the gateway: exchanges with it, every host with its figures, what of the grants was used.
    std::string told(std::uint64_t exchanges, const std::map<std::string, std::uint64_t>& grants) const;

private:
    Forward(net::Loop& loop, ForwardOptions options) : loop_(loop), options_(std::move(options)) {}
    egress::Settings settings(net::Resolver& resolver) const;
    void ready(std::uint32_t events) override; // questions of DNS

    net::Loop& loop_;
    ForwardOptions options_;
    EgressRules first_rules_; // names exist for the whole run, or not
    std::unique_ptr<egress::Receipts> receipts_;
    std::unique_ptr<egress::Shared> shared_;
    std::unique_ptr<egress::NameAnswerer> names_;
    std::unique_ptr<egress::Proxy> proxy_;
    std::shared_ptr<const net::TlsContext> upstream_tls_;
    int names_door_ = -1;
};

} // namespace sallyport::endpoint
