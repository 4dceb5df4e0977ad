#include "policy/conjuncts.h"
#include "policy/decide.h"
#include "policy/names.h"
#include "policy/program.h"
#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

constexpr std::string_view opening = "Sallyport refused this request: ";

// Pieces one after the other as long as they fit: the first always, cut if it must be.
std::string composed(std::initializer_list<std::string> pieces) {
    std::string text(opening);
    for (const auto& piece : pieces) {
        if (piece.empty() || text.size() + piece.size() + 1 > sentence_bytes_max) continue;
        if (text.size() > opening.size()) text += ' ';
        text += piece;
    }
    return shown(text, sentence_bytes_max);
}

// "repository class customer (claimed github.com/acme/website; a claim alone cannot lower it)"
std::string subject(const Program& program, const Facts& facts, Class cls) {
    std::string why;
    const auto repository = shown(facts.repository, 70);
    Facts firmly = facts; // as if the claim was more than that
    if (facts.evidence == Evidence::claimed) firmly.evidence = Evidence::bound;
    firmly.paths = {};
    const auto by_evidence = program.place(firmly).cls;
    const bool by_floor = facts.class_floor == cls && program.place(facts).cls < cls;
    if (by_floor)
        why = "this conversation already held such content";
    else if (facts.evidence == Evidence::none)
        why = "no repository is known";
    else
        why = fmt::format("{} {}", name(facts.evidence), repository.empty() ? "no repository" : repository);
    if (!by_floor && facts.evidence == Evidence::claimed && by_evidence < cls) why += "; a claim alone cannot lower it";
    return fmt::format("repository class {} ({})", name(cls), why);
}

// "sim-vendor or local", at most two by name.
std::string targets(const Document& document, std::span<const std::uint16_t> candidates) {
    std::vector<std::string> names;
    for (const auto candidate : candidates)
        if (candidate < document.upstreams.size()) names.push_back(shown(document.upstreams[candidate].name, 30));
    if (names.empty()) return "any upstream that speaks this protocol";
    return any_of(names, 2);
}

// What would be allowed in the same class, for the same caller: other upstreams and models, or else other clients.
struct Alternatives {
    std::vector<std::string> ways; // "local (models qwen-*)"
    std::string rule;              // that offers the first of them
    std::vector<std::string> clients;
};

bool only(const std::vector<Obstacle>& found, std::initializer_list<Conjunct> kinds) {
    return std::ranges::all_of(
        found, [&](const Obstacle& obstacle) { return std::ranges::find(kinds, obstacle.conjunct) != kinds.end(); });
}

Alternatives alternatives(const Program& program, const Facts& facts, Class cls) {
    const auto& document = program.document;
    Alternatives result;
    for (const auto& upstream : document.upstreams) {
        const auto refused = std::ranges::any_of(document.rules, [&](const Rule& rule) {
            return rule.effect == Effect::refuse && !rule.when.models &&
                   obstacles(program, rule, facts, cls, upstream).empty();
        });
        if (refused) continue;
        for (const auto& rule : document.rules) {
            if (rule.effect != Effect::allow) continue;
            const auto found = obstacles(program, rule, facts, cls, upstream);
            const auto& models = rule.allow.models ? rule.allow.models : rule.when.models;
            if (only(found, {Conjunct::model, Conjunct::plugin})) {
                const bool without =
                    std::ranges::any_of(found, [](const Obstacle& one) { return one.conjunct == Conjunct::plugin; });
                result.ways.push_back(
                    fmt::format("{}{}{}", shown(upstream.name, 30),
                                models ? fmt::format(" (models {})", shown(any_of(*models, 3), 60)) : "",
                                without ? " without plugins" : ""));
                if (result.rule.empty()) result.rule = rule.id;
                break;
            }
            if (only(found, {Conjunct::model, Conjunct::plugin, Conjunct::client}) && rule.allow.clients)
                for (const auto& client : *rule.allow.clients)
                    if (std::ranges::find(result.clients, client) == result.clients.end())
                        result.clients.push_back(client);
        }
    }
    return result;
}

std::string not_allowed(const Program& program, const Facts& facts, const Plan& plan,
                        std::span<const std::uint16_t> candidates) {
    const auto& document = program.document;
    const auto cls = plan.effective_class;
    const auto model = facts.model.empty() ? std::string() : fmt::format(" with model {}", shown(facts.model, 48));
    const auto head =
        fmt::format("{} may not go to {}{}.", subject(program, facts, cls), targets(document, candidates), model);
    const auto other = alternatives(program, facts, cls);
    if (!other.ways.empty())
        return composed({head, fmt::format("Allowed instead: {}.", shown(any_of(other.ways, 3), 150)),
                         fmt::format("Rule: {}.", other.rule)});
    if (!other.clients.empty())
        return composed(
            {head, fmt::format("For {} only these clients are allowed: {}.", name(cls), any_of(other.clients, 4))});
    return composed(
        {head, fmt::format("No rule allows anything for {} here; ask the owner of the policy.", name(cls))});
}

