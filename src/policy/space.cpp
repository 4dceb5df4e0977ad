#include "policy/space.h"

#include "policy/atoms.h"
#include "policy/names.h"
#include "policy/patterns.h"
#include "policy/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::policy {

namespace {

constexpr std::size_t reference_sets = std::size_t{1} << reference_kinds;

// A name that no list holds, as readable as can be.
std::string other_than(const std::set<std::string>& names, std::string wish) {
    while (names.contains(wish)) wish += "-x";
    return wish;
}

std::size_t parts_of(std::string_view version) {
    return static_cast<std::size_t>(std::ranges::count(version.substr(0, version.find('-')), '.')) + 1;
}

// A version above `low` (any, where empty) and below `high` (any, where empty). Versions are dense but for a pre-release and the
// same with ".0" behind it, so nothing means that there is none.
std::optional<std::string> version_between(const std::string& low, const std::string& high) {
    std::vector<std::string> tries;
    if (low.empty()) tries.emplace_back("0-0");
    if (!low.empty()) {
        const bool early = low.find('-') != std::string::npos;
        std::string longer = low;
        for (auto parts = parts_of(low); parts < (high.empty() ? 0 : parts_of(high)); ++parts) longer += ".0";
        if (!early) tries.push_back(low + ".1");
        if (!early) tries.push_back(longer + ".1");
        if (early && high.empty()) tries.push_back(low.substr(0, low.find('-')));
        if (early) tries.push_back(low + ".0");
    }
    if (!high.empty() && high.find('-') == std::string::npos) tries.push_back(high + "-0");
    for (const std::string& one : tries) {
        if (!is_version(one)) continue;
        if ((low.empty() || compare_versions(low, one) < 0) && (high.empty() || compare_versions(one, high) < 0))
            return one;
    }
    return std::nullopt;
}

struct VersionLess {
    bool operator()(const std::string& a, const std::string& b) const { return compare_versions(a, b) < 0; }
};

} // namespace

Facts Sample::facts() {
    plugins.assign(plugin_names.begin(), plugin_names.end());
    Facts facts;
    facts.team = team;
    facts.client = client;
    facts.client_version = version;
    facts.account = account;
    facts.repository = repository;
    facts.evidence = evidence;
    facts.class_floor = floor;
    facts.model = model;
    facts.generates = generates;
    facts.references = references;
    facts.plugins = plugins;
    return facts;
}

std::string Sample::words(Class cls) const {
    std::string text = fmt::format("client {}", client);
    text += version.empty() ? std::string(" (version not told)") : " " + version;
    if (!team.empty()) text += fmt::format(" of team {}", team);
    if (account == AccountKind::personal) text += " with a personal account";
    text += !generates      ? std::string(" asks for the list of models")
            : model.empty() ? std::string(" names no model")
                            : " asks for model " + model;
    text += fmt::format(" in class {} (evidence {}", name(cls), name(evidence));
    if (!repository.empty()) text += fmt::format(", repository {}", repository);
    text += ")";
    for (std::size_t i = 0; i < reference_kinds; ++i)
        if ((references >> i & 1) != 0) text += fmt::format(", content by {}", reference_names[i]);
    for (const std::string& plugin : plugin_names) text += fmt::format(", plugin {}", plugin);
    return text;
}

