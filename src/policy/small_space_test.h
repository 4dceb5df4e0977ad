// Small random policies whose every distinguishable request can be written down: for prove_test.cpp. Only some dimensions are used
// by a policy, so that the product of all values stays small; conditions are evaluated here by themselves, as lists of texts.
#pragma once

#include "policy/facts.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace sallyport::policy::small {

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t count) { return engine_() % count; }

private:
    std::mt19937 engine_;
};

using Texts = std::vector<std::string>;
// `place` is the repository with its paths and legal entity; `time` when it is asked.
enum Dimension : std::uint8_t {
    cls,
    evidence,
    account,
    client,
    team,
    model,
    references,
    plugin,
    role,
    entity,
    place,
    time,
    finding,
    dimensions
};
using Dimensions = std::array<bool, dimensions>;
inline constexpr std::uint16_t upstream_count = 2;

inline const std::array<Texts, dimensions> words = {{
    {"open-source", "internal", "customer", "secret-bearing", "trade-secret"},
    {"none", "claimed", "bound", "observed"},
    {"company", "personal"},
    {"codex", "pi"},
    {"red", "blue"},
    {"a-*", "*-b", "a-b", "**"},
    {"file", "url"},
    {"p", "q"},
    {"dev"},
    {"gmbh", "inc"},
    {},
    {},
    {"secret", "marker"},
}};
// What is found: nothing, one that is named, one of a kind that never is, several.
inline const std::array<std::uint32_t, 5> asked_findings = {0, 1u << finding_bit(0, 2), 1u << finding_bit(1, 0),
                                                            1u << finding_bit(3, 1),
                                                            1u << finding_bit(0, 1) | 1u << finding_bit(1, 2)};
// Moments of each kind that the windows below can tell apart (UTC; 2026-12-18 is a Friday).
inline constexpr std::int64_t friday_ms = 1'797'552'000'000, hour_ms = 3'600'000;
inline const std::vector<std::int64_t> asked_moments = [] {
    std::vector<std::int64_t> all = {friday_ms + 3 * hour_ms, friday_ms + 7 * hour_ms};
    for (const std::int64_t day : {-6, 1}) // a Saturday before and one behind; the Monday after it
        for (const std::int64_t hours : {3, 12, 23, 51, 60, 71})
            all.push_back(friday_ms + (day * 24 + hours) * hour_ms);
    return all;
}();
inline const Texts windows = {"days: sat", "hours: \"22:00-06:00\"", "from: 2026-12-18", "until: 2026-12-18T12:00"};
inline bool in_window(int window, std::int64_t at_ms) {
    const std::int64_t hours = (at_ms - friday_ms + 700 * 24 * hour_ms) / hour_ms; // since a Friday
    const auto hour = hours % 24;
    switch (window) {
    case 0: return hours / 24 % 7 == 1;
    case 1: return hour >= 22 || hour < 6;
    case 2: return at_ms >= friday_ms;
    case 3: return at_ms < friday_ms + 12 * hour_ms;
    default: return true;
    }
}
inline const Texts versions = {"1.0", "1.5-rc.1", "1.5", "2"}; // named by ranges
inline const Texts asked_versions = {"",         "0.9", "1.0", "1.2", "1.5-rc.1",
                                     "1.5-rc.2", "1.5", "1.7", "2",   "3"};            // a value of each cell
inline const Texts asked_models = {"-", "", "a-b", "a-x", "x-b", "x", "x/y", "a-x-b"}; // "-": the list of models
inline const Texts asked_clients = {"codex", "pi", "another"};
inline const Texts asked_teams = {"red", "blue", ""};
inline const std::array<std::uint32_t, 3> kind_bits = {1u << 1, 1u << 5,
                                                       1u << 7}; // file, url, and one that is never named

struct Conditions {
    std::array<std::optional<Texts>, dimensions> of;
    int least_version = -1; // with one client: index into `versions`
    std::optional<std::uint16_t> upstream;
    int window = -1;
};
// What else a policy says that a condition can ask for.
struct Setting {
    bool p_by_url = false;
    std::string of_repository, of_all; // legal entities
};
struct Rule {
    std::string id;
    bool allows = true;
    Conditions when;
    std::array<std::optional<Texts>, dimensions> allow; // account, client, model, references, plugin
};

