#include "policy/conjuncts.h"

#include "base/clock.h"
#include "base/text.h"
#include "policy/names.h"
#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

bool holds(Mask mask, std::size_t value) { return !mask || (*mask >> value & 1) != 0; }

bool some_glob(const std::vector<std::string>& patterns, std::string_view text) {
    return std::ranges::any_of(patterns, [&](const auto& pattern) { return glob_matches(pattern, text); });
}

std::string kinds(std::uint32_t references) {
    std::vector<std::string> words;
    for (std::size_t kind = 0; kind < reference_kinds; ++kind)
        if ((references >> kind & 1) != 0) words.emplace_back(reference_names[kind]);
    if (references >> reference_kinds != 0) words.emplace_back("a kind unknown to this version");
    return fmt::format("{}", fmt::join(words, ", "));
}

class Finder {
public:
    Finder(const Document& document, const Rule& rule, const Facts& facts, Class cls, Entities entities)
        : document_(document), rule_(rule), facts_(facts), cls_(cls), entities_(entities) {}

    std::vector<Obstacle> found(const UpstreamFacts& upstream) {
        caller();
        surroundings();
        model();
        target(upstream);
        terms(upstream);
        references();
        plugins();
        return std::move(found_);
    }

private:
    void add(Conjunct conjunct, std::string why) { found_.push_back({conjunct, std::move(why)}); }

    void caller() {
        const auto& when = rule_.when;
        if (!holds(when.classes, static_cast<std::size_t>(cls_)))
            add(Conjunct::cls,
                fmt::format("needs class {}, this is {}", any_of(when.classes, class_names), name(cls_)));
        if (!holds(when.evidence, static_cast<std::size_t>(facts_.evidence)))
            add(Conjunct::evidence, fmt::format("needs evidence {}, this is {}", any_of(when.evidence, evidence_names),
                                                name(facts_.evidence)));
        for (const auto* clients : {&when.clients, &rule_.allow.clients})
            if (*clients && !has(*clients, facts_.client))
                add(Conjunct::client,
                    fmt::format("needs client {}, this is {}", any_of(**clients), shown(facts_.client)));
        if (when.client_version && !when.client_version->accepts(facts_.client_version) &&
            !(rule_.tightens() && !is_version(facts_.client_version)))
            add(Conjunct::client_version,
                fmt::format("needs version {}, this is {}", when.client_version->text,
                            facts_.client_version.empty() ? "not told" : shown(facts_.client_version)));
        if (when.teams && !has(when.teams, facts_.team))
            add(Conjunct::team, fmt::format("needs team {}, this is {}", any_of(*when.teams),
                                            facts_.team.empty() ? "none" : shown(facts_.team)));
        const auto account = static_cast<std::size_t>(facts_.account);
        const auto allowed = rule_.allow.accounts.value_or(1u << static_cast<unsigned>(AccountKind::company));
        if (!holds(when.accounts, account) || (!rule_.tightens() && !holds(allowed, account)))
            add(Conjunct::account, fmt::format("needs a {} account, this is {}",
                                               any_of(when.accounts ? when.accounts : Mask(allowed), account_names),
                                               name(facts_.account)));
    }

    void surroundings() {
        const auto& when = rule_.when;
        if (when.roles && !has(when.roles, facts_.role))
            add(Conjunct::role, fmt::format("needs role {}, this is {}", any_of(*when.roles),
                                            facts_.role.empty() ? "none" : shown(facts_.role)));
        if (!entities_hold(document_, when.legal_entities, entities_, rule_.tightens()))
            add(Conjunct::legal_entity, fmt::format("needs legal entity {}, this is {}", any_of(*when.legal_entities),
                                                    entity_words(document_, entities_)));
        if (when.findings && (*when.findings & facts_.findings) == 0)
            add(Conjunct::finding, fmt::format("needs {} found, this is {}", finding_words(*when.findings),
                                               finding_words(facts_.findings)));
        if (when.time && !when.time->holds(facts_.at_ms, document_.utc_offset_minutes))
            add(Conjunct::time, fmt::format("holds at other times than {}", rfc3339(facts_.at_ms)));
    }

    void terms(const UpstreamFacts& upstream) {
        if (rule_.tightens()) return;
        if (auto why = terms_broken(document_, upstream, entities_, facts_.at_ms); !why.empty())
            add(Conjunct::terms, std::move(why));
    }

    void model() {
        const auto& wanted = rule_.when.models;
        if (facts_.model.empty() && !facts_.generates) { // a list of models uses none
            if (wanted && rule_.tightens())
                add(Conjunct::model, fmt::format("needs model {}, none is used", any_of(*wanted)));
            return;
        }
        const bool unknown = rule_.tightens() && facts_.model.empty();
        if (wanted && !unknown && !some_glob(*wanted, facts_.model))
            add(Conjunct::model, fmt::format("needs model {}, this is '{}'", any_of(*wanted), shown(facts_.model)));
        if (rule_.allow.models && !some_glob(*rule_.allow.models, facts_.model))
            add(Conjunct::model,
                fmt::format("allows model {}, this is '{}'", any_of(*rule_.allow.models), shown(facts_.model)));
    }

