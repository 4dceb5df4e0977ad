#include "policy/model.h"

#include <algorithm>

namespace sallyport::policy {

const std::string& fact(const UpstreamFacts& upstream, UpstreamFact which) {
    switch (which) {
    case UpstreamFact::vendor: return upstream.vendor;
    case UpstreamFact::hosting: return upstream.hosting;
    case UpstreamFact::region: return upstream.region;
    case UpstreamFact::contract: return upstream.contract;
    case UpstreamFact::training: return upstream.training;
    }
    return upstream.vendor;
}

bool has(const Names& names, std::string_view name) {
    return names && std::ranges::any_of(*names, [&](const std::string& one) { return one == name; });
}

bool upstream_holds(const Conditions& when, const UpstreamFacts& upstream, bool tightens) {
    if (when.upstreams && !has(when.upstreams, upstream.name)) return false;
    for (std::size_t i = 0; i < upstream_fact_count; ++i) {
        if (!when.upstream_facts[i]) continue;
        const auto& value = fact(upstream, static_cast<UpstreamFact>(i));
        if (value.empty() ? !tightens : !has(when.upstream_facts[i], value)) return false;
    }
    return true;
}

std::uint32_t references_allowed(const Rule& rule, Class cls) {
    if (rule.allow.references) return *rule.allow.references;
    return cls == Class::open_source ? (1u << reference_kinds) - 1 : 0;
}

Mode mode_of(const Document& document, std::string_view team) {
    const auto found = std::ranges::find(document.teams, team, &Team::name);
    return found == document.teams.end() ? document.mode : found->mode.value_or(document.mode);
}

Mode mode_of(const Rule& rule, Mode of_team) { return rule.mode.value_or(of_team); }

bool relaxes(const Document& document) {
    const auto relaxed = [](std::optional<Mode> mode) { return mode.value_or(Mode::enforce) != Mode::enforce; };
    return relaxed(document.mode) || std::ranges::any_of(document.teams, relaxed, &Team::mode) ||
           std::ranges::any_of(document.rules, relaxed, &Rule::mode);
}

void add_invariants_as_rules(Document& document) {
    for (std::size_t i = 0; i < document.invariants.size(); ++i) {
        const Invariant& invariant = document.invariants[i];
        Rule rule;
        rule.id = std::string(invariant_rule_prefix) + std::to_string(i + 1);
        rule.place = invariant.place;
        rule.file = document.files.front().name;
        rule.effect = Effect::refuse;
        rule.when = invariant.never;
        rule.mode = Mode::enforce;
        rule.is_invariant = true;
        document.rules.push_back(std::move(rule));
    }
}

const Client* client_named(const Document& document, std::string_view name) {
    if (!document.clients) return nullptr;
    const auto found = std::ranges::find(*document.clients, name, &Client::name);
    return found == document.clients->end() ? nullptr : &*found;
}

bool plugin_approved(const Document& document, std::string_view plugin, Class cls) {
    if (!document.plugins) return true;
    const Plugin* rest = nullptr;
    for (const auto& known : *document.plugins) {
        if (known.name == plugin) return (known.classes & class_mask(cls)) != 0;
        if (known.name == "*") rest = &known;
    }
    return rest != nullptr && (rest->classes & class_mask(cls)) != 0;
}

} // namespace sallyport::policy
