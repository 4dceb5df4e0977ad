#include "gateway/bound.h"

#include "base/text.h"
#include "repo/identity.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

std::string sentence(std::string_view what, std::string_view bound, std::string_view said) {
    return "the binding that came with the request is of " + std::string(what) + " " + std::string(bound) +
           ", the request says " + std::string(said.substr(0, 100)) + "; start the client there with: sallyport run";
}

} // namespace

std::string foreign_to(const identity::Statement& bound, const http::RequestHead& head,
                       const identity::Client& client) {
    for (const http::Field& field : head.fields)
        if (field.name == "x-sallyport-repository" &&
            repo::normalise_remote(field.value).value_or("") != bound.repository)
            return sentence("repository", bound.repository.empty() ? "(none)" : bound.repository, field.value);
    // A program that the client starts may not say what it is; one that does is another.
    if (bound.client.empty() || client.name == identity::Client{}.name) return {};
    if (client.name != bound.client) return sentence("client", bound.client, client.name);
    if (!bound.version.empty() && !client.version.empty() && client.version != bound.version)
        return sentence(bound.client, bound.version, client.version);
    return {};
}

void take_bound(const identity::Statement& bound, const policy::Launchers& launchers, policy::Facts& facts) {
    facts.tier = launchers.trusts_user ? tier_of(bound) : policy::Tier::none;
    if (launchers.trusts_user && facts.client_version.empty() && facts.client == bound.client)
        facts.client_version = bound.version;
}

bool bound_comes_first(const identity::Statement& bound, const policy::Launchers& launchers,
                       std::span<std::string_view> claimed) {
    if (!launchers.trusts_user || bound.repository.empty()) return false;
    const auto found = std::ranges::find(claimed, bound.repository);
    if (found == claimed.end()) return false;
    std::ranges::rotate(claimed.begin(), found, found + 1);
    return true;
}

ledger::NamedBinding named(const identity::Binding& bound) {
    return {bound.id,
            bound.client,
            bound.version,
            bound.digest,
            bound.commit,
            bound.root,
            std::string_view(&bound.tier, 1)};
}

policy::Tier tier_of(const identity::Statement& bound) {
    return bound.tier == 'A' ? policy::Tier::a : bound.tier == 'B' ? policy::Tier::b : policy::Tier::c;
}

} // namespace sallyport::gateway
