#include "policy/space.h"

#include "base/clock.h"
#include "policy/conjuncts.h"
#include "policy/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {
constexpr std::size_t reference_sets = std::size_t{1} << reference_kinds;
constexpr std::size_t finding_cells = finding_bits + 1; // nothing found, then each bit alone
} // namespace

Facts Sample::facts() {
    plugins.assign(plugin_names.begin(), plugin_names.end());
    Facts facts;
    facts.team = team;
    facts.role = role;
    paths.assign(path_names.begin(), path_names.end());
    facts.paths = paths;
    facts.at_ms = at_ms;
    facts.client = client;
    facts.client_version = version;
    facts.account = account;
    facts.repository = repository;
    facts.evidence = evidence;
    facts.class_floor = floor;
    facts.model = model;
    facts.generates = generates;
    facts.references = references;
    facts.findings = findings;
    // Further conditions, as advisories are: what is proven and compared is the most that can pass.
    facts.tier = Tier::a;
    facts.plugins = plugins;
    return facts;
}

std::string Sample::words(Class cls) const {
    std::string text = fmt::format("client {}", client);
    text += version.empty() ? std::string(" (version not told)") : " " + version;
    if (!team.empty()) text += fmt::format(" of team {}", team);
    if (!role.empty()) text += fmt::format(" in role {}", role);
    if (account == AccountKind::personal) text += " with a personal account";
    text += !generates      ? std::string(" asks for the list of models")
            : model.empty() ? std::string(" names no model")
                            : " asks for model " + model;
    text += fmt::format(" in class {} (evidence {}", name(cls), name(evidence));
    if (!repository.empty()) text += fmt::format(", repository {}", repository);
    if (!path_names.empty()) text += fmt::format(", path {}", fmt::join(path_names, " and "));
    text += ")";
    if (timed) text += fmt::format(" at {}", rfc3339(at_ms));
    for (std::size_t i = 0; i < reference_kinds; ++i)
        if ((references >> i & 1) != 0) text += fmt::format(", content by {}", reference_names[i]);
    if (findings != 0) text += fmt::format(", with {} in it", finding_words(findings));
    for (const std::string& plugin : plugin_names) text += fmt::format(", plugin {}", plugin);
    return text;
}

std::unique_ptr<Space> Space::of(std::span<const Document* const> documents, std::string& why) {
    std::unique_ptr<Space> space(new Space(documents));
    space->find_clients();
    space->find_teams_and_roles();
    space->find_moments();
    if (!space->find_plugins()) {
        why = "the urls of plugins overlap too wildly to tell all cases apart; write fewer with '*' at their beginning";
        return nullptr;
    }
    if (!space->find_models()) {
        why = "the patterns of models overlap too wildly to tell all cases apart; write fewer with '*' at their "
              "beginning";
        return nullptr;
    }
    if (!space->find_situations()) {
        why = "the patterns of repositories overlap too wildly to tell all cases apart; write fewer with '*' at their "
              "beginning";
        return nullptr;
    }
    space->boxes_of_rules();
    return space;
}

Box Space::everything() const {
    Box box;
    box.of(Dimension::account) = Bits(2, true);
    box.of(Dimension::client) = Bits(clients_.size(), true);
    box.of(Dimension::team) = Bits(teams_.size(), true);
    box.of(Dimension::role) = Bits(roles_.size(), true);
    box.of(Dimension::time) = Bits(moments_.size(), true);
    box.of(Dimension::model) = Bits(models_.size(), true);
    box.of(Dimension::references) = Bits(reference_sets, true);
    box.of(Dimension::finding) = Bits(finding_cells, true);
    box.within = Bits(plugins_.size(), true);
    return box;
}

Bits Space::clients_where(const auto& holds) const {
    Bits bits(clients_.size());
    for (std::size_t i = 0; i < clients_.size(); ++i)
        if (holds(clients_[i])) bits.set(i);
    return bits;
}

Bits Space::teams_where(const auto& holds) const {
    Bits bits(teams_.size());
    for (std::size_t i = 0; i < teams_.size(); ++i)
        if (holds(teams_[i])) bits.set(i);
    return bits;
}

Box Space::let_pass(std::size_t document) const {
    Box box = everything();
    box.of(Dimension::team) =
        teams_where([&](const std::string& team) { return mode_of(*documents_[document], team) != Mode::enforce; });
    box.of(Dimension::account) = Bits(2);
    box.of(Dimension::account).set(static_cast<std::size_t>(AccountKind::company));
    return box;
}

void Space::keep_enforced(std::size_t document, const Rule& refusal, Box& box) const {
    box.of(Dimension::team) &= teams_where([&](const std::string& team) {
        return mode_of(refusal, mode_of(*documents_[document], team)) == Mode::enforce;
    });
}

