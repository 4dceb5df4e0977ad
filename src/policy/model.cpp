#include "policy/model.h"

#include "base/text.h"

#include <algorithm>

namespace sallyport::policy {

const std::string& fact(const UpstreamFacts& upstream, UpstreamFact which) {
    switch (which) {
    case UpstreamFact::vendor: return upstream.vendor;
    case UpstreamFact::hosting: return upstream.hosting;
    case UpstreamFact::region: return upstream.region;
    case UpstreamFact::contract: return upstream.contract;
    case UpstreamFact::training: return upstream.training;
    case UpstreamFact::retention: return upstream.retention;
    case UpstreamFact::payment: return upstream.payment;
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

bool terms_hold(const Document& document, const UpstreamFacts& upstream, Entities entities, std::int64_t at_ms) {
    return at_ms >= upstream.contract_from_ms && at_ms < upstream.contract_until_ms &&
           serves(document, upstream, entities);
}

bool serves(const Document& document, const UpstreamFacts& upstream, Entities entities) {
    return entities_hold(document, upstream.legal_entities, entities, false);
}

bool entities_hold(const Document& document, const Names& named, Entities entities, bool tightens) {
    if (!named) return true;
    const auto known_and_named = [&](std::uint16_t one) {
        return one != entity_not_known && has(named, document.legal_entities[one]);
    };
    if (!tightens) return known_and_named(entities.of) && known_and_named(entities.also);
    return entities.of == entity_not_known || entities.also == entity_not_known || known_and_named(entities.of) ||
           known_and_named(entities.also);
}

Class class_of_path(const Repository& repository, std::string_view path) {
    const auto found =
        std::ranges::find_if(repository.paths, [&](const PathClass& one) { return glob_matches(one.match, path); });
    return found == repository.paths.end() ? repository.cls : found->cls;
}

std::uint16_t entity_of(const Document& document, const Repository* row) {
    if (row == nullptr || row->legal_entity.empty()) return document.legal_entity;
    const auto found = std::ranges::find(document.legal_entities, row->legal_entity);
    return static_cast<std::uint16_t>(found - document.legal_entities.begin());
}

bool same_plugin(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](char x, char y) { return x == y || ((x == '-' || x == '_') && (y == '-' || y == '_')); });
}

bool has_plugin(const Names& names, std::string_view name) {
    return names && std::ranges::any_of(*names, [&](const std::string& one) { return same_plugin(one, name); });
}

KnownPlugin known_plugin(const Document& document, std::string_view text) {
    constexpr std::uint32_t every_class = (1u << class_count) - 1;
    const auto [name, identity] = plugin_text(text);
    if (!document.plugins) return {name, every_class};
    const Plugin *named = nullptr, *rest = nullptr;
    for (const Plugin& one : *document.plugins) {
        if (!identity.empty() && std::ranges::any_of(one.identities, [&](const std::string& known) {
                return glob_matches(known, identity);
            }))
            return {one.name, one.classes};
        if (one.name == "*")
            rest = &one;
        else if (same_plugin(one.name, name))
            named = &one;
    }
    if (named != nullptr && !identity.empty() && !named->identities.empty())
        return {{}, 0}; // bears the name of another
    if (named != nullptr) return {named->name, named->classes};
    return {name, rest == nullptr ? 0 : rest->classes};
}

bool plugin_approved(const Document& document, std::string_view text, Class cls) {
    return (known_plugin(document, text).classes & class_mask(cls)) != 0;
}

} // namespace sallyport::policy