// Not such as have too many requests together.
inline Dimensions choose_dimensions(Random& random) {
    static constexpr std::array<std::size_t, dimensions> weights = {1, 4, 2, 21, 3, 8, 8, 64, 2, 12, 40, 14, 5};
    for (;;) {
        Dimensions used{};
        for (int i = 0; i < 3; ++i) used[random.below(dimensions)] = true;
        std::size_t requests = 5;
        for (std::size_t d = 0; d < dimensions; ++d) requests *= used[d] ? weights[d] : 1;
        if (requests <= 6'000) return used;
    }
}

inline Texts some(Random& random, const Texts& texts) {
    Texts chosen;
    for (const auto& text : texts)
        if (random.below(2) == 0) chosen.push_back(text);
    if (chosen.empty()) chosen.push_back(texts[random.below(texts.size())]);
    return chosen;
}

inline Conditions random_conditions(Random& random, const Dimensions& used) {
    Conditions when;
    for (std::size_t d = 0; d < dimensions; ++d)
        if (used[d] && !words[d].empty() && random.below(2) == 0) when.of[d] = some(random, words[d]);
    if (when.of[client] && when.of[client]->size() == 1 && random.below(2) == 0)
        when.least_version = static_cast<int>(random.below(versions.size()));
    if (used[time] && random.below(2) == 0) when.window = static_cast<int>(random.below(windows.size()));
    if (random.below(4) == 0) when.upstream = static_cast<std::uint16_t>(random.below(upstream_count));
    if (std::ranges::none_of(when.of, [](const auto& one) { return one.has_value(); }))
        when.of[cls] = some(random, words[cls]);
    return when;
}

inline std::vector<Rule> random_rules(Random& random, const Dimensions& used, std::size_t count) {
    std::vector<Rule> rules;
    for (std::size_t i = 0; i < count; ++i) {
        Rule rule;
        rule.id = "r" + std::to_string(i);
        rule.allows = i == 0 || random.below(3) != 0;
        if (random.below(4) != 0) rule.when = random_conditions(random, used);
        if (rule.allows) rule.when.of[finding].reset();
        for (const auto d : {account, client, model, references, plugin})
            if (rule.allows && used[d] && random.below(3) == 0) rule.allow[d] = some(random, words[d]);
        rules.push_back(std::move(rule));
    }
    return rules;
}

inline std::string list(const Texts& texts) {
    std::string out = "[";
    for (const auto& text : texts) out += (out.size() > 1 ? ", \"" : "\"") + text + "\"";
    return out + "]";
}

inline std::string text_of(const Conditions& when) {
    static constexpr std::array names = {"class", "evidence",   "account", "client", "team",
                                         "model", "references", "plugin",  "role",   "legal_entity"};
    std::string out;
    const auto add = [&](const std::string& one) { out += (out.empty() ? "" : ", ") + one; };
    for (std::size_t d = 0; d < names.size(); ++d)
        if (when.of[d]) add(std::string(names[d]) + ": " + list(*when.of[d]));
    if (when.of[finding]) add("finding: " + list(*when.of[finding]));
    if (when.window >= 0) add(windows[static_cast<std::size_t>(when.window)]);
    if (when.least_version >= 0)
        add("client_version: \">=" + versions[static_cast<std::size_t>(when.least_version)] + "\"");
    if (when.upstream) add("upstream: u" + std::to_string(*when.upstream));
    return "{ " + out + " }";
}

inline std::string policy_text(Random& random, const Dimensions& used, const std::vector<Rule>& rules,
                               const Conditions* never, Setting& setting) {
    std::string out = "version: 1\nunknown_repository: open-source\nclaims_lower_to: open-source\n";
    setting = {};
    const std::string terms = used[entity] ? ", legal_entities: " + list(some(random, words[entity])) : "";
    const std::string contract =
        used[time] && random.below(2) == 0 ? ", contract: { name: c, until: 2026-12-18T12:00 }" : "";
    out += "upstreams: { u0: { vendor: v, hosting: own" + terms + " }, u1: { vendor: w, hosting: vendor" + contract +
           " } }\n";
    if (used[entity]) // so that rules may name both
        out +=
            "repositories: [{ match: never/there, class: open-source, legal_entity: gmbh }, { match: not/here, class: "
            "open-source, legal_entity: inc }";
    if (used[entity] && random.below(2) == 0) setting.of_all = words[entity][random.below(2)];
    if (used[place]) {
        setting.of_repository = used[entity] && random.below(2) == 0 ? words[entity][random.below(2)] : "";
        out += used[entity] ? ", " : "repositories: [";
        out += "{ match: h/a, class: " + words[cls][random.below(5)];
        if (!setting.of_repository.empty()) out += ", legal_entity: " + setting.of_repository;
        if (random.below(2) == 0)
            out += ", paths: { \"e/**\": " + words[cls][random.below(5)] + ", \"d/*\": " + words[cls][random.below(5)] +
                   " }";
        out += " }";
    }
    if (setting.of_repository.empty()) setting.of_repository = setting.of_all;
    if (used[entity] || used[place]) out += "]\n";
    if (!setting.of_all.empty()) out += "legal_entity: " + setting.of_all + "\n";
    if (used[client] && random.below(2) == 0)
        out += "clients: { codex: { versions: \">=" + versions[random.below(versions.size())] + "\" }, pi: {} }\n";
    if (used[plugin] && random.below(2) == 0) {
        setting.p_by_url = random.below(2) == 0;
        out += "plugins: { p: { classes: " + list(some(random, words[cls])) +
               (setting.p_by_url ? ", url: \"https://p/**\"" : "") +
               " }, q: { classes: " + list(some(random, words[cls])) + " }, \"*\": { classes: internal } }\n";
    }
    static const Texts modes = {"enforce", "warn", "observe"};
    const bool relaxed = random.below(3) == 0;
    if (relaxed && random.below(3) == 0) out += "mode: " + modes[random.below(3)] + "\n";
    if (relaxed && used[team]) out += "teams: { red: { mode: " + modes[random.below(3)] + " } }\n";
    out += rules.empty() ? "rules: []\n" : "rules:\n";
    for (const auto& rule : rules) {
        out += "  - { id: " + rule.id + ", when: " + text_of(rule.when);
        if (rule.allows) {
            out += ", allow: { upstreams: \"*\"";
            static constexpr std::array names = {"", "", "accounts", "clients", "", "models", "references", "plugins"};
            for (std::size_t d = 0; d < dimensions; ++d)
                if (rule.allow[d]) out += std::string(", ") + names[d] + ": " + list(*rule.allow[d]);
            out += " }";
        } else {
            out += ", refuse: true";
            if (relaxed && random.below(2) == 0) out += ", mode: " + modes[random.below(3)];
        }
        out += " }\n";
    }
    if (never != nullptr) {
        Conditions without = *never;
        out += "invariants: [{ never: " + text_of(without) + " }]\n";
    }
    return out;
}

// The same policy, all of it enforced.
inline std::string enforced(std::string text) {
    for (const std::string_view word : {"mode: warn", "mode: observe"})
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word))
            text.replace(at, word.size(), "mode: enforce");
    return text;
}

