// The world one exchange sees from start to end: policy, keys, configuration, TLS trust. Immutable; captured once per exchange by
// copying a shared pointer that belongs to the loop. A world that was not confirmed for limits::world_stale_ms_max (the keys could
// not be read) refuses: a revoked key must not live on.
#pragma once

#include "catalog/advisories.h"
#include "content/rules.h"
#include "gateway/config.h"
#include "identity/disputes.h"
#include "identity/exceptions.h"
#include "identity/keys.h"
#include "policy/decide.h"
#include "policy/document.h"
#include "policy/signature.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

// One upstream as an exchange needs it. The index in World::upstreams is its id in http::Pool.
struct Upstream {
    const UpstreamConfig* config = nullptr;
    http::Origin origin;
    std::uint16_t policy_index = policy::no_rule; // of policy.upstreams(); no_rule: the policy does not name it
    std::uint32_t left_bit = 0; // of its name, for content::Left, as long as the process runs; 0: of too many
};

// One that says who somebody is, and the hosts of it that may be asked: its own first.
struct Issuer {
    const IssuerConfig* config = nullptr;
    std::vector<std::pair<std::size_t, http::Origin>> hosts; // with their pool ids
};

struct World {
    std::shared_ptr<const Config> config;
    std::shared_ptr<const policy::Policy> policy;
    policy::Signature signature; // of the policy, where signers are asked for
    std::shared_ptr<const identity::KeyTable> keys;
    std::shared_ptr<const identity::ExceptionTable> exceptions;
    std::shared_ptr<const identity::DisputeTable> disputes = std::make_shared<identity::DisputeTable>();
    std::shared_ptr<const content::Rules> rules; // what inspection looks for
    std::shared_ptr<const catalog::Advisories> advisories;
    std::vector<Upstream> upstreams;
    std::optional<http::Origin> decision_point; // of config->decision_point, where there is one
    handover::Destinations destinations;        // of config->handover; no exchange looks at them
    std::vector<http::Origin> witnesses;        // of config->ledger.witnesses, one each
    std::vector<Issuer> issuers;                // of config->issuers
    // By dialect: policy indexes in the operator's order, for decide().
    std::vector<std::uint16_t> candidates[4];
    std::string digest; // sha256 over policy, configuration, advisories and the keys' version, hex
    std::uint64_t generation = 0;
    std::string problem; // why there is no policy that could be taken: then nothing passes

    // Of the facts' client and version: what is published of it.
    void find_advisory(policy::Facts& facts) const {
        const auto* const found = advisories->covering(facts.client, facts.client_version);
        facts.advisory =
            found == nullptr ? policy::Advisory{} : policy::Advisory{found->id, found->summary, found->fixed};
    }
    const Upstream* upstream_of(std::uint16_t policy_index) const {
        for (const Upstream& upstream : upstreams)
            if (upstream.policy_index == policy_index) return &upstream;
        return nullptr;
    }
};

// Makes the world from its parts; an error where a CA file cannot be read. Warnings name upstreams the policy does not know.
Result<std::shared_ptr<World>>
make_world(std::shared_ptr<const Config> config, std::shared_ptr<const policy::Policy> policy,
           policy::Signature signature, std::shared_ptr<const identity::KeyTable> keys,
           std::shared_ptr<const identity::ExceptionTable> exceptions, std::shared_ptr<const content::Rules> rules,
           std::shared_ptr<const catalog::Advisories> advisories, std::vector<std::string>& warnings);

} // namespace sallyport::gateway
