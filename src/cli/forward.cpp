#include "cli/forward.h"

#include "base/clock.h"
#include "base/file.h"
#include "dialect/dialect.h"
#include "egress/proxy.h"
#include "policy/program.h"

#include <map>

namespace sallyport::cli {

namespace {

constexpr std::size_t pem_bytes_max = 1u << 20;
constexpr std::int64_t authority_valid_ms = 365LL * 86'400'000;

class Forward final : public gateway::Beside {
public:
    explicit Forward(const gateway::Config& config) : config_(config), forward_(*config.forward) {}

    Result<std::vector<std::string>> open(const Opening& opening) override {
        if (auto prepared = prepare(opening); !prepared) return std::unexpected(prepared.error());
        for (const Lane& lane : opening.lanes)
            proxies_.push_back(
                std::make_unique<egress::Proxy>(lane.loop, lane.buffers, settings(lane, opening), *shared_));
        std::vector<std::string> told;
        for (net::HostPort where : forward_.listen) {
            for (auto& proxy : proxies_) {
                const auto tls = [context = tls_] { return context; };
                auto port = proxy->listen(where, tls_ ? http::Server::TlsNow(tls) : http::Server::TlsNow());
                if (!port) return std::unexpected(port.error());
                where.port = *port;
            }
            told.push_back("forward proxy on " + std::string(tls_ ? "https://" : "http://") + where.text());
        }
        return told;
    }
    void drain(std::size_t lane) override { proxies_[lane]->drain(); }
    void cut(std::size_t lane) override { proxies_[lane]->cut(); }
    std::size_t connections() const override { return shared_ ? shared_->connections.load() : 0; }
    void close() override {
        proxies_.clear();
        if (receipts_ && log_ != nullptr) log_->info("forward.stopped", {{"summary", receipts_->summary()}});
    }

private:
    Result<void> prepare(const Opening& opening) {
        log_ = &opening.log;
        const std::filesystem::path folder = config_.data / "egress";
        std::error_code code;
        std::filesystem::create_directories(folder, code);
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
        if (code) return fail(ErrorKind::io, "cannot make the folder " + folder.string() + ": " + code.message());
        auto receipts = egress::Receipts::open(folder / "receipts.jsonl", opening.digest_key);
        if (!receipts) return std::unexpected(receipts.error());
        receipts_ = std::move(*receipts);
        shared_ = std::make_unique<egress::Shared>(*receipts_);
        if (auto made = make_authority(folder); !made) return made;
        auto trust = net::TlsContext::client(forward_.ca_file);
        if (!trust) return std::unexpected(trust.error());
        upstream_tls_ = *trust;
        if (forward_.certificate_file.empty()) return {};
        auto tls = net::TlsContext::server(forward_.certificate_file, forward_.key_file);
        if (!tls) return std::unexpected(tls.error());
        tls_ = *tls;
        return {};
    }

    // The company's, or one for this start, whose certificate clients find beside the receipts. That one is not limited to the hosts of the
    // policy: a reload may name further ones.
    Result<void> make_authority(const std::filesystem::path& folder) {
        Result<std::shared_ptr<const crypto::CertificateAuthority>> authority;
        if (forward_.authority_certificate_file.empty()) {
            authority =
                crypto::CertificateAuthority::make("Sallyport forward proxy", {}, wall_ms(), authority_valid_ms);
        } else {
            const auto certificate = read_file(forward_.authority_certificate_file, pem_bytes_max);
            if (!certificate) return std::unexpected(certificate.error());
            auto key = read_file(forward_.authority_key_file, pem_bytes_max);
            if (!key) return std::unexpected(key.error());
            authority = crypto::CertificateAuthority::load(*certificate, Secret(std::move(*key)));
        }
        if (!authority) return std::unexpected(authority.error());
        authority_ = *authority;
        return replace_file(folder / "ca.pem", authority_->certificate(), 0644);
    }

    egress::Settings settings(const Lane& lane, const Opening& opening) const {
        egress::Settings settings;
        settings.rules = [world = lane.world] {
            std::shared_ptr<const gateway::World> now = world();
            if (!now->problem.empty()) return egress::Rules{};
            const policy::Document& document = now->policy->program().document;
            // Nothing is known of a repository here.
            return egress::Rules{{now->policy, &document.egress}, document.unknown_repository};
        };
        settings.caller = [world = lane.world, &confirmed_ms = opening.world_confirmed_ms](
                              std::string_view credential) -> Result<egress::Caller> {
            if (monotonic_ms() - confirmed_ms.load(std::memory_order_relaxed) > limits::world_stale_ms_max)
                return fail(ErrorKind::refused, "it cannot be confirmed which keys are valid at the moment");
            const std::shared_ptr<const gateway::World> now = world();
            identity::KeyCheck check;
            check.problem = identity::KeyProblem::missing;
            if (!credential.empty()) check = now->keys->check(credential, wall_ms());
            if (check.problem != identity::KeyProblem::none)
                return fail(ErrorKind::refused, std::string(identity::sentence(check.problem)), ErrorSource::client);
            return egress::Caller{std::string(check.caller.person), std::string(credential)};
        };
        std::map<std::string, IpAddress> names(forward_.names.begin(), forward_.names.end());
        settings.look_up = [names, &resolver = opening.resolver](net::Loop& loop,
                                                                 net::HostPort where) -> net::Task<egress::Addresses> {
            if (const auto fixed = names.find(where.host); fixed != names.end())
                return known(net::socket_address(fixed->second, where.port));
            return resolver.resolve(loop, std::move(where));
        };
        settings.authority = authority_;
        settings.upstream_tls = upstream_tls_;
        settings.pipeline = lane.pipeline;
        settings.pipeline_takes = [](const http::RequestHead& head) {
            return dialect::match_endpoint(head.method, head.path).has_value();
        };
        settings.timeouts = config_.timeouts;
        settings.tunnel_idle_ms = forward_.idle_ms;
        settings.tunnel_half_closed_ms = std::min(settings.tunnel_half_closed_ms, forward_.idle_ms);
        settings.contacts_per_caller_max = forward_.contacts_per_caller_max;
        settings.contact_bytes_max = forward_.contact_bytes_max;
        settings.connections_max = config_.connections_max;
        return settings;
    }

    static net::Task<egress::Addresses> known(net::SocketAddress address) {
        co_return std::vector<net::SocketAddress>{address};
    }

    const gateway::Config& config_;
    const gateway::ForwardConfig& forward_;
    const Log* log_ = nullptr;
    std::unique_ptr<egress::Receipts> receipts_;
    std::unique_ptr<egress::Shared> shared_;
    std::shared_ptr<const crypto::CertificateAuthority> authority_;
    std::shared_ptr<const net::TlsContext> upstream_tls_, tls_;
    std::vector<std::unique_ptr<egress::Proxy>> proxies_;
};

} // namespace

std::unique_ptr<gateway::Beside> make_forward(const gateway::Config& config) {
    if (!config.forward) return nullptr;
    return std::make_unique<Forward>(config);
}

} // namespace sallyport::cli