// One request of each kind that the dimensions in use can tell apart; evidence always and class by the conversation's.
inline void each_request(const Dimensions& used, const std::function<void(const Facts&)>& told) {
    const auto values = [&](Dimension d, std::size_t count) { return used[d] ? count : 1; };
    Facts facts;
    std::vector<std::string_view> offered;
    static constexpr std::array<std::string_view, 3> some_paths = {"e/x", "d/y", "z"};
    static constexpr std::array<std::string_view, 6> plugins = {
        "p", "q", "another", "p#https://evil/", "#https://p/x", "q#https://p/x"};
    const auto each_surrounding = [&] { // what is found, role, time, and where the content is from
        for (std::size_t rf = 0; rf < values(role, 2) * values(finding, asked_findings.size()); ++rf)
            for (std::size_t t = 0; t < values(time, asked_moments.size()); ++t)
                for (std::size_t p = 0; p < (used[place] || used[entity] ? 11u : 1u); ++p) {
                    if ((p != 0 && facts.evidence == Evidence::none) || (p > 0 && p < 9 && !used[place])) continue;
                    if (p >= 9 && !used[entity]) continue;
                    Facts with = facts;
                    with.role = rf % values(role, 2) == 0 ? "dev" : "";
                    with.findings = asked_findings[rf / values(role, 2)];
                    with.at_ms = asked_moments[t];
                    if (p != 0) with.repository = p == 9 ? "never/there" : p == 10 ? "not/here" : "h/a";
                    std::vector<std::string_view> paths;
                    for (std::size_t i = 0; p > 0 && p < 9 && i < some_paths.size(); ++i)
                        if (((p - 1) >> i & 1) != 0) paths.push_back(some_paths[i]);
                    with.paths = paths;
                    told(with);
                }
    };
    for (std::size_t c = 0; c < 5; ++c)
        for (std::size_t e = 0; e < (used[place] || used[entity] || used[evidence] ? 4u : 1u); ++e)
            for (std::size_t a = 0; a < values(account, 2); ++a)
                for (std::size_t k = 0; k < values(client, asked_clients.size()); ++k)
                    for (std::size_t v = 0; v < (k == 0 && used[client]   ? asked_versions.size()
                                                 : used[client] && k == 1 ? asked_versions.size()
                                                                          : 1);
                         ++v)
                        for (std::size_t t = 0; t < values(team, asked_teams.size()); ++t)
                            for (std::size_t m = 0; m < values(model, asked_models.size()); ++m)
                                for (std::size_t r = 0; r < (used[references] ? 8u : 2u); ++r)
                                    for (std::size_t p = 0; p < values(plugin, 64); ++p) {
                                        facts = {};
                                        facts.class_floor = static_cast<Class>(c);
                                        facts.evidence = static_cast<Evidence>(e);
                                        facts.account = static_cast<AccountKind>(a);
                                        facts.client = asked_clients[k];
                                        facts.client_version = asked_versions[v];
                                        facts.team = used[team] ? asked_teams[t] : std::string_view();
                                        const std::string& asked = used[model] ? asked_models[m] : asked_models[5];
                                        facts.generates = asked != "-";
                                        facts.model = asked == "-" ? std::string_view() : asked;
                                        if (!used[references] && r == 1)
                                            facts.references = kind_bits[2]; // outside open-source it needs a word
                                        for (std::size_t i = 0; used[references] && i < kind_bits.size(); ++i)
                                            if ((r >> i & 1) != 0) facts.references |= kind_bits[i];
                                        offered.clear();
                                        for (std::size_t i = 0; i < plugins.size(); ++i)
                                            if ((p >> i & 1) != 0) offered.push_back(plugins[i]);
                                        facts.plugins = offered;
                                        each_surrounding();
                                    }
}