std::unique_ptr<Space> Space::of(std::span<const Document* const> documents, std::string& why) {
    std::unique_ptr<Space> space(new Space(documents));
    space->find_clients();
    space->find_teams();
    space->find_plugins();
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

void Space::find_clients() {
    std::map<std::string, std::set<std::string, VersionLess>> bounds;
    const auto collect = [&](const std::string& name, const VersionRange& range) {
        for (const auto& all_of : range.any_of)
            for (const auto& comparator : all_of) bounds[name].insert(comparator.version);
    };
    for (const Document* document : documents_) {
        if (document->clients)
            for (const Client& client : *document->clients) {
                bounds[client.name];
                collect(client.name, client.versions);
            }
        const auto conditions = [&](const Conditions& when) {
            for (const std::string& name : when.clients.value_or(std::vector<std::string>())) {
                bounds[name];
                if (when.client_version) collect(name, *when.client_version);
            }
        };
        for (const Rule& rule : document->rules) {
            conditions(rule.when);
            for (const std::string& name : rule.allow.clients.value_or(std::vector<std::string>())) bounds[name];
        }
        for (const Invariant& invariant : document->invariants) conditions(invariant.never);
    }
    std::set<std::string> names;
    for (const auto& [name, versions] : bounds) {
        names.insert(name);
        clients_.push_back({name, ""});
        std::string below;
        for (const std::string& bound : versions) {
            if (auto between = version_between(below, bound)) clients_.push_back({name, *between});
            clients_.push_back({name, bound});
            below = bound;
        }
        if (auto beyond = version_between(below, "")) clients_.push_back({name, *beyond});
    }
    clients_.push_back({other_than(names, "other-client"), ""});
}

void Space::find_teams() {
    std::set<std::string> names;
    for (const Document* document : documents_) {
        for (const Rule& rule : document->rules)
            if (rule.when.teams) names.insert(rule.when.teams->begin(), rule.when.teams->end());
        for (const Invariant& invariant : document->invariants)
            if (invariant.never.teams) names.insert(invariant.never.teams->begin(), invariant.never.teams->end());
        for (const Team& team : document->teams) names.insert(team.name);
    }
    teams_.assign(names.begin(), names.end());
    teams_.emplace_back();
}

void Space::find_plugins() {
    std::set<std::string> names;
    for (const Document* document : documents_) {
        if (document->plugins)
            for (const Plugin& plugin : *document->plugins)
                if (plugin.name != "*") names.insert(plugin.name);
        const auto add = [&](const Names& list) {
            if (list) names.insert(list->begin(), list->end());
        };
        for (const Rule& rule : document->rules) {
            add(rule.when.plugins);
            add(rule.allow.plugins);
        }
        for (const Invariant& invariant : document->invariants) add(invariant.never.plugins);
    }
    plugins_.assign(names.begin(), names.end());
    plugins_.push_back(other_than(names, "other-plugin"));
}

bool Space::find_models() {
    std::set<std::string> patterns;
    for (const Document* document : documents_) {
        for (const Rule& rule : document->rules)
            for (const Names* list : {&rule.when.models, &rule.allow.models})
                if (*list) patterns.insert((*list)->begin(), (*list)->end());
        for (const Invariant& invariant : document->invariants)
            if (invariant.never.models) patterns.insert(invariant.never.models->begin(), invariant.never.models->end());
    }
    model_patterns_.assign(patterns.begin(), patterns.end());
    const auto atoms = atoms_of(model_patterns_);
    if (!atoms) return false;
    models_.push_back({"", false});
    for (const Atom& atom : *atoms) models_.push_back({atom.text, true}); // the empty one first: no model told
    models_matching_.assign(model_patterns_.size(), Bits(models_.size()));
    for (std::size_t i = 0; i < atoms->size(); ++i)
        for (const std::uint32_t pattern : (*atoms)[i].patterns) models_matching_[pattern].set(i + 1);
    return true;
}

// Every combination of classes that some repository and evidence give, with a repository that shows it. The class that the
// conversation had can raise both.
bool Space::find_situations() {
    struct Repository {
        std::string sample;
        std::array<Class, 2> classes;
    };
    std::vector<Repository> repositories;
    std::set<std::string> patterns;
    for (const Document* document : documents_)
        for (const File& file : document->files)
            for (const auto& repository : file.repositories) patterns.insert(repository.match);
    const std::vector<std::string> list(patterns.begin(), patterns.end());
    const auto atoms = atoms_of(list);
    if (!atoms) return false;
    std::map<std::string_view, std::uint32_t> index;
    for (std::uint32_t i = 0; i < list.size(); ++i) index[list[i]] = i;
    std::set<std::array<Class, 2>> seen;
    for (const Atom& atom : *atoms) {
        std::vector<char> matched(list.size());
        for (const std::uint32_t pattern : atom.patterns) matched[pattern] = 1;
        std::array<Class, 2> classes{};
        for (std::size_t d = 0; d < documents_.size(); ++d) {
            Class strictest = Class::open_source;
            for (std::size_t f = 0; f < documents_[d]->files.size(); ++f) {
                const auto& rows = documents_[d]->files[f].repositories;
                const auto first = atom.text.empty() ? rows.end() : std::ranges::find_if(rows, [&](const auto& row) {
                    return matched[index[row.match]] != 0;
                });
                if (first != rows.end())
                    strictest = std::max(strictest, first->strictest);
                else if (f == 0)
                    strictest = std::max(strictest, documents_[d]->unknown_repository);
            }
            classes[d] = strictest;
        }
        if (documents_.size() == 1) classes[1] = classes[0];
        if (seen.insert(classes).second) repositories.push_back({atom.text, classes});
    }
    std::set<std::pair<Evidence, std::array<Class, 2>>> known;
    for (std::size_t e = 0; e < evidence_count; ++e) {
        const auto evidence = static_cast<Evidence>(e);
        for (const Repository& repository : repositories)
            for (std::size_t floor = 0; floor < class_count; ++floor) {
                Situation situation{evidence,
                                    static_cast<Class>(floor),
                                    evidence == Evidence::none ? std::string() : repository.sample,
                                    {}};
                for (std::size_t d = 0; d < 2; ++d) {
                    const Document& document = *documents_[std::min(d, documents_.size() - 1)];
                    auto cls = evidence == Evidence::none ? document.unknown_repository : repository.classes[d];
                    if (evidence == Evidence::claimed) cls = std::max(cls, document.claims_lower_to);
                    situation.classes[d] = std::max(cls, situation.floor);
                }
                if (known.emplace(evidence, situation.classes).second) situations_.push_back(std::move(situation));
            }
    }
    return true;
}

Box Space::everything() const {
    Box box;
    box.of(Dimension::account) = Bits(2, true);
    box.of(Dimension::client) = Bits(clients_.size(), true);
    box.of(Dimension::team) = Bits(teams_.size(), true);
    box.of(Dimension::model) = Bits(models_.size(), true);
    box.of(Dimension::references) = Bits(reference_sets, true);
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

Bits Space::plugins_named(const std::vector<std::string>& names) const {
    Bits bits(plugins_.size());
    for (const std::string& name : names)
        bits.set(static_cast<std::size_t>(std::ranges::find(plugins_, name) - plugins_.begin()));
    return bits;
}

Box Space::conditions_box(const Conditions& when, bool tightens) const {
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
    if (when.models) box.of(Dimension::model) &= models_of(when.models, tightens, true);
    if (when.references) {
        Bits sets(reference_sets);
        for (std::size_t set = 0; set < reference_sets; ++set)
            if ((set & *when.references) != 0) sets.set(set);
        box.of(Dimension::references) &= sets;
    }
    if (when.plugins) box.meets.push_back(plugins_named(*when.plugins));
    return box;
}

void Space::boxes_of_rules() {
    for (std::size_t d = 0; d < documents_.size(); ++d)
        for (const Rule& rule : documents_[d]->rules) {
            Box box = conditions_box(rule.when, rule.tightens());
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
                if (rule.allow.plugins) box.within &= plugins_named(*rule.allow.plugins);
            }
            rules_[d].push_back(std::move(box));
        }
}

Box Space::admitted(std::size_t document, const Situation& situation) const {
    const Document& source = *documents_[document];
    const Class cls = situation.classes[document];
    Box box = everything();
    if (source.clients)
        box.of(Dimension::client) = clients_where([&](const ClientCell& cell) {
            const Client* client = client_named(source, cell.name);
            return client != nullptr && (client->versions.accepts_all() || client->versions.accepts(cell.version));
        });
    Bits approved(plugins_.size());
    for (std::size_t i = 0; i < plugins_.size(); ++i)
        if (plugin_approved(source, plugins_[i], cls)) approved.set(i);
    box.within = approved;
    return box;
}

namespace {
bool in_situation(const Conditions& when, std::size_t document, const Situation& situation) {
    const auto holds = [](Mask mask, auto value) { return !mask || (*mask >> static_cast<unsigned>(value) & 1) != 0; };
    return holds(when.classes, situation.classes[document]) && holds(when.evidence, situation.evidence);
}
} // namespace

std::optional<Box> Space::box_of(std::size_t document, const Rule& rule, const Situation& situation,
                                 const UpstreamFacts& upstream) const {
    if (!in_situation(rule.when, document, situation) || !upstream_holds(rule.when, upstream, rule.tightens()))
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
    if (!in_situation(never, document, situation) || !upstream_holds(never, upstream, true)) return std::nullopt;
    Box box = conditions_box(never, true);
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
    sample.account = static_cast<AccountKind>(box.of(Dimension::account).first());
    sample.references = static_cast<std::uint32_t>(box.of(Dimension::references).first());
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