void Space::keep_generating(Box& box) const {
    Bits lists(models_.size());
    lists.set(0);
    box.of(Dimension::model).remove(lists);
}

// A list of models uses none: a condition that tightens does not hold for it, everything else does. Where no model is told, what
// tightens holds, and a pattern holds that takes the empty text.
Bits Space::models_of(const Names& patterns, bool tightens, bool condition) const {
    Bits bits(models_.size());
    if (!(condition && tightens)) bits.set(0);
    if (condition && tightens) bits.set(1);
    for (const std::string& pattern : *patterns) {
        const auto found = std::ranges::lower_bound(model_patterns_, pattern);
        bits |= models_matching_[static_cast<std::size_t>(found - model_patterns_.begin())];
    }
    return bits;
}

Bits Space::plugins_named(std::size_t document, const std::vector<std::string>& names) const {
    Bits bits(plugins_.size());
    for (std::size_t i = 0; i < plugins_.size(); ++i)
        if (has_plugin(names, known_plugin(*documents_[document], plugins_[i]).name)) bits.set(i);
    return bits;
}

Bits Space::moments_where(const auto& holds) const {
    Bits bits(moments_.size());
    for (std::size_t i = 0; i < moments_.size(); ++i)
        if (holds(moments_[i])) bits.set(i);
    return bits;
}

Box Space::conditions_box(std::size_t document, const Conditions& when, bool tightens) const {
    Box box = everything();
    if (when.accounts)
        for (std::size_t i = 0; i < 2; ++i)
            if ((*when.accounts >> i & 1) == 0) {
                Bits without(2);
                without.set(i);
                box.of(Dimension::account).remove(without);
            }
    if (when.clients || when.client_version)
        box.of(Dimension::client) &= clients_where([&](const ClientCell& cell) {
            if (when.clients && !has(when.clients, cell.name)) return false;
            return !when.client_version || when.client_version->accepts_all() ||
                   (cell.version.empty() ? tightens : when.client_version->accepts(cell.version));
        });
    if (when.teams) {
        Bits teams(teams_.size());
        for (const std::string& team : *when.teams)
            teams.set(static_cast<std::size_t>(std::ranges::find(teams_, team) - teams_.begin()));
        box.of(Dimension::team) &= teams;
    }
    if (when.roles) {
        Bits roles(roles_.size());
        for (const std::string& role : *when.roles)
            roles.set(static_cast<std::size_t>(std::ranges::find(roles_, role) - roles_.begin()));
        box.of(Dimension::role) &= roles;
    }
    if (when.time)
        box.of(Dimension::time) &= moments_where(
            [&](std::int64_t moment) { return when.time->holds(moment, documents_[document]->utc_offset_minutes); });
    if (when.models) box.of(Dimension::model) &= models_of(when.models, tightens, true);
    if (when.references) {
        Bits sets(reference_sets);
        for (std::size_t set = 0; set < reference_sets; ++set)
            if ((set & *when.references) != 0) sets.set(set);
        box.of(Dimension::references) &= sets;
    }
    if (when.findings) {
        Bits found(finding_cells);
        for (std::size_t i = 0; i < finding_bits; ++i)
            if ((*when.findings >> i & 1) != 0) found.set(i + 1);
        box.of(Dimension::finding) &= found;
    }
    if (when.plugins) box.meets.push_back(plugins_named(document, *when.plugins));
    return box;
}

void Space::boxes_of_rules() {
    for (std::size_t d = 0; d < documents_.size(); ++d)
        for (const Rule& rule : documents_[d]->rules) {
            Box box = conditions_box(d, rule.when, rule.tightens());
            if (rule.effect == Effect::allow) {
                const std::uint32_t accounts =
                    rule.allow.accounts.value_or(1u << static_cast<unsigned>(AccountKind::company));
                Bits allowed(2);
                for (std::size_t i = 0; i < 2; ++i)
                    if ((accounts >> i & 1) != 0) allowed.set(i);
                box.of(Dimension::account) &= allowed;
                if (rule.allow.clients)
                    box.of(Dimension::client) &=
                        clients_where([&](const ClientCell& cell) { return has(rule.allow.clients, cell.name); });
                if (rule.allow.models) box.of(Dimension::model) &= models_of(rule.allow.models, false, false);
                if (rule.allow.plugins) box.within &= plugins_named(d, *rule.allow.plugins);
            }
            rules_[d].push_back(std::move(box));
        }
}

