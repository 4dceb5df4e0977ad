#include "endpoint/judge_facts.h"

#include "endpoint/known_hosts.h"
#include "policy/egress.h"

#include <algorithm>

namespace sallyport::endpoint {

namespace {

struct Judged {
    Verdict verdict = Verdict::unclear;
    std::string reason;
};

Judged approved(std::string reason) { return {Verdict::approved, std::move(reason)}; }
Judged not_approved(std::string reason) { return {Verdict::not_approved, std::move(reason)}; }
Judged unclear(std::string reason) { return {Verdict::unclear, std::move(reason)}; }

const char* const no_policy = "no policy was given";

Judged client(const FoundFact& fact, const Grounds& grounds) {
    if (grounds.policy == nullptr) return unclear(no_policy);
    if (!grounds.policy->clients) return approved("the policy allows any client");
    const policy::Client* known = policy::client_named(*grounds.policy, fact.what);
    if (known == nullptr) return not_approved("not among the clients of the policy");
    if (known->versions.accepts_all()) return approved("the policy allows every version of it");
    if (fact.value.empty() || !policy::is_version(fact.value))
        return unclear("its version is not known; the policy asks for " + known->versions.text);
    if (known->versions.accepts(fact.value)) return approved("the policy allows " + known->versions.text);
    return not_approved("version " + fact.value + " is not in " + known->versions.text + ", which the policy allows");
}

Judged tool(const FoundFact& fact, const Grounds& grounds) {
    if (grounds.policy == nullptr) return unclear(no_policy);
    if (!grounds.policy->clients) return approved("the policy allows any client");
    if (policy::client_named(*grounds.policy, fact.what) != nullptr) return client(fact, grounds);
    return not_approved("not among the clients of the policy");
}

Judged plugin(const FoundFact& fact, const Grounds& grounds) {
    if (grounds.policy == nullptr) return unclear(no_policy);
    if (!grounds.policy->plugins) return approved("the policy allows any plugin");
    if (fact.way.ends_with("switched off")) return approved("it is switched off");
    std::string name = fact.what.substr(0, fact.what.find('@')); // "formatter@marketplace"
    std::string text = name;
    if (fact.value.starts_with("http")) {
        if (fact.value.contains("…")) return unclear("its address is not shown whole, so it cannot be compared");
        text += "#" + fact.value;
    }
    const policy::KnownPlugin known = policy::known_plugin(*grounds.policy, text);
    if (known.classes != 0)
        return approved("the policy knows it as " + std::string(known.name.empty() ? name : known.name));
    return not_approved("not among the plugins of the policy");
}

bool is_allowed(const Grounds& grounds, const std::string& host) {
    return std::ranges::any_of(grounds.allowed,
                               [&](const std::string& one) { return policy::host_matches(one, host); });
}

Judged base_url(FoundFact& fact, const Grounds& grounds) {
    if (fact.governed) return approved("it goes through the launcher");
    const std::string host = host_of(fact.value);
    if (host.empty()) return unclear("the address is not known here");
    if (is_gateway(grounds.gateways, fact.value)) {
        fact.governed = true;
        return approved("it is the gateway");
    }
    if (is_allowed(grounds, host)) return approved(host + " is allowed");
    const KnownHost* known = known_host(host);
    switch (kind_of_host(host)) {
    case HostKind::third_party:
        return not_approved(host + " is a third party that passes requests on (" + std::string(known->whose) + "; " +
                            std::string(known->tier) + ")");
    case HostKind::vendor:
    case HostKind::service:
        return grounds.gateways.empty() ? unclear("it is the vendor itself; no gateway was named to compare with")
                                        : not_approved("it is the vendor itself, around the gateway");
    case HostKind::local:
        return grounds.gateways.empty() ? unclear("a local address; no gateway was named to compare with")
                                        : not_approved("a local address that is not the gateway");
    case HostKind::other: break;
    }
    return grounds.gateways.empty() ? unclear(host + " is not known; no gateway was named to compare with")
                                    : not_approved(host + " is neither the gateway nor a vendor: a third party");
}

Judged proxy(const FoundFact& fact, const Grounds& grounds) {
    const std::string host = host_of(fact.value);
    if (host.empty()) return unclear("the address is not known here");
    if (is_gateway(grounds.gateways, fact.value)) return approved("it is the gateway");
    if (is_allowed(grounds, host)) return approved(host + " is allowed");
    if (kind_of_host(host) == HostKind::third_party)
        return not_approved(host + " is a third party that passes requests on");
    return unclear("whether " + host + " is the company's proxy is not said; --allow names it");
}

Judged judged(FoundFact& fact, const Grounds& grounds) {
    switch (fact.kind) {
    case FactKind::client: return client(fact, grounds);
    case FactKind::tool: return tool(fact, grounds);
    case FactKind::plugin: return plugin(fact, grounds);
    case FactKind::base_url: return base_url(fact, grounds);
    case FactKind::proxy: return proxy(fact, grounds);
    case FactKind::key:
        return grounds.any() ? not_approved("a vendor's key goes around the gateway; only the gateway needs one")
                             : unclear(no_policy);
    case FactKind::login:
        if (!grounds.any()) return unclear(no_policy);
        if (fact.way.contains("enterprise") || fact.way.contains("organisation") || fact.way.contains("business") ||
            fact.way.ends_with(": team"))
            return unclear("an organisation's account; whether it is the company's is not said");
        return not_approved("a person's own account goes around the gateway");
    case FactKind::bypass:
        return grounds.any() ? not_approved("what it would do is no longer asked") : unclear(no_policy);
    case FactKind::telemetry:
        if (fact.value == "off") return approved("it is off");
        return unclear("the policy says nothing of reports to vendors");
    case FactKind::transcripts: return unclear("the policy says nothing of conversations that are kept here");
    case FactKind::hook: return unclear("the policy says nothing of programs that a client runs by itself");
    case FactKind::unread: return unclear("it could not be looked at: " + fact.value);
    }
    return {};
}

} // namespace

bool is_gateway(std::span<const std::string> gateways, std::string_view address) {
    const std::string host = host_of(address), authority = authority_of(address);
    if (host.empty()) return false;
    const auto default_port = [&](std::string_view scheme) { return address.starts_with(scheme); };
    return std::ranges::any_of(gateways, [&](const std::string& one) {
        if (one == host || one == authority) return true;
        return authority == host && host_of(one) == host &&
               ((one.ends_with(":443") && default_port("https://")) ||
                (one.ends_with(":80") && default_port("http://")));
    });
}

void judge(std::vector<FoundFact>& facts, const Grounds& grounds) {
    for (FoundFact& fact : facts) {
        Judged found = judged(fact, grounds);
        fact.verdict = found.verdict;
        fact.reason = std::move(found.reason);
    }
    for (FoundFact& fact : facts)
        if (fact.kind == FactKind::client) fact.governed = way_out_of(facts, fact.what) == WayOut::through_gateway;
}

std::string_view name(WayOut way) {
    constexpr std::string_view names[] = {"governed", "around the gateway", "not known"};
    return names[static_cast<std::size_t>(way)];
}

WayOut way_out_of(const std::vector<FoundFact>& facts, std::string_view client) {
    bool through = false, around = false, unclear = false;
    for (const FoundFact& fact : facts) {
        if (fact.kind != FactKind::base_url || fact.client != client || !fact.effective) continue;
        (fact.governed ? through : fact.verdict == Verdict::unclear ? unclear : around) = true;
    }
    // One address that is another is enough to leave by; one that nobody could judge leaves it open.
    if (around) return WayOut::around;
    return through && !unclear ? WayOut::through_gateway : WayOut::not_known;
}

bool Banned::names(std::string_view name, std::string_view version) const {
    return name == client && (versions.accepts_all() || (policy::is_version(version) && versions.accepts(version)));
}

Result<Banned> parse_banned(std::string_view text) {
    const auto mark = text.find('@');
    Banned out{std::string(text), std::string(text.substr(0, mark)), {}};
    if (out.client.empty())
        return fail(ErrorKind::invalid, "--banned wants NAME or NAME@RANGE, such as codex@<0.160.0");
    if (mark != std::string_view::npos) {
        auto range = policy::parse_range(text.substr(mark + 1));
        if (!range) return fail(ErrorKind::invalid, "--banned " + out.text + ": " + range.error());
        out.versions = std::move(*range);
    }
    return out;
}

} // namespace sallyport::endpoint
