// The cells of each dimension: what the documents' names, patterns, ranges and times can tell apart, each with a sample.
#include "policy/atoms.h"
#include "policy/names.h"
#include "policy/space.h"

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::policy {

namespace {

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

void Space::each_condition(const std::function<void(const Document&, const Conditions&)>& told) const {
    for (const Document* document : documents_) {
        for (const Rule& rule : document->rules) told(*document, rule.when);
        for (const Invariant& invariant : document->invariants) told(*document, invariant.never);
    }
}

void Space::find_teams_and_roles() {
    std::set<std::string> teams, roles;
    each_condition([&](const Document&, const Conditions& when) {
        if (when.teams) teams.insert(when.teams->begin(), when.teams->end());
        if (when.roles) roles.insert(when.roles->begin(), when.roles->end());
    });
    for (const Document* document : documents_)
        for (const Team& team : document->teams) teams.insert(team.name);
    teams_.assign(teams.begin(), teams.end());
    teams_.emplace_back();
    roles_.assign(roles.begin(), roles.end());
    roles_.emplace_back();
}

// Dates of contracts are told apart like those of rules.
void Space::find_moments() {
    std::vector<OffsetWindow> windows;
    each_condition([&](const Document& document, const Conditions& when) {
        if (when.time) windows.push_back({*when.time, document.utc_offset_minutes});
    });
    for (const Document* document : documents_)
        for (const UpstreamFacts& upstream : document->upstreams)
            windows.push_back({{{}, upstream.contract_from_ms, upstream.contract_until_ms}, 0});
    moments_ = moments_of(windows);
}

// A plugin's name, what identifies it, or both (facts.h plugin_text). A name beside an identity makes a difference only where one
// of the documents knows the identity and the other does not.
bool Space::find_plugins() {
    std::set<std::string> names, identities;
    for (const Document* document : documents_)
        for (const Plugin& plugin : document->plugins.value_or(std::vector<Plugin>())) {
            if (plugin.name != "*") names.insert(plugin.name);
            identities.insert(plugin.identities.begin(), plugin.identities.end());
        }
    const auto add = [&](const Names& list) {
        if (list) names.insert(list->begin(), list->end());
    };
    each_condition([&](const Document&, const Conditions& when) { add(when.plugins); });
    for (const Document* document : documents_)
        for (const Rule& rule : document->rules) add(rule.allow.plugins);
    plugins_.assign(names.begin(), names.end());
    const std::vector<std::string> patterns(identities.begin(), identities.end());
    const auto atoms = atoms_of(patterns);
    if (!atoms) return false;
    for (const Atom& atom : *atoms) {
        if (atom.text.empty()) continue;
        plugins_.push_back("#" + atom.text);
        const bool differ = std::ranges::any_of(documents_, [&](const Document* document) {
            return known_plugin(*document, "#" + atom.text).name.empty();
        });
        for (const std::string& name : names)
            if (differ) plugins_.push_back(name + "#" + atom.text);
    }
    plugins_.push_back(other_than(names, "other-plugin"));
    return true;
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

namespace {

using Classes = std::array<Class, 2>;

// Every pair that some set of paths gives in both documents: the pairs of single paths, and the larger of any of them.
std::map<Classes, std::vector<std::string>>
classes_by_paths(const std::vector<const Repository*>& rows,
                 const std::function<Classes(std::span<const std::string_view>)>& classes) {
    std::map<Classes, std::vector<std::string>> found;
    std::set<std::string> patterns;
    for (const Repository* row : rows)
        for (const PathClass& path : row->paths) patterns.insert(path.match);
    const std::vector<std::string> list(patterns.begin(), patterns.end());
    const auto atoms = list.empty() ? std::nullopt : atoms_of(list);
    if (!atoms) return found; // no paths, or too wild: known paths are looked at no further than their strictest
    const auto note = [&](std::vector<std::string> paths) {
        const std::vector<std::string_view> views(paths.begin(), paths.end());
        return found.try_emplace(classes(views), std::move(paths)).second;
    };
    for (const Atom& atom : *atoms)
        if (!atom.text.empty()) note({atom.text});
    for (bool grown = true; grown;) {
        grown = false;
        const auto known = found;
        for (const auto& [a, paths] : known)
            for (const auto& [b, more] : known) {
                if (found.contains({std::max(a[0], b[0]), std::max(a[1], b[1])})) continue;
                auto both = paths;
                both.insert(both.end(), more.begin(), more.end());
                grown = note(std::move(both)) || grown;
            }
    }
    return found;
}

} // namespace

// Every combination of classes and legal entities that some repository, its paths and evidence give, with a repository that shows
// it. The class that the conversation had can raise both.
bool Space::find_situations() {
    std::set<std::string> patterns;
    for (const Document* document : documents_)
        for (const File& file : document->files)
            for (const auto& repository : file.repositories) patterns.insert(repository.match);
    const std::vector<std::string> list(patterns.begin(), patterns.end());
    const auto atoms = atoms_of(list);
    if (!atoms) return false;
    std::map<std::string_view, std::uint32_t> index;
    for (std::uint32_t i = 0; i < list.size(); ++i) index[list[i]] = i;
    std::set<std::tuple<Evidence, Classes, std::array<Entities, 2>>> known;
    const auto note = [&](Situation situation) {
        const Classes classes = situation.classes;
        for (std::size_t floor = 0; floor < class_count; ++floor) {
            situation.floor = static_cast<Class>(floor);
            for (std::size_t d = 0; d < 2; ++d) situation.classes[d] = std::max(classes[d], situation.floor);
            if (known.emplace(situation.evidence, situation.classes, situation.entities).second)
                situations_.push_back(situation);
        }
    };
    Situation nowhere;
    for (std::size_t d = 0; d < 2; ++d) {
        const Document& document = document_of(d);
        nowhere.classes[d] = document.unknown_repository;
        nowhere.entities[d] = {document.legal_entity, document.legal_entity};
    }
    note(nowhere);
    for (const Atom& atom : *atoms) {
        std::vector<char> matched(list.size());
        for (const std::uint32_t pattern : atom.patterns) matched[pattern] = 1;
        std::array<std::vector<const Repository*>, 2> rows; // by document and file
        std::vector<const Repository*> all;
        for (std::size_t d = 0; d < 2; ++d)
            for (const File& file : document_of(d).files) {
                const auto first = atom.text.empty() ? file.repositories.end()
                                                     : std::ranges::find_if(file.repositories, [&](const auto& row) {
                                                           return matched[index[row.match]] != 0;
                                                       });
                rows[d].push_back(first == file.repositories.end() ? nullptr : &*first);
                if (rows[d].back() != nullptr) all.push_back(rows[d].back());
            }
        const auto classes = [&](std::span<const std::string_view> paths) {
            Classes of{};
            for (std::size_t d = 0; d < 2; ++d) {
                of[d] = rows[d].front() == nullptr ? document_of(d).unknown_repository : Class::open_source;
                for (const Repository* row : rows[d]) {
                    if (row == nullptr) continue;
                    if (paths.empty()) of[d] = std::max(of[d], row->strictest);
                    for (const auto path : paths) of[d] = std::max(of[d], class_of_path(*row, path));
                }
            }
            return of;
        };
        Situation situation;
        situation.repository = atom.text;
        for (const auto evidence : {Evidence::claimed, Evidence::bound, Evidence::observed}) {
            situation.evidence = evidence;
            situation.paths.clear();
            situation.classes = classes({});
            for (std::size_t d = 0; d < 2; ++d) {
                const Document& document = document_of(d);
                const auto entity = entity_of(document, rows[d].front());
                const bool claimed = evidence == Evidence::claimed;
                situation.entities[d] = {entity, claimed ? document.legal_entity : entity};
                if (claimed) situation.classes[d] = std::max(situation.classes[d], document.claims_lower_to);
            }
            note(situation);
            if (evidence == Evidence::claimed) continue;
            for (auto& [of, paths] : classes_by_paths(all, classes)) {
                situation.classes = of;
                situation.paths = paths;
                note(situation);
            }
        }
    }
    return true;
}

} // namespace sallyport::policy