Box Space::admitted(std::size_t document, const Situation& situation, const UpstreamFacts& upstream) const {
    const Document& source = *documents_[document];
    const Class cls = situation.classes[document];
    Box box = everything();
    if (source.clients)
        box.of(Dimension::client) = clients_where([&](const ClientCell& cell) {
            const Client* client = client_named(source, cell.name);
            return client != nullptr && (client->versions.accepts_all() || client->versions.accepts(cell.version));
        });
    box.of(Dimension::time) = moments_where(
        [&](std::int64_t moment) { return terms_hold(source, upstream, situation.entities[document], moment); });
    Bits approved(plugins_.size());
    for (std::size_t i = 0; i < plugins_.size(); ++i)
        if (plugin_approved(source, plugins_[i], cls)) approved.set(i);
    box.within = approved;
    return box;
}

bool Space::in_situation(std::size_t document, const Conditions& when, const Situation& situation,
                         bool tightens) const {
    const auto holds = [](Mask mask, auto value) { return !mask || (*mask >> static_cast<unsigned>(value) & 1) != 0; };
    return holds(when.classes, situation.classes[document]) && holds(when.evidence, situation.evidence) &&
           entities_hold(*documents_[document], when.legal_entities, situation.entities[document], tightens);
}

std::optional<Box> Space::box_of(std::size_t document, const Rule& rule, const Situation& situation,
                                 const UpstreamFacts& upstream) const {
    if (!in_situation(document, rule.when, situation, rule.tightens()) ||
        !upstream_holds(rule.when, upstream, rule.tightens()))
        return std::nullopt;
    if (rule.allow.upstreams && !has(rule.allow.upstreams, upstream.name)) return std::nullopt;
    Box box = rules_[document][static_cast<std::size_t>(&rule - documents_[document]->rules.data())];
    if (rule.effect == Effect::allow) {
        const std::uint32_t allowed = references_allowed(rule, situation.classes[document]);
        Bits sets(reference_sets);
        for (std::size_t set = 0; set < reference_sets; ++set)
            if ((set & ~std::size_t{allowed}) == 0) sets.set(set);
        box.of(Dimension::references) &= sets;
    }
    if (box.empty()) return std::nullopt;
    return box;
}

std::optional<Box> Space::box_of(std::size_t document, const Conditions& never, const Situation& situation,
                                 const UpstreamFacts& upstream) const {
    if (!in_situation(document, never, situation, true) || !upstream_holds(never, upstream, true)) return std::nullopt;
    Box box = conditions_box(document, never, true);
    if (box.empty()) return std::nullopt;
    return box;
}

Sample Space::sample(const Box& box, const Situation& situation) const {
    Sample sample;
    const ClientCell& client = clients_[box.of(Dimension::client).first()];
    // A real model reads better than none, a told version better than an unknown one: the last cells are the plainest.
    const auto last = [](const Bits& bits, std::size_t size) {
        std::size_t at = bits.first();
        for (std::size_t i = at; i < size; ++i)
            if (bits.has(i)) at = i;
        return at;
    };
    const ModelCell& model = models_[last(box.of(Dimension::model), models_.size())];
    sample.client = client.name;
    sample.version = client.version;
    sample.team = teams_[last(box.of(Dimension::team), teams_.size())];
    sample.role = roles_[last(box.of(Dimension::role), roles_.size())];
    sample.at_ms = moments_[box.of(Dimension::time).first()];
    sample.timed = box.of(Dimension::time).count() != moments_.size();
    sample.path_names = situation.paths;
    sample.account = static_cast<AccountKind>(box.of(Dimension::account).first());
    sample.references = static_cast<std::uint32_t>(box.of(Dimension::references).first());
    if (const std::size_t found = box.of(Dimension::finding).first(); found > 0) sample.findings = 1u << (found - 1);
    sample.model = model.text;
    sample.generates = model.generates;
    sample.repository = situation.repository;
    sample.evidence = situation.evidence;
    sample.floor = situation.floor;
    Bits offered(plugins_.size());
    for (const Bits& some : box.meets) {
        if (some.meets(offered)) continue;
        Bits both = some;
        both &= box.within;
        const std::size_t plugin = both.first();
        offered.set(plugin);
        sample.plugin_names.push_back(plugins_[plugin]);
    }
    return sample;
}

std::vector<std::string> Space::clients_in(const Box& box) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < clients_.size(); ++i)
        if (box.of(Dimension::client).has(i) && (names.empty() || names.back() != clients_[i].name))
            names.push_back(clients_[i].name);
    return names;
}

std::vector<std::string> Space::teams_in(const Box& box) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < teams_.size(); ++i)
        if (box.of(Dimension::team).has(i)) names.push_back(teams_[i]);
    return names;
}

} // namespace sallyport::policy