std::string by_rule(const Program& program, const Facts& facts, const Plan& plan,
                    std::span<const std::uint16_t> candidates) {
    const auto& document = program.document;
    const auto& rule = document.rules[plan.rule];
    const auto named = rule.owner.empty() ? fmt::format("Rule: {}.", rule.id)
                                          : fmt::format("Rule: {} (owner {}).", rule.id, rule.owner);
    const auto found = rule.when.findings ? *rule.when.findings & facts.findings : 0;
    const auto what = subject(program, facts, plan.effective_class) +
                      (found == 0 ? "" : fmt::format(" with {} in it", finding_words(found)));
    if (!rule.sentence.empty()) {
        const bool closed =
            rule.sentence.ends_with('.') || rule.sentence.ends_with('!') || rule.sentence.ends_with('?');
        return composed({rule.sentence + (closed ? "" : "."), fmt::format("This is {}.", what), named});
    }
    const auto other = alternatives(program, facts, plan.effective_class);
    return composed({fmt::format("{} may not go to {}.", what, targets(document, candidates)),
                     other.ways.empty() ? "" : fmt::format("Allowed instead: {}.", shown(any_of(other.ways, 3), 150)),
                     named});
}

std::string by_client(const Document& document, const Facts& facts, bool version) {
    const auto client = facts.client.empty() ? std::string("unknown") : shown(facts.client, 40);
    if (version) {
        const auto* entry = client_named(document, facts.client);
        const auto told = facts.client_version.empty() ? client + " without a version"
                                                       : fmt::format("{} {}", client, shown(facts.client_version, 40));
        return composed({fmt::format("client {} is not approved.", told),
                         fmt::format("Approved versions: {}. Install one of them and try again.",
                                     entry == nullptr ? "none" : shown(entry->versions.text, 80))});
    }
    std::vector<std::string> names;
    for (const auto& entry : document.clients.value_or(std::vector<Client>())) names.push_back(entry.name);
    return composed(
        {fmt::format("client {} is not approved.", client),
         names.empty() ? "No client is." : fmt::format("Approved clients: {}.", shown(any_of(names, 8), 200))});
}

// What to do: one version on, where that is known and approved.
std::string by_advisory(const Document& document, const Facts& facts) {
    const auto& [id, summary, fixed] = facts.advisory;
    const auto client = shown(facts.client, 40);
    const auto what = summary.empty() ? shown(id, 60) : fmt::format("{} ({})", shown(id, 60), shown(summary, 120));
    if (!is_version(facts.client_version))
        return composed(
            {fmt::format("client {} does not say its version, and advisory {} is about some.", client, what),
             "Install a version that names itself, or ask your platform team."});
    const auto head =
        fmt::format("client {} {} is covered by advisory {}.", client, shown(facts.client_version, 40), what);
    const auto* entry = client_named(document, facts.client);
    const bool approved = is_version(fixed) && (entry == nullptr || entry->versions.accepts(fixed));
    if (fixed.empty()) return composed({head, "No version is named that mends it; ask your platform team."});
    return composed({head, approved ? fmt::format("Update to {} or later and try again.", shown(fixed, 40))
                                    : fmt::format("It is mended in {}, which is not approved here yet; ask your "
                                                  "platform team.",
                                                  shown(fixed, 40))});
}

// The first reason of this kind that stands in the way of the allow rule that is otherwise nearest.
std::string why_of(const Program& program, const Facts& facts, Class cls, Conjunct conjunct,
                   std::span<const std::uint16_t> candidates) {
    const auto& document = program.document;
    for (const auto candidate : candidates)
        for (const auto& rule : document.rules) {
            if (candidate >= document.upstreams.size() || rule.effect != Effect::allow) continue;
            const auto found = obstacles(program, rule, facts, cls, document.upstreams[candidate]);
            if (!found.empty() &&
                only(found, {Conjunct::account, Conjunct::references, Conjunct::plugin, Conjunct::terms}))
                for (const auto& obstacle : found)
                    if (obstacle.conjunct == conjunct)
                        return fmt::format("Rule {} {}.", rule.id, shown(obstacle.why, 120));
        }
    return {};
}

std::string by_reference(const Program& program, const Facts& facts, Class cls,
                         std::span<const std::uint16_t> candidates) {
    std::vector<std::string> kinds;
    for (std::size_t kind = 0; kind < reference_kinds; ++kind)
        if ((facts.references >> kind & 1) != 0) kinds.emplace_back(reference_names[kind]);
    return composed({fmt::format("it uses content by reference or a vendor-run tool ({}), which is not allowed for {}.",
                                 any_of(kinds), subject(program, facts, cls)),
                     "Send the content itself or switch the tool off.",
                     why_of(program, facts, cls, Conjunct::references, candidates)});
}