inline bool glob(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.starts_with("**"))
        return glob(pattern.substr(2), text) || (!text.empty() && glob(pattern, text.substr(1)));
    if (pattern[0] == '*')
        return glob(pattern.substr(1), text) || (!text.empty() && text[0] != '/' && glob(pattern, text.substr(1)));
    return !text.empty() && pattern[0] == text[0] && glob(pattern.substr(1), text.substr(1));
}

inline int order_of(std::string_view version) { // in the order of versions; -1 not told
    if (version.empty()) return -1;
    static const Texts ascending = {"0.9", "1.0", "1.2", "1.5-rc.1", "1.5-rc.2", "1.5", "1.7", "2", "3"};
    const auto found = std::ranges::find(ascending, version);
    return found == ascending.end() ? -2 : static_cast<int>(found - ascending.begin());
}

// Whether what is forbidden is asked here: what is not known counts as forbidden.
inline bool holds(const Conditions& never, const Setting& setting, const Facts& facts, Class effective,
                  std::uint16_t upstream) {
    const auto among = [&](Dimension d, std::string_view text) {
        return !never.of[d] || std::ranges::find(*never.of[d], text) != never.of[d]->end();
    };
    if (never.upstream && *never.upstream != upstream) return false;
    if (!among(cls, name(effective)) || !among(evidence, name(facts.evidence)) || !among(account, name(facts.account)))
        return false;
    if (!among(client, facts.client) || !among(team, facts.team) || !among(role, facts.role)) return false;
    if (!in_window(never.window, facts.at_ms)) return false;
    if (never.of[entity]) {
        Texts counting = {facts.evidence != Evidence::none && facts.repository == "h/a" ? setting.of_repository
                                                                                        : setting.of_all};
        if (facts.repository == "never/there" && facts.evidence != Evidence::none) counting[0] = "gmbh";
        if (facts.repository == "not/here" && facts.evidence != Evidence::none) counting[0] = "inc";
        if (facts.evidence == Evidence::claimed) counting.push_back(setting.of_all);
        if (std::ranges::none_of(counting, [&](const auto& one) { return one.empty() || among(entity, one); }))
            return false;
    }
    if (never.least_version >= 0 && !facts.client_version.empty()) {
        const auto place = order_of(facts.client_version);
        if (place == -2) return true; // a sample of prove(): decided by what decide() says of it elsewhere
        if (place < order_of(versions[static_cast<std::size_t>(never.least_version)])) return false;
    }
    if (never.of[model]) {
        if (facts.model.empty() && !facts.generates) return false;
        if (!facts.model.empty() &&
            std::ranges::none_of(*never.of[model], [&](const auto& pattern) { return glob(pattern, facts.model); }))
            return false;
    }
    if (never.of[finding]) {
        bool found = false;
        for (std::size_t kind = 0; kind < 2; ++kind)
            for (std::size_t sure = 0; sure < finding_confidences; ++sure)
                found = found ||
                        (among(finding, words[finding][kind]) && (facts.findings >> finding_bit(kind, sure) & 1) != 0);
        if (!found) return false;
    }
    if (never.of[references]) {
        std::uint32_t wanted = 0;
        for (std::size_t i = 0; i < 2; ++i)
            if (among(references, words[references][i])) wanted |= kind_bits[i];
        if ((facts.references & wanted) == 0) return false;
    }
    return !never.of[plugin] || std::ranges::any_of(facts.plugins, [&](std::string_view one) {
        const auto mark = one.find('#');
        const std::string_view named = one.substr(0, mark);
        if (mark == std::string_view::npos || !setting.p_by_url) return among(plugin, named);
        if (one.substr(mark + 1).starts_with("https://p/")) return among(plugin, "p");
        return named != "p" && among(plugin, named);
    });
}

} // namespace sallyport::policy::small
