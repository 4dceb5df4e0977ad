#include "gateway/world.h"

#include "base/encoding.h"
#include "crypto/crypto.h"

#include <atomic>

namespace sallyport::gateway {

Result<std::shared_ptr<World>> make_world(std::shared_ptr<const Config> config,
                                          std::shared_ptr<const policy::Policy> policy, policy::Signature signature,
                                          std::shared_ptr<const identity::KeyTable> keys,
                                          std::shared_ptr<const identity::ExceptionTable> exceptions,
                                          std::vector<std::string>& warnings) {
    static std::atomic<std::uint64_t> generations = 0;
    auto world = std::make_shared<World>();
    world->generation = ++generations;
    for (const UpstreamConfig& one : config->upstreams) {
        Upstream upstream;
        upstream.config = &one;
        upstream.origin.tls = one.tls;
        upstream.origin.where = one.where;
        upstream.origin.authority = one.authority;
        upstream.origin.proxy = one.proxy;
        upstream.origin.proxy_authorization = one.proxy_authorization;
        if (one.tls) {
            auto context = net::TlsContext::client(one.ca_file);
            if (!context) return std::unexpected(context.error());
            upstream.origin.tls_context = std::move(*context);
        }
        upstream.policy_index = policy->upstream_named(one.name);
        if (upstream.policy_index == policy::no_rule)
            warnings.push_back("the upstream " + one.name +
                               " is not named under 'upstreams' in the policy, so nothing is sent to it");
        for (const dialect::Dialect d : one.dialects)
            if (upstream.policy_index != policy::no_rule)
                world->candidates[static_cast<std::size_t>(d)].push_back(upstream.policy_index);
        world->upstreams.push_back(std::move(upstream));
    }
    crypto::Sha256 digest;
    digest.add("sallyport world 1\n");
    digest.add(policy->digest());
    digest.add(config->digest);
    digest.add(std::to_string(keys->version()));
    world->digest = to_hex(crypto::bytes(digest.finish()));
    world->config = std::move(config);
    world->policy = std::move(policy);
    world->signature = std::move(signature);
    world->keys = std::move(keys);
    world->exceptions = std::move(exceptions);
    return world;
}

} // namespace sallyport::gateway