std::string by_plugin(const Program& program, const Facts& facts, Class cls,
                      std::span<const std::uint16_t> candidates) {
    std::string plugin;
    for (const auto one : facts.plugins)
        if (plugin.empty() && !plugin_approved(program.document, one, cls)) plugin = shown(one, 60);
    const auto what = plugin.empty() ? std::string("its plugins are") : fmt::format("plugin {} is", plugin);
    return composed({fmt::format("{} not approved for {}.", what, subject(program, facts, cls)),
                     "Switch the plugin off for this work and try again.",
                     why_of(program, facts, cls, Conjunct::plugin, candidates)});
}

// The gateway tells more where it was told more: a decision point's reason is no fact.
std::string by_decision_point(const Program& program, const Facts& facts, Class cls) {
    const auto what = fmt::format("This is {}.", subject(program, facts, cls));
    if (facts.pdp == Pdp::unanswered)
        return composed({"the company's decision point did not answer.", "Try again or ask your platform team.", what});
    return composed(
        {"the company's decision point does not permit it.", "Ask your platform team who decides there.", what});
}

std::string by_terms(const Program& program, const Facts& facts, Class cls, std::span<const std::uint16_t> candidates) {
    const auto entities = program.place(facts).entities;
    std::string why;
    for (const auto candidate : candidates)
        if (candidate < program.document.upstreams.size() && why.empty())
            why = terms_broken(program.document, program.document.upstreams[candidate], entities, facts.at_ms);
    const auto other = alternatives(program, facts, cls);
    return composed({fmt::format("the terms of the vendor do not permit it: {}.", shown(why, 160)),
                     other.ways.empty() ? "Ask the owner of the policy."
                                        : fmt::format("Allowed instead: {}.", shown(any_of(other.ways, 3), 150)),
                     fmt::format("This is {}.", subject(program, facts, cls))});
}

std::string by_tier(const Program& program, const Facts& facts, Class cls) {
    const auto needed = name(program.document.launchers.needed[static_cast<std::size_t>(cls)]);
    const auto known = facts.tier == Tier::none ? std::string("of none is known")
                                                : fmt::format("it runs in one of tier {}", name(facts.tier));
    return composed({fmt::format("{} asks for a client in a boundary of tier {}, and {}.", subject(program, facts, cls),
                                 needed, known),
                     "Start the client with sallyport run; sallyport doctor says what this machine lacks for it."});
}

std::string by_claims(const Facts& facts) {
    std::vector<std::string> names{shown(facts.repository, 60)};
    for (const auto claim : facts.also_claimed) names.push_back(claim.empty() ? "one unreadable" : shown(claim, 60));
    return composed({fmt::format("it names {} repositories ({}), and nothing may serve all of them at once.",
                                 names.size(), any_of(names, 3)),
                     "Remove the git remotes that this work is not about, or work in a checkout of its own."});
}

} // namespace

std::string sentence(const Policy& policy, const Facts& facts, const Plan& plan,
                     std::span<const std::uint16_t> candidates) {
    const auto& program = policy.program();
    const auto cls = plan.effective_class;
    switch (plan.refused_by) {
    case RefusedBy::nothing: return {};
    case RefusedBy::key_class:
        return composed({fmt::format("{} is above {}, the highest class that this key may be used for.",
                                     subject(program, facts, cls), name(facts.key_max_class)),
                         fmt::format("Use a key issued for {}, or work in another repository.", name(cls))});
    case RefusedBy::personal_account:
        return composed({fmt::format("a personal vendor account or subscription may not be used for {}.",
                                     subject(program, facts, cls)),
                         "Use your Sallyport key alone; the gateway adds the company's account."});
    case RefusedBy::client: return by_client(program.document, facts, false);
    case RefusedBy::client_version: return by_client(program.document, facts, true);
    case RefusedBy::reference: return by_reference(program, facts, cls, candidates);
    case RefusedBy::plugin: return by_plugin(program, facts, cls, candidates);
    case RefusedBy::claims: return by_claims(facts);
    case RefusedBy::tier: return by_tier(program, facts, cls);
    case RefusedBy::advisory: return by_advisory(program.document, facts);
    case RefusedBy::terms: return by_terms(program, facts, cls, candidates);
    case RefusedBy::decision_point: return by_decision_point(program, facts, cls);
    case RefusedBy::rule:
        if (plan.rule < program.document.rules.size()) return by_rule(program, facts, plan, candidates);
        break;
    case RefusedBy::no_rule: break;
    }
    return not_allowed(program, facts, plan, candidates);
}

std::string would_sentence(const Policy& policy, const Facts& facts, const Plan& plan,
                           std::span<const std::uint16_t> candidates) {
    Plan refused = plan;
    refused.decision = Decision::refuse;
    refused.refused_by = plan.would_refuse;
    refused.rule = plan.would_rule;
    refused.upstream_count = 0;
    std::string text = sentence(policy, facts, refused, candidates);
    if (text.starts_with(opening)) text.replace(0, opening.size(), "Let through, although the policy is against it: ");
    return shown(text, sentence_bytes_max);
}

} // namespace sallyport::policy
