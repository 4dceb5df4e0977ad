#include "policy/invariants.h"

#include "policy/names.h"
#include "policy/patterns.h"
#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

std::uint32_t values(Mask mask) { return mask.value_or(0xFFFFFFFF); }

// Whether three lists of names, each perhaps not stated (all names), have one in common.
bool share_a_name(const Names& a, const Names& b, const Names& c) {
    const auto in = [](const Names& names, const std::string& name) { return !names || has(names, name); };
    for (const auto* list : {&a, &b, &c})
        if (*list)
            return std::ranges::any_of(**list,
                                       [&](const auto& name) { return in(a, name) && in(b, name) && in(c, name); });
    return true;
}

bool models_meet(const Names& a, const Names& b) {
    if (!a || !b) return true;
    return std::ranges::any_of(
        *a, [&](const auto& x) { return std::ranges::any_of(*b, [&](const auto& y) { return globs_meet(x, y); }); });
}

bool subset(const Names& inner, const Names& outer) {
    return !outer || (inner && std::ranges::all_of(*inner, [&](const auto& name) { return has(outer, name); }));
}

// Both lists narrow: names in either of them that are within `outer` are enough.
bool covered(const Names& a, const Names& b, const Names& outer) { return subset(a, outer) || subset(b, outer); }
bool covered(Mask a, Mask b, Mask outer) { return (values(a) & values(b) & ~values(outer)) == 0; }

// Without a word about accounts only the company's is let through.
std::uint32_t accounts_allowed(const Rule& rule) {
    return values(rule.when.accounts) & rule.allow.accounts.value_or(1u << static_cast<unsigned>(AccountKind::company));
}

bool some_client(const Document& document, const Rule& rule, const Invariant& invariant) {
    if (!share_a_name(rule.when.clients, rule.allow.clients, invariant.never.clients)) return false;
    if (!document.clients) return true;
    return std::ranges::any_of(*document.clients, [&](const Client& client) {
        const auto in = [&](const Names& names) { return !names || has(names, client.name); };
        return in(rule.when.clients) && in(rule.allow.clients) && in(invariant.never.clients);
    });
}

// Whether the rule lets through a request in this class that offers each of the plugins asked for.
bool some_plugin(const Document& document, const Rule& rule, const Names& wanted, Class cls) {
    return !wanted || std::ranges::any_of(*wanted, [&](const auto& plugin) {
        return plugin_approved(document, plugin, cls) && (!rule.allow.plugins || has(rule.allow.plugins, plugin));
    });
}

// Whether the allow rule lets through, in this class to this upstream, something of what is forbidden.
bool lets_through(const Document& document, const Rule& rule, const Invariant& invariant, Class cls,
                  const UpstreamFacts& upstream) {
    const auto &when = rule.when, &never = invariant.never;
    if (((values(when.classes) & values(never.classes)) >> static_cast<unsigned>(cls) & 1) == 0) return false;
    if (!upstream_holds(when, upstream, false) || !upstream_holds(never, upstream, true)) return false;
    if (rule.allow.upstreams && !has(rule.allow.upstreams, upstream.name)) return false;
    if ((values(when.evidence) & values(never.evidence) & ((1u << evidence_count) - 1)) == 0) return false;
    if ((accounts_allowed(rule) & values(never.accounts)) == 0) return false;
    const auto references = references_allowed(rule, cls);
    if ((when.references && (*when.references & references) == 0) ||
        (never.references && (*never.references & references) == 0))
        return false;
    return some_client(document, rule, invariant) && share_a_name(when.teams, never.teams, std::nullopt) &&
           some_plugin(document, rule, when.plugins, cls) && some_plugin(document, rule, never.plugins, cls) &&
           models_meet(when.models, never.models) && models_meet(rule.allow.models, never.models) &&
           models_meet(when.models, rule.allow.models);
}

// Whether the refuse rule alone is against all that the allow rule and the invariant share in this class to this upstream.
bool covers(const Rule& refuse, const Rule& rule, const Invariant& invariant, Class cls,
            const UpstreamFacts& upstream) {
    const auto &when = refuse.when, &a = rule.when, &b = invariant.never;
    return refuse.effect == Effect::refuse && (values(when.classes) >> static_cast<unsigned>(cls) & 1) != 0 &&
           upstream_holds(when, upstream, true) && covered(a.evidence, b.evidence, when.evidence) &&
           covered(accounts_allowed(rule), b.accounts, when.accounts) && !when.references && !when.plugins &&
           !when.client_version && covered(a.teams, b.teams, when.teams) &&
           (covered(a.clients, b.clients, when.clients) || subset(rule.allow.clients, when.clients)) &&
           (covered(a.models, b.models, when.models) || subset(rule.allow.models, when.models));
}

std::string described(const Rule& rule, const Invariant& invariant, Class cls, const UpstreamFacts& upstream) {
    std::string what = fmt::format("class {} go to upstream {}", name(cls), upstream.name);
    for (std::size_t i = 0; i < upstream_fact_count; ++i)
        if (invariant.never.upstream_facts[i]) {
            const auto& value = fact(upstream, static_cast<UpstreamFact>(i));
            what += fmt::format(", {} {}", upstream_fact_names[i], value.empty() ? "not stated" : value);
        }
    return fmt::format("this invariant is broken: rule '{}' ({}:{}) lets {}; narrow that rule", rule.id, rule.file,
                       rule.place.line, what);
}

} // namespace

std::vector<Mistake> broken_invariants(const Document& document) {
    std::vector<Mistake> broken;
    for (const auto& invariant : document.invariants)
        for (const auto& rule : document.rules) {
            if (rule.effect != Effect::allow) continue;
            const auto witness = [&]() -> std::string {
                for (std::size_t c = 0; c < class_count; ++c)
                    for (const auto& upstream : document.upstreams) {
                        const auto cls = static_cast<Class>(c);
                        if (lets_through(document, rule, invariant, cls, upstream) &&
                            std::ranges::none_of(document.rules, [&](const Rule& refuse) {
                                return covers(refuse, rule, invariant, cls, upstream);
                            }))
                            return described(rule, invariant, cls, upstream);
                    }
                return {};
            }();
            if (witness.empty()) continue;
            broken.push_back({document.files.front().name, invariant.place.line, invariant.place.column, witness});
            if (broken.size() >= mistakes_max) return broken;
        }
    return broken;
}

} // namespace sallyport::policy
