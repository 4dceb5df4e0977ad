#include "policy/conjuncts.h"
#include "policy/decide.h"
#include "policy/names.h"
#include "policy/program.h"
#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

// How hard the obstacles are to move: a model or a client can be changed by whoever works, a class by nobody.
int cost(const std::vector<Obstacle>& found) {
    int sum = 0;
    for (const auto& obstacle : found)
        sum += obstacle.conjunct == Conjunct::cls || obstacle.conjunct == Conjunct::evidence ? 100 : 1;
    return sum;
}

// The upstream to which a rule comes nearest to matching, and what is in its way there.
struct Nearest {
    std::uint16_t upstream = no_rule;
    std::vector<Obstacle> obstacles;
};

Nearest nearest(const Program& program, const Rule& rule, const Facts& facts, Class cls,
                std::span<const std::uint16_t> candidates) {
    const auto& document = program.document;
    Nearest best;
    for (const auto candidate : candidates) {
        if (candidate >= document.upstreams.size()) continue;
        auto found = obstacles(program, rule, facts, cls, document.upstreams[candidate]);
        if (best.upstream == no_rule || cost(found) < cost(best.obstacles)) best = {candidate, std::move(found)};
    }
    return best;
}

std::string joined(const std::vector<Obstacle>& found) {
    std::string text;
    for (const auto& obstacle : found) text += fmt::format("{}{}", text.empty() ? "" : "; ", obstacle.why);
    return text;
}

std::string_view unapproved_plugin(const Document& document, const Facts& facts, Class cls) {
    for (const auto plugin : facts.plugins)
        if (!plugin_approved(document, plugin, cls)) return plugin;
    return {};
}

} // namespace

std::vector<RuleTrace> trace(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates) {
    const auto& document = policy.program().document;
    const auto cls = effective_class(policy, facts);
    std::vector<RuleTrace> traces;
    for (std::size_t i = 0; i < document.rules.size(); ++i) {
        const auto best = nearest(policy.program(), document.rules[i], facts, cls, candidates);
        RuleTrace rule{static_cast<std::uint16_t>(i), best.upstream != no_rule && best.obstacles.empty(), {}};
        if (best.upstream == no_rule)
            rule.why = "there is no upstream that this request could go to";
        else if (!rule.matched)
            rule.why = joined(best.obstacles);
        else {
            static constexpr std::string_view effects[] = {"records to", "allows it to", "refuses it to"};
            rule.why = fmt::format("{} {}", effects[static_cast<std::size_t>(document.rules[i].effect)],
                                   document.upstreams[best.upstream].name);
        }
        traces.push_back(std::move(rule));
    }
    return traces;
}

std::string smallest_change(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates) {
    const auto& document = policy.program().document;
    auto plan = decide(policy, facts, candidates);
    const auto cls = plan.effective_class;
    if (plan.would_refuse != RefusedBy::nothing) {
        plan.refused_by = plan.would_refuse;
        plan.rule = plan.would_rule;
    }
    switch (plan.refused_by) {
    case RefusedBy::nothing: return {};
    case RefusedBy::key_class: return fmt::format("a key issued for {} or above", name(cls));
    case RefusedBy::client: return fmt::format("list client '{}' under clients", shown(facts.client));
    case RefusedBy::client_version: {
        const auto* client = client_named(document, facts.client);
        return fmt::format("{} in a version {}", shown(facts.client), client == nullptr ? "*" : client->versions.text);
    }
    case RefusedBy::advisory:
        return fmt::format("{} in a version that no advisory covers{}", shown(facts.client),
                           facts.advisory.fixed.empty() ? ""
                                                        : fmt::format(": {} or later", shown(facts.advisory.fixed)));
    case RefusedBy::rule:
        return fmt::format("rule '{}' would have to stop refusing it: a refuse always beats an allow",
                           policy.rule_id(plan.rule));
    case RefusedBy::tier:
        return fmt::format("a boundary of tier {}", name(document.launchers.needed[static_cast<std::size_t>(cls)]));
    case RefusedBy::claims: return "claiming one of the repositories alone";
    case RefusedBy::decision_point: return "the company's decision point would have to permit it: the policy allows it";
    default: break;
    }
    if (const auto plugin = unapproved_plugin(document, facts, cls); !plugin.empty())
        return fmt::format("without plugin {}, which is not approved for {}", shown(plugin), name(cls));
    const Rule* rule = nullptr;
    Nearest best;
    for (const auto& one : document.rules) {
        if (one.effect != Effect::allow) continue;
        auto found = nearest(policy.program(), one, facts, cls, candidates);
        if (found.upstream == no_rule || (rule != nullptr && cost(found.obstacles) >= cost(best.obstacles))) continue;
        rule = &one;
        best = std::move(found);
    }
    if (rule == nullptr) return "no rule allows anything to an upstream that this request could go to";
    return fmt::format("rule '{}' would allow it to {}: {}", rule->id, document.upstreams[best.upstream].name,
                       joined(best.obstacles));
}

} // namespace sallyport::policy
