#include "policy/program.h"

#include <algorithm>
#include <set>

namespace sallyport::policy {

namespace {

bool bit(Mask mask, std::size_t i) { return !mask || (*mask >> i & 1) != 0; }

} // namespace

Row Rows::add() {
    bits_.resize(bits_.size() + words_);
    return static_cast<Row>(words_ == 0 ? 0 : bits_.size() / words_ - 1);
}

Row Rows::copy(Row row) {
    const auto fresh = add();
    std::copy_n(bits_.begin() + static_cast<std::ptrdiff_t>(row * words_), words_,
                bits_.begin() + static_cast<std::ptrdiff_t>(fresh * words_));
    return fresh;
}

std::size_t ClientCells::cell_of(std::string_view version) const {
    if (!is_version(version)) return 0;
    const VersionKey key(version);
    const auto first = std::ranges::lower_bound(
        keys, key, [](const VersionKey& a, const VersionKey& b) { return compare_versions(a, b) < 0; });
    const auto index = static_cast<std::size_t>(first - keys.begin());
    const bool on_it = first != keys.end() && compare_versions(*first, key) == 0;
    return on_it ? cell_of_bound(index) : cell_of_bound(index) - 1;
}

template <class Holds> Row Program::row_where(Holds holds) {
    const auto row = rows.add();
    for (std::size_t i = 0; i < document.rules.size(); ++i)
        if (holds(document.rules[i])) rows.set(row, i);
    return row;
}

Program::Program(Document source) : document(std::move(source)), rows(document.rules.size()) {
    compile_plain();
    compile_names(by_team, &Conditions::teams);
    compile_names(by_role, &Conditions::roles);
    compile_time();
    compile_entities();
    compile_clients();
    compile_models();
    compile_references();
    compile_findings();
    compile_plugins();
    compile_repositories();
    too_large_ = too_large_ || rows.bytes() > rows_bytes_max;
}

void Program::compile_plain() {
    allow_rules = row_where([](const Rule& rule) { return rule.effect == Effect::allow; });
    refuse_rules = row_where([](const Rule& rule) { return rule.effect == Effect::refuse && !rule.is_invariant; });
    durable_rules = row_where([](const Rule& rule) { return rule.durable_first; });
    relaxes = policy::relaxes(document);
    for (const Rule& rule : document.rules) amends = amends || rule.effect == Effect::amend;
    for (std::uint32_t i = 0; i < document.rules.size(); ++i)
        if (document.rules[i].effect == Effect::amend && document.rules[i].amendment == Amendment::strip_headers)
            strip_rules.push_back(i);
    for (std::size_t i = 0; i < mode_count; ++i)
        amending[i] = row_where([&](const Rule& rule) {
            return rule.effect == Effect::amend && policy::mode_of(rule, static_cast<Mode>(i)) == Mode::enforce;
        });
    for (std::size_t i = 0; i < mode_count; ++i)
        enforced[i] = row_where([&](const Rule& rule) {
            return rule.effect == Effect::refuse && policy::mode_of(rule, static_cast<Mode>(i)) == Mode::enforce;
        });
    for (std::size_t i = 0; i < document.rules.size(); ++i)
        if (document.rules[i].effect == Effect::refuse && !document.rules[i].is_invariant)
            refuse_index.emplace(document.rules[i].id, static_cast<std::uint32_t>(i));
    for (const Team& team : document.teams)
        team_modes.emplace(team.name, static_cast<std::uint32_t>(team.mode.value_or(document.mode)));
    for (std::size_t i = 0; i < class_count; ++i)
        by_class[i] = row_where([&](const Rule& rule) { return bit(rule.when.classes, i); });
    for (std::size_t i = 0; i < evidence_count; ++i)
        by_evidence[i] = row_where([&](const Rule& rule) { return bit(rule.when.evidence, i); });
    for (std::size_t i = 0; i < 2; ++i) {
        by_account[i] = row_where([&](const Rule& rule) { return bit(rule.when.accounts, i); });
        allowed_account[i] = row_where([&](const Rule& rule) {
            return rule.tightens() || (rule.allow.accounts ? bit(rule.allow.accounts, i)
                                                           : i == static_cast<std::size_t>(AccountKind::company));
        });
    }
    for (const auto& upstream : document.upstreams) {
        const UpstreamFacts none;
        has_terms.push_back(upstream.legal_entities || upstream.contract_from_ms != none.contract_from_ms ||
                            upstream.contract_until_ms != none.contract_until_ms);
        by_upstream.push_back(row_where([&](const Rule& rule) {
            return upstream_holds(rule.when, upstream, rule.tightens()) &&
                   (!rule.allow.upstreams || has(rule.allow.upstreams, upstream.name));
        }));
    }
}

void Program::compile_names(NamedRows& names, Names Conditions::* which) {
    names.other = row_where([&](const Rule& rule) { return !(rule.when.*which); });
    for (std::size_t i = 0; i < document.rules.size() && rows.bytes() <= rows_bytes_max; ++i)
        for (const auto& name : (document.rules[i].when.*which).value_or(std::vector<std::string>())) {
            const auto [entry, fresh] = names.rows.try_emplace(name, 0);
            if (fresh) entry->second = rows.copy(names.other);
            rows.set(entry->second, i);
        }
}

void Program::compile_findings() {
    without_finding_condition = row_where([](const Rule& rule) { return !rule.when.findings; });
    for (const Rule& rule : document.rules) names_findings = names_findings || rule.when.findings.has_value();
    for (std::size_t i = 0; names_findings && i < finding_bits; ++i)
        by_finding[i] = row_where([&](const Rule& rule) { return rule.when.findings && bit(rule.when.findings, i); });
}

void Program::compile_time() {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::set<std::int64_t> minutes = {least}, dates = {least};
    for (const Rule& rule : document.rules) {
        if (!rule.when.time) continue;
        names_time = true;
        dates.insert(rule.when.time->from_ms);
        dates.insert(rule.when.time->until_ms);
        if (!rule.when.time->week) continue;
        const WeekMinutes& week = *rule.when.time->week;
        for (std::size_t i = 1; i < week.size(); ++i)
            if (week[i] != week[i - 1]) minutes.insert(static_cast<std::int64_t>(i));
    }
    for (const auto minute : minutes) {
        if (rows.bytes() > rows_bytes_max) return;
        by_week_minute.starts.push_back(minute);
        by_week_minute.rows.push_back(row_where([&](const Rule& rule) {
            return !rule.when.time || !rule.when.time->week ||
                   (*rule.when.time->week)[static_cast<std::size_t>(std::max<std::int64_t>(minute, 0))];
        }));
    }
    for (const auto date : dates) {
        if (rows.bytes() > rows_bytes_max) return;
        by_date.starts.push_back(date);
        by_date.rows.push_back(row_where([&](const Rule& rule) {
            return !rule.when.time || (date >= rule.when.time->from_ms && date < rule.when.time->until_ms);
        }));
    }
}

void Program::compile_entities() {
    const bool some = names_entities =
        std::ranges::any_of(document.rules, [](const Rule& rule) { return rule.when.legal_entities.has_value(); });
    for (std::uint16_t entity = 0; entity < document.legal_entities.size(); ++entity) {
        const auto row_of = [&](Entities entities) {
            return row_where([&](const Rule& rule) {
                return entities_hold(document, rule.when.legal_entities, entities, rule.tightens());
            });
        };
        if (rows.bytes() > rows_bytes_max) return;
        by_entity.push_back(some || entity == 0 ? row_of({entity, entity}) : by_entity.front());
        by_claimed_entity.push_back(some || entity == 0 ? row_of({entity, document.legal_entity}) : by_entity.front());
    }
}

// A client has a row per cell; a rule holds in a cell when its names and its range of versions do.
void Program::compile_client(ClientCells& cells, const std::string& name) {
    std::set<std::string, bool (*)(const std::string&, const std::string&)> bounds(
        [](const std::string& a, const std::string& b) { return compare_versions(a, b) < 0; });
    const auto collect = [&](const VersionRange& range) {
        for (const auto& all_of : range.any_of)
            for (const auto& comparator : all_of) bounds.insert(comparator.version);
    };
    const auto* entry = client_named(document, name);
    if (entry != nullptr) collect(entry->versions);
    std::vector<std::size_t> ranged;
    const auto names_hold = [&](const Rule& rule) {
        return (!rule.when.clients || has(rule.when.clients, name)) &&
               (!rule.allow.clients || has(rule.allow.clients, name));
    };
    const auto unranged = row_where([&](const Rule& rule) { return names_hold(rule) && !rule.when.client_version; });
    for (std::size_t i = 0; i < document.rules.size(); ++i)
        if (document.rules[i].when.client_version && names_hold(document.rules[i])) {
            ranged.push_back(i);
            collect(*document.rules[i].when.client_version);
        }
    cells.bounds.assign(bounds.begin(), bounds.end());
    for (const auto& bound : cells.bounds) cells.keys.emplace_back(bound);
    cells.listed = entry != nullptr || any_client;
    cells.refuses_advisories = entry != nullptr && entry->refuses_advisories;
    // Cell 0, then space, point, space, point, … space: whether a range accepts it depends on its place alone.
    const auto holds = [&](const VersionRange& range, std::size_t cell) {
        return std::ranges::any_of(range.any_of, [&](const auto& all_of) {
            return std::ranges::all_of(all_of, [&](const Comparator& comparator) {
                const auto bound = std::ranges::lower_bound(cells.bounds, comparator.version, bounds.key_comp());
                return comparator.accepts(
                    cell <=> ClientCells::cell_of_bound(static_cast<std::size_t>(bound - cells.bounds.begin())));
            });
        });
    };
    for (std::size_t cell = 0; cell <= 2 * cells.bounds.size() + 1; ++cell) {
        const bool unknown = cell == 0;
        const auto accepts = [&](const VersionRange& range, bool tightens) {
            return range.accepts_all() || (unknown ? tightens : holds(range, cell));
        };
        cells.approved.push_back(cells.listed && (entry == nullptr || accepts(entry->versions, false)));
        if (rows.bytes() > rows_bytes_max) return;
        const auto row = ranged.empty() ? unranged : rows.copy(unranged);
        for (const auto rule : ranged)
            if (accepts(*document.rules[rule].when.client_version, document.rules[rule].tightens()))
                rows.set(row, rule);
        cells.rows.push_back(row);
    }
}

void Program::compile_clients() {
    any_client = !document.clients;
    other_client = row_where([](const Rule& rule) { return !rule.when.clients && !rule.allow.clients; });
    std::set<std::string> names;
    if (document.clients)
        for (const auto& client : *document.clients) names.insert(client.name);
    for (const auto& rule : document.rules)
        for (const auto* list : {&rule.when.clients, &rule.allow.clients})
            if (*list) names.insert((*list)->begin(), (*list)->end());
    too_large_ = names.size() > clients_max;
    for (const auto& name : names) {
        if (too_large_ || rows.bytes() > rows_bytes_max) return;
        client_index.emplace(name, static_cast<std::uint32_t>(clients.size()));
        compile_client(clients.emplace_back(), name);
    }
}

void Program::compile_models() {
    any_model = row_where([](const Rule& rule) { return !rule.when.models; });
    any_model_allowed = row_where([](const Rule& rule) { return !rule.allow.models; });
    model_unknown = row_where([](const Rule& rule) { return rule.tightens(); });
    NameTable index;
    const auto id_of = [&](const std::string& pattern) {
        const auto [entry, fresh] = index.try_emplace(pattern, static_cast<std::uint32_t>(by_model.size()));
        if (fresh) {
            models.add(pattern, entry->second);
            by_model.push_back(rows.add());
            allowed_model.push_back(rows.add());
        }
        return entry->second;
    };
    for (std::size_t i = 0; i < document.rules.size() && rows.bytes() <= rows_bytes_max; ++i) {
        const auto& rule = document.rules[i];
        for (const auto& pattern : rule.when.models.value_or(std::vector<std::string>()))
            rows.set(by_model[id_of(pattern)], i);
        for (const auto& pattern : rule.allow.models.value_or(std::vector<std::string>()))
            rows.set(allowed_model[id_of(pattern)], i);
    }
}

void Program::compile_references() {
    without_reference_condition = row_where([](const Rule& rule) { return !rule.when.references; });
    for (std::size_t kind = 0; kind < reference_kinds; ++kind) {
        by_reference[kind] =
            row_where([&](const Rule& rule) { return rule.when.references && bit(rule.when.references, kind); });
        for (const bool open : {false, true})
            allowed_reference[open][kind] = row_where([&](const Rule& rule) {
                return rule.tightens() ||
                       bit(references_allowed(rule, open ? Class::open_source : Class::internal), kind);
            });
    }
}

void Program::compile_plugins() {
    without_plugin_condition = row_where([](const Rule& rule) { return !rule.when.plugins; });
    other_plugin.when = rows.add();
    other_plugin.allowed = row_where([](const Rule& rule) { return !rule.allow.plugins; });
    const auto classes_of = [&](std::string_view plugin) {
        std::uint32_t classes = 0;
        for (std::size_t i = 0; i < class_count; ++i)
            if (plugin_approved(document, plugin, static_cast<Class>(i))) classes |= 1u << i;
        return classes;
    };
    other_plugin.classes = classes_of({}); // no plugin has an empty name: the "*" entry answers
    misnamed_plugin = other_plugin;
    misnamed_plugin.classes = 0;
    const auto entry_of = [&](const std::string& plugin) -> PluginEntry& {
        const auto [entry, fresh] = plugin_index.try_emplace(plugin, static_cast<std::uint32_t>(plugins.size()));
        if (fresh)
            plugins.push_back({rows.copy(other_plugin.when), rows.copy(other_plugin.allowed), classes_of(plugin)});
        return plugins[entry->second];
    };
    for (std::uint32_t i = 0; document.plugins && i < document.plugins->size(); ++i) {
        const Plugin& plugin = (*document.plugins)[i];
        if (plugin.name != "*" && rows.bytes() <= rows_bytes_max) entry_of(plugin.name);
        plugin_of_entry.push_back(plugins.empty() ? 0 : static_cast<std::uint32_t>(plugins.size() - 1));
        for (const auto& identity : plugin.identities) plugin_identities.add(identity, i);
    }
    for (std::size_t i = 0; i < document.rules.size() && rows.bytes() <= rows_bytes_max; ++i) {
        const auto& rule = document.rules[i];
        for (const auto& plugin : rule.when.plugins.value_or(std::vector<std::string>()))
            rows.set(entry_of(plugin).when, i);
        for (const auto& plugin : rule.allow.plugins.value_or(std::vector<std::string>()))
            rows.set(entry_of(plugin).allowed, i);
    }
    has_identities.resize(plugins.size());
    for (std::size_t i = 0; document.plugins && i < document.plugins->size(); ++i)
        if (!(*document.plugins)[i].identities.empty()) has_identities[plugin_of_entry[i]] = 1;
}

const PluginEntry& Program::plugin(std::string_view text) const {
    const auto [name, identity] = plugin_text(text);
    if (!identity.empty()) {
        std::uint32_t first = 0xFFFFFFFF;
        plugin_identities.each_match(identity, [&](std::uint32_t entry) { first = std::min(first, entry); });
        if (first != 0xFFFFFFFF) return plugins[plugin_of_entry[first]];
    }
    const auto found = plugin_index.find(name);
    if (found == plugin_index.end()) return other_plugin;
    return !identity.empty() && has_identities[found->second] != 0 ? misnamed_plugin : plugins[found->second];
}

void Program::compile_repositories() {
    for (const auto& file : document.files) {
        auto& index = repositories_.emplace_back();
        for (std::uint32_t i = 0; i < file.repositories.size(); ++i) index.add(file.repositories[i].match, i);
    }
    for (const Repository& row : document.files.front().repositories)
        entity_of_row_.push_back(entity_of(document, &row));
}

Program::Placed Program::place(const Facts& facts) const {
    const Entities by_default{document.legal_entity, document.legal_entity};
    if (facts.evidence == Evidence::none) return {document.unknown_repository, by_default};
    const bool claimed = facts.evidence == Evidence::claimed;
    Placed placed{document.unknown_repository, by_default};
    if (facts.repository.size() > name_bytes_max) // no pattern can tell: the closed side
        return {Class::trade_secret, {entity_not_known, entity_not_known}};
    for (std::size_t file = 0; file < repositories_.size() && !facts.repository.empty(); ++file) {
        std::uint32_t first = 0xFFFFFFFF;
        repositories_[file].each_match(facts.repository, [&](std::uint32_t entry) { first = std::min(first, entry); });
        if (first == 0xFFFFFFFF) continue;
        const Repository& row = document.files[file].repositories[first];
        Class cls = facts.paths.empty() || claimed ? row.strictest : Class::open_source;
        if (!claimed)
            for (const auto path : facts.paths) cls = std::max(cls, class_of_path(row, path));
        placed.cls = file == 0 ? cls : std::max(placed.cls, cls);
        if (file == 0 && entity_of_row_[first] != document.legal_entity)
            placed.entities = {entity_of_row_[first], claimed ? document.legal_entity : entity_of_row_[first]};
    }
    if (claimed) placed.cls = std::max(placed.cls, document.claims_lower_to);
    return placed;
}

} // namespace sallyport::policy