    void target(const UpstreamFacts& upstream) {
        const auto& when = rule_.when;
        if (when.upstreams && !has(when.upstreams, upstream.name))
            add(Conjunct::upstream,
                fmt::format("needs upstream {}, this is {}", any_of(*when.upstreams), upstream.name));
        for (std::size_t i = 0; i < upstream_fact_count; ++i) {
            const auto& value = fact(upstream, static_cast<UpstreamFact>(i));
            if (when.upstream_facts[i] && (value.empty() ? !rule_.tightens() : !has(when.upstream_facts[i], value)))
                add(Conjunct::upstream,
                    fmt::format("needs {} {}, {} has {}", upstream_fact_names[i], any_of(*when.upstream_facts[i]),
                                upstream.name, value.empty() ? "none stated" : value));
        }
        if (rule_.allow.upstreams && !has(rule_.allow.upstreams, upstream.name))
            add(Conjunct::upstream,
                fmt::format("allows upstream {}, this is {}", any_of(*rule_.allow.upstreams), upstream.name));
    }

    void references() {
        const auto& wanted = rule_.when.references;
        if (wanted && (*wanted & facts_.references) == 0)
            add(Conjunct::references, fmt::format("needs content by reference ({})", any_of(wanted, reference_names)));
        const auto refused = facts_.references & ~references_allowed(rule_, cls_);
        if (!rule_.tightens() && refused != 0)
            add(Conjunct::references,
                fmt::format("does not allow content by reference ({}) for {}", kinds(refused), name(cls_)));
    }

    void plugins() {
        const auto& wanted = rule_.when.plugins;
        const auto named = [&](std::string_view plugin) { return known_plugin(document_, plugin).name; };
        if (wanted &&
            std::ranges::none_of(facts_.plugins, [&](auto plugin) { return has_plugin(wanted, named(plugin)); }))
            add(Conjunct::plugin, fmt::format("needs plugin {}", any_of(*wanted)));
        if (!rule_.allow.plugins) return;
        for (const auto plugin : facts_.plugins)
            if (!has_plugin(rule_.allow.plugins, named(plugin)))
                return add(
                    Conjunct::plugin,
                    fmt::format("allows {}, the request offers {}",
                                rule_.allow.plugins->empty() ? "no plugin" : "plugin " + any_of(*rule_.allow.plugins),
                                shown(plugin)));
    }

    const Document& document_;
    const Rule& rule_;
    const Facts& facts_;
    Class cls_;
    Entities entities_;
    std::vector<Obstacle> found_;
};

} // namespace

std::string any_of(const std::vector<std::string>& names, std::size_t most) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i == most) return text + ", ...";
        text += fmt::format("{}{}", i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", names[i]);
    }
    return text;
}

std::string any_of(Mask mask, std::span<const std::string_view> words) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (holds(mask, i)) names.emplace_back(words[i]);
    return any_of(names, words.size());
}

std::string finding_words(std::uint32_t findings) {
    std::vector<std::string> found;
    for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
        std::vector<std::string> sure;
        for (std::size_t confidence = 0; confidence < finding_confidences; ++confidence)
            if ((findings >> finding_bit(kind, confidence) & 1) != 0) sure.emplace_back(confidence_names[confidence]);
        if (sure.empty()) continue;
        const auto how = sure.size() == finding_confidences ? "" : fmt::format(" ({})", any_of(sure));
        found.push_back(fmt::format("{}{}", finding_names[kind], how));
    }
    return found.empty() ? "nothing" : any_of(found);
}

std::string entity_words(const Document& document, Entities entities) {
    const auto word = [&](std::uint16_t one) {
        return one == entity_not_known ? std::string("not known") : shown(document.legal_entities[one]);
    };
    if (entities.of == entities.also) return word(entities.of);
    return fmt::format("{} by a claim, else {}", word(entities.of), word(entities.also));
}

std::string terms_broken(const Document& document, const UpstreamFacts& upstream, Entities entities,
                         std::int64_t at_ms) {
    const auto contract = upstream.contract.empty() ? "its contract" : "contract " + upstream.contract;
    const auto day = [](std::int64_t ms) { return rfc3339(ms).substr(0, 16) + "Z"; };
    if (at_ms < upstream.contract_from_ms)
        return fmt::format("{} of {} begins at {}", contract, upstream.name, day(upstream.contract_from_ms));
    if (at_ms >= upstream.contract_until_ms)
        return fmt::format("{} of {} ended at {}", contract, upstream.name, day(upstream.contract_until_ms));
    if (!serves(document, upstream, entities))
        return fmt::format("{} of {} is for legal entity {}, this is {}", contract, upstream.name,
                           any_of(*upstream.legal_entities), entity_words(document, entities));
    return {};
}

std::vector<Obstacle> obstacles(const Program& program, const Rule& rule, const Facts& facts, Class cls,
                                const UpstreamFacts& upstream) {
    return Finder(program.document, rule, facts, cls, program.place(facts).entities).found(upstream);
}

} // namespace sallyport::policy
