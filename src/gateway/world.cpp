#include "gateway/world.h"

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "policy/program.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

namespace sallyport::gateway {

namespace {

Result<http::Origin> origin_of(const HostConfig& host) {
    http::Origin origin;
    origin.tls = host.tls;
    origin.where = host.where;
    origin.authority = host.authority;
    origin.proxy = host.proxy;
    origin.proxy_authorization = host.proxy_authorization;
    if (host.tls) {
        auto context = net::TlsContext::client(host.ca_file);
        if (!context) return std::unexpected(context.error());
        origin.tls_context = std::move(*context);
    }
    return origin;
}

Result<std::shared_ptr<const handover::Destination>> destination_of(const HandoverConfig& config) {
    auto out = std::make_shared<handover::Destination>();
    out->name = config.name;
    out->transport = config.transport;
    out->format = config.format;
    out->from_start = config.from_start;
    out->file = config.file;
    out->pool_id = config.pool_id;
    out->path = config.base_path;
    out->credential_header = config.credential_header;
    out->credential = config.credential;
    out->timeout_ms = config.timeout_ms;
    auto origin = origin_of(config);
    if (!origin) return std::unexpected(origin.error());
    out->origin = std::move(*origin);
    return out;
}

// Never the same for two names, so that what left to one is never taken for having left to the other.
std::uint32_t left_bit_of(const std::string& upstream) {
    static std::mutex mutex;
    static std::map<std::string, std::uint32_t> bits;
    const std::lock_guard lock(mutex);
    if (const auto known = bits.find(upstream); known != bits.end()) return known->second;
    const std::uint32_t bit = bits.size() < 32 ? 1u << bits.size() : 0;
    bits.emplace(upstream, bit);
    return bit;
}

Result<void> check_sealing(const Config& config, const policy::Sealing& asked) {
    const std::size_t most = *std::ranges::max_element(asked.cosignatures), there = config.ledger.witnesses.size();
    if (most > there)
        return fail(ErrorKind::invalid,
                    "the policy asks for " + std::to_string(most) +
                        " cosignatures (ledger: cosignatures) before entries are sealed, and "
                        "sallyport.yaml names " +
                        std::to_string(there) +
                        " witnesses (ledger: witnesses); name more of them there, or ask for fewer");
    if (asked.within_ms != 0 && asked.within_ms <= config.ledger.every_ms)
        return fail(ErrorKind::invalid,
                    "the policy's sealed_within is not longer than ledger: every in sallyport.yaml: "
                    "until then nothing is shown to the witnesses");
    return {};
}

} // namespace

Result<std::shared_ptr<World>>
make_world(std::shared_ptr<const Config> config, std::shared_ptr<const policy::Policy> policy,
           policy::Signature signature, std::shared_ptr<const identity::KeyTable> keys,
           std::shared_ptr<const identity::ExceptionTable> exceptions, std::shared_ptr<const content::Rules> rules,
           std::shared_ptr<const catalog::Advisories> advisories, std::vector<std::string>& warnings) {
    static std::atomic<std::uint64_t> generations = 0;
    auto world = std::make_shared<World>();
    world->generation = ++generations;
    for (const UpstreamConfig& one : config->upstreams) {
        Upstream upstream;
        upstream.config = &one;
        upstream.left_bit = left_bit_of(one.name + "\n" + one.authority);
        auto origin = origin_of(one);
        if (!origin) return std::unexpected(origin.error());
        upstream.origin = std::move(*origin);
        upstream.policy_index = policy->upstream_named(one.name);
        if (upstream.policy_index == policy::no_rule)
            warnings.push_back("the upstream " + one.name +
                               " is not named under 'upstreams' in the policy, so nothing is sent to it");
        for (const dialect::Dialect d : one.dialects)
            if (upstream.policy_index != policy::no_rule)
                world->candidates[static_cast<std::size_t>(d)].push_back(upstream.policy_index);
        world->upstreams.push_back(std::move(upstream));
    }
    if (config->decision_point) {
        auto origin = origin_of(*config->decision_point);
        if (!origin) return std::unexpected(origin.error());
        world->decision_point = std::move(*origin);
    }
    for (const HandoverConfig& one : config->handover) {
        auto destination = destination_of(one);
        if (!destination) return std::unexpected(destination.error());
        world->destinations.push_back(std::move(*destination));
    }
    for (const WitnessConfig& witness : config->ledger.witnesses) {
        auto origin = origin_of(witness);
        if (!origin) return std::unexpected(origin.error());
        world->witnesses.push_back(std::move(*origin));
    }
    for (const IssuerConfig& one : config->issuers) {
        Issuer issuer{&one, {}};
        std::vector<const HostConfig*> hosts = {&one};
        for (const HostConfig& further : one.further) hosts.push_back(&further);
        for (const HostConfig* const host : hosts) {
            auto origin = origin_of(*host);
            if (!origin) return std::unexpected(origin.error());
            issuer.hosts.emplace_back(host->pool_id, std::move(*origin));
        }
        world->issuers.push_back(std::move(issuer));
    }
    if (auto possible = check_sealing(*config, policy->program().document.sealing); !possible)
        return std::unexpected(possible.error());
    crypto::Sha256 digest;
    digest.add("sallyport world 1\n");
    digest.add(policy->digest());
    digest.add(config->digest);
    digest.add(std::to_string(keys->version()) + "\n");
    digest.add(std::to_string(rules->epoch()));
    digest.add("\n" + advisories->digest());
    world->digest = to_hex(crypto::bytes(digest.finish()));
    world->config = std::move(config);
    world->policy = std::move(policy);
    world->signature = std::move(signature);
    world->keys = std::move(keys);
    world->exceptions = std::move(exceptions);
    world->rules = std::move(rules);
    world->advisories = std::move(advisories);
    return world;
}

} // namespace sallyport::gateway
