// For property_test.cpp: random policies and facts, and an evaluator that walks the rules one by one. It shares no code with the
// program: versions are compared by their place in a list, globs by recursion, sets as lists of texts.
#pragma once

#include "policy/facts.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace sallyport::policy::naive {

using Texts = std::vector<std::string>;
using MaybeTexts = std::optional<Texts>;

inline const Texts classes = {"open-source", "internal", "customer", "secret-bearing", "trade-secret"};
inline const Texts evidences = {"none", "claimed", "bound", "observed"};
inline const Texts accounts = {"company", "personal"};
inline const Texts kinds = {"previous-response", "file", "container",   "cached-content",
                            "stored-prompt",     "url",  "vendor-tool", "remote-mcp"};
inline const Texts findings = {"secret", "marker", "attribution", "uninspected"};
inline const Texts confidences = {"low", "medium", "high"};
inline const Texts versions = {"1.0.0-alpha.2", "1.0.0-alpha.11", "1.0.0",      "1.0.1",
                               "1.2",           "1.10.0",         "2.0.0-rc.1", "2.0.0"}; // in order
inline const Texts clients = {"claude-code", "codex", "unknown"};
inline const Texts teams = {"core", "web"};
inline const Texts models = {"claude-opus", "claude-haiku-4", "qwen-3", "lab/qwen-3", "gpt-5", ""};
inline const Texts model_patterns = {"claude-*", "claude-opus", "*-3", "**", "**qwen*", "gpt-?", "*", "claude-*-4"};
inline const Texts plugins = {"github",
                              "jira",
                              "other",
                              "github#https://gh.example/mcp",
                              "#https://gh.example/x",
                              "github#https://evil.example/",
                              "jira#https://jira.example/",
                              "#https://evil.example/"};
inline const std::string github_url = "https://gh.example/**";
inline const Texts roles = {"dev", "ops"};
inline const Texts entities = {"gmbh", "inc"};
inline const Texts path_patterns = {"engine/**", "docs/**", "**/*.md", "*"};
inline const Texts paths = {"engine/a.c", "docs/a.md", "engine/doc.md", "top", "x/y/z"};
inline const Texts repositories = {"h/a", "h/a/b", "h/ab", "g/a", "g/deep/x/y", ""};
inline const Texts repository_patterns = {"h/a", "h/**", "h/a*", "**/a", "g/*", "g/**", "g/d*p/**", "*/?"};

// Moments that requests are made at, and times that rules and contracts name, written out by hand (UTC; 2026-12-14 is a Monday).
inline constexpr std::int64_t monday_ms = 1'797'206'400'000; // 2026-12-14T00:00Z
inline constexpr std::int64_t hour_ms = 3'600'000;
inline const std::vector<std::int64_t> moments = {monday_ms - 1,
                                                  monday_ms,
                                                  monday_ms + 7 * hour_ms + 30 * 60'000,
                                                  monday_ms + 12 * hour_ms,
                                                  monday_ms + 18 * hour_ms,
                                                  monday_ms + 4 * 24 * hour_ms + 23 * hour_ms,
                                                  monday_ms + 5 * 24 * hour_ms + 5 * hour_ms,
                                                  monday_ms + 20 * 24 * hour_ms};
inline const Texts dates = {"2026-12-14", "2026-12-18T12:00", "2027-01-01"};
inline std::int64_t date(int index, int offset_hours) {
    constexpr std::int64_t utc[] = {monday_ms, monday_ms + (4 * 24 + 12) * hour_ms, monday_ms + 18 * 24 * hour_ms};
    return utc[index] - offset_hours * hour_ms;
}
inline const Texts windows = {
    "days: [mon, tue]",       "hours: \"08:00-18:00\"", "days: fri, hours: \"22:00-06:00\"",
    "from: 2026-12-18T12:00", "until: 2026-12-14",      "from: 2026-12-14, until: 2027-01-01, days: mon"};
inline bool in_window(int window, std::int64_t at_ms, int offset_hours) {
    const std::int64_t minutes =
        (at_ms - monday_ms) / 60'000 - ((at_ms - monday_ms) % 60'000 < 0 ? 1 : 0) + offset_hours * 60;
    const auto day = ((minutes + 1000 * 1440) / 1440 - 1000 + 700) % 7, minute = (minutes + 1000 * 1440) % 1440;
    const auto from = [&](int index) { return at_ms >= date(index, offset_hours); };
    switch (window) {
    case 0: return day == 0 || day == 1;
    case 1: return minute >= 480 && minute < 1080;
    case 2: return (day == 4 && minute >= 1320) || (day == 5 && minute < 360);
    case 3: return from(1);
    case 4: return !from(0);
    case 5: return from(0) && !from(2) && day == 0;
    default: return true;
    }
}

struct ReferenceRule {
    std::string id;
    MaybeTexts when_class, when_evidence, when_account, when_references, when_client, when_team, when_role, when_model,
        when_plugin, when_upstream, when_region, when_retention, when_entity, when_finding, when_confidence;
    int when_time = -1;     // index into `windows`
    int version_least = -1; // when_client has one name: its index in `versions`
    enum { record, allow, refuse } effect = record;
    MaybeTexts upstreams, models, clients, plugins, accounts, references;
    bool durable = false;
};

struct Reference {
    struct Upstream {
        std::string name, region, retention;
        MaybeTexts entities;
        int from = -1, until = -1; // of the contract: indexes into `dates`
    };
    struct Repository {
        std::string pattern;
        int cls = 0;
        std::string entity;
        std::vector<std::pair<std::string, int>> paths;
    };
    std::vector<Repository> repositories;
    std::string entity; // of what says no other
    int offset_hours = 0;
    bool github_by_url = false;
    int unknown_class = 2, claims_lower_to = 2;
    std::optional<std::vector<std::pair<std::string, int>>> clients;   // name, least version or -1
    std::optional<std::vector<std::pair<std::string, Texts>>> plugins; // name or "*", classes
    std::vector<Upstream> upstreams;
    std::vector<ReferenceRule> rules;
};

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t count) { return engine_() % count; }
    bool one_in(std::size_t count) { return below(count) == 0; }
    const std::string& one(const Texts& texts) { return texts[below(texts.size())]; }
    Texts some(const Texts& texts) {
        Texts chosen;
        for (const auto& text : texts)
            if (one_in(2)) chosen.push_back(text);
        if (chosen.empty()) chosen.push_back(one(texts));
        return chosen;
    }
    MaybeTexts maybe(const Texts& texts, std::size_t one_of) {
        return one_in(one_of) ? MaybeTexts(some(texts)) : std::nullopt;
    }

private:
    std::mt19937 engine_;
};

inline Reference random_policy(Random& random) {
    Reference policy;
    for (auto i = random.below(5); i > 0; --i) {
        Reference::Repository one{random.one(repository_patterns),
                                  static_cast<int>(random.below(5)),
                                  random.one_in(3) ? random.one(entities) : "",
                                  {}};
        for (const auto& pattern : path_patterns)
            if (random.one_in(8)) one.paths.emplace_back(pattern, static_cast<int>(random.below(5)));
        policy.repositories.push_back(std::move(one));
    }
    if (random.one_in(2)) policy.entity = random.one(entities);
    policy.offset_hours = random.one_in(2) ? 0 : random.one_in(2) ? 1 : -5;
    policy.unknown_class = static_cast<int>(random.below(5));
    policy.claims_lower_to = random.one_in(2) ? policy.unknown_class : static_cast<int>(random.below(5));
    if (!random.one_in(4)) {
        policy.clients.emplace();
        for (const auto& client : clients)
            policy.clients->emplace_back(client, random.one_in(2) ? static_cast<int>(random.below(4)) : -1);
        if (random.one_in(3)) policy.clients->pop_back();
    }
    if (random.one_in(2)) {
        policy.plugins.emplace();
        policy.plugins->emplace_back("github", random.some(classes));
        policy.plugins->emplace_back("jira", random.some(classes));
        if (random.one_in(2)) policy.plugins->emplace_back("*", random.some(classes));
        policy.github_by_url = random.one_in(2);
    }
    policy.upstreams = {
        {"u0", "eu", "none", {}}, {"u1", "us", "30d", {}}, {"u2", random.one_in(2) ? "" : "eu", "", {}}};
    for (auto& upstream : policy.upstreams) {
        upstream.entities = random.maybe(entities, 4);
        if (random.one_in(8)) upstream.from = static_cast<int>(random.below(2));
        if (random.one_in(8)) upstream.until = 2;
    }
    const Texts upstream_names = {"u0", "u1", "u2"};
    Texts client_names, plugin_names = {"github", "jira"};
    for (const auto& client : policy.clients.value_or(std::vector<std::pair<std::string, int>>()))
        client_names.push_back(client.first);
    if (!policy.clients) client_names = clients;
    for (auto i = random.below(9); i > 0; --i) {
        ReferenceRule rule;
        rule.id = "r" + std::to_string(policy.rules.size());
        rule.when_class = random.maybe(classes, 2);
        rule.when_evidence = random.maybe(evidences, 5);
        rule.when_account = random.maybe(accounts, 6);
        rule.when_references = random.maybe(kinds, 8);
        rule.when_client = random.maybe(client_names, 4);
        if (rule.when_client && rule.when_client->size() == 1 && random.one_in(2))
            rule.version_least = static_cast<int>(random.below(versions.size()));
        rule.when_team = random.maybe(teams, 5);
        rule.when_role = random.maybe(roles, 8);
        if (random.one_in(6)) rule.when_time = static_cast<int>(random.below(windows.size()));
        rule.when_retention = random.maybe({"none", "30d"}, 10);
        if (random.one_in(8)) rule.when_entity = random.some(entities);
        rule.when_model = random.maybe(model_patterns, 5);
        rule.when_plugin = random.maybe(plugin_names, 8);
        rule.when_upstream = random.maybe(upstream_names, 5);
        rule.when_region = random.maybe({"eu", "us"}, 5);
        const auto effect = random.below(8);
        rule.effect = effect < 5 ? ReferenceRule::allow : effect < 7 ? ReferenceRule::refuse : ReferenceRule::record;
        rule.durable =
            rule.effect == ReferenceRule::record || (rule.effect == ReferenceRule::allow && random.one_in(3));
        if (rule.effect != ReferenceRule::allow) rule.when_finding = random.maybe(findings, 4);
        if (rule.when_finding) rule.when_confidence = random.maybe(confidences, 2);
        if (rule.effect == ReferenceRule::allow) {
            rule.upstreams = random.maybe(upstream_names, 2);
            rule.models = random.maybe(model_patterns, 2);
            rule.clients = random.maybe(client_names, 4);
            if (random.one_in(4)) rule.plugins = random.one_in(3) ? Texts() : random.some(plugin_names);
            rule.accounts = random.maybe(accounts, 4);
            rule.references = random.maybe(kinds, 3);
        }
        policy.rules.push_back(std::move(rule));
    }
    return policy;
}

// The same with rules that never allow more for a stricter class or a claim: what is asked of most policies.
inline Reference monotone(Reference policy) {
    const auto up_to_strictest = [](MaybeTexts& some) {
        if (!some) return;
        const auto last = std::ranges::find_if(classes.rbegin(), classes.rend(), [&](const auto& one) {
            return std::ranges::find(*some, one) != some->end();
        });
        *some = Texts(classes.begin(), last.base());
    };
    const auto from_most_open = [](MaybeTexts& some) {
        if (!some) return;
        const auto first = std::ranges::find_if(
            classes, [&](const auto& one) { return std::ranges::find(*some, one) != some->end(); });
        *some = Texts(first, classes.end());
    };
    for (auto& rule : policy.rules) {
        rule.when_evidence.reset();
        rule.effect == ReferenceRule::allow ? up_to_strictest(rule.when_class) : from_most_open(rule.when_class);
    }
    if (policy.plugins)
        for (auto& [name, in_classes] : *policy.plugins) {
            MaybeTexts some = in_classes;
            up_to_strictest(some);
            in_classes = *some;
        }
    policy.claims_lower_to = std::max(policy.claims_lower_to, policy.unknown_class);
    return policy;
}

inline std::string list(const Texts& texts) {
    std::string out = "[";
    for (const auto& text : texts) out += (out.size() > 1 ? ", \"" : "\"") + text + "\"";
    return out + "]";
}

inline std::string yaml(const Reference& policy) {
    std::string out = "version: 1\nunknown_repository: " + classes[policy.unknown_class] +
                      "\nclaims_lower_to: " + classes[policy.claims_lower_to] + "\n";
    if (!policy.repositories.empty()) out += "repositories:\n";
    for (const auto& [pattern, cls, entity, in_paths] : policy.repositories) {
        out += "  - { match: \"" + pattern + "\", class: " + classes[cls];
        if (!entity.empty()) out += ", legal_entity: " + entity;
        if (!in_paths.empty()) out += ", paths: { ";
        for (std::size_t i = 0; i < in_paths.size(); ++i)
            out += (i == 0 ? "\"" : ", \"") + in_paths[i].first + "\": " + classes[in_paths[i].second];
        out += in_paths.empty() ? " }\n" : " } }\n";
    }
    if (!policy.entity.empty()) out += "legal_entity: " + policy.entity + "\n";
    if (policy.offset_hours != 0)
        out += policy.offset_hours > 0 ? "utc_offset: \"+01:00\"\n" : "utc_offset: \"-05:00\"\n";
    if (policy.clients) out += "clients:\n";
    for (const auto& [name, least] : policy.clients.value_or(std::vector<std::pair<std::string, int>>()))
        out += "  " + name + ": {" + (least < 0 ? "" : "versions: \">=" + versions[least] + "\"") + "}\n";
    if (policy.plugins) out += "plugins:\n";
    for (const auto& [name, in] : policy.plugins.value_or(std::vector<std::pair<std::string, Texts>>()))
        out += "  \"" + name + "\": { classes: " + list(in) +
               (name == "github" && policy.github_by_url ? ", url: \"" + github_url + "\" }\n" : " }\n");
    out += "upstreams:\n";
    for (const auto& upstream : policy.upstreams) {
        out += "  " + upstream.name + ": { vendor: v, hosting: own" +
               (upstream.region.empty() ? "" : ", region: " + upstream.region) +
               (upstream.retention.empty() ? "" : ", retention: " + upstream.retention) +
               (upstream.entities ? ", legal_entities: " + list(*upstream.entities) : "");
        if (upstream.from >= 0 || upstream.until >= 0)
            out += ", contract: { name: c" +
                   (upstream.from >= 0 ? ", from: " + dates[static_cast<std::size_t>(upstream.from)] : "") +
                   (upstream.until >= 0 ? ", until: " + dates[static_cast<std::size_t>(upstream.until)] : "") + " }";
        out += " }\n";
    }
    // So that each rule may name each of them.
    out += "  spare: { vendor: v, hosting: own, legal_entities: [gmbh, inc] }\n";
    if (!policy.rules.empty()) out += "rules:\n";
    for (const auto& rule : policy.rules) {
        const auto add = [](std::string& to, const char* word, const MaybeTexts& texts) {
            if (texts) to += std::string(to.empty() ? "" : ", ") + word + ": " + list(*texts);
        };
        std::string when, allow;
        add(when, "class", rule.when_class);
        add(when, "evidence", rule.when_evidence);
        add(when, "account", rule.when_account);
        add(when, "references", rule.when_references);
        add(when, "client", rule.when_client);
        if (rule.version_least >= 0) when += ", client_version: \">=" + versions[rule.version_least] + "\"";
        add(when, "team", rule.when_team);
        add(when, "role", rule.when_role);
        add(when, "retention", rule.when_retention);
        add(when, "finding", rule.when_finding);
        add(when, "confidence", rule.when_confidence);
        add(when, "legal_entity", rule.when_entity);
        if (rule.when_time >= 0) when += (when.empty() ? "" : ", ") + windows[static_cast<std::size_t>(rule.when_time)];
        add(when, "model", rule.when_model);
        add(when, "plugin", rule.when_plugin);
        add(when, "upstream", rule.when_upstream);
        add(when, "region", rule.when_region);
        add(allow, "upstreams", rule.upstreams ? rule.upstreams : MaybeTexts({"*"}));
        add(allow, "models", rule.models);
        add(allow, "clients", rule.clients);
        add(allow, "plugins", rule.plugins);
        add(allow, "accounts", rule.accounts);
        add(allow, "references", rule.references);
        out += "  - { id: " + rule.id + ", when: { " + when + " }";
        if (rule.effect == ReferenceRule::allow) out += ", allow: { " + allow + " }";
        if (rule.effect == ReferenceRule::refuse) out += ", refuse: true";
        if (rule.durable) out += ", record: durable-first";
        out += " }\n";
    }
    return out;
}

inline bool in(const MaybeTexts& texts, std::string_view text) {
    return !texts || std::ranges::find(*texts, text) != texts->end();
}

inline bool glob(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.starts_with("**"))
        return glob(pattern.substr(2), text) || (!text.empty() && glob(pattern, text.substr(1)));
    if (pattern[0] == '*')
        return glob(pattern.substr(1), text) || (!text.empty() && text[0] != '/' && glob(pattern, text.substr(1)));
    return !text.empty() && (pattern[0] == text[0] || (pattern[0] == '?' && text[0] != '/')) &&
           glob(pattern.substr(1), text.substr(1));
}
inline bool globs(const MaybeTexts& patterns, std::string_view text) {
    return !patterns || std::ranges::any_of(*patterns, [&](const auto& pattern) { return glob(pattern, text); });
}

inline const Reference::Repository* repository_of(const Reference& policy, const Facts& facts) {
    if (facts.evidence == Evidence::none || facts.repository.empty()) return nullptr;
    for (const auto& one : policy.repositories)
        if (glob(one.pattern, facts.repository)) return &one;
    return nullptr;
}

// "" where it is not known.
inline Texts entities_of(const Reference& policy, const Facts& facts) {
    const auto* repository = repository_of(policy, facts);
    if (repository == nullptr || repository->entity.empty()) return {policy.entity};
    if (facts.evidence == Evidence::claimed) return {repository->entity, policy.entity};
    return {repository->entity};
}

inline bool in_terms(const Reference& policy, const Facts& facts, const Reference::Upstream& upstream) {
    if (upstream.from >= 0 && facts.at_ms < date(upstream.from, policy.offset_hours)) return false;
    if (upstream.until >= 0 && facts.at_ms >= date(upstream.until, policy.offset_hours)) return false;
    return !upstream.entities || std::ranges::all_of(entities_of(policy, facts), [&](const auto& one) {
        return std::ranges::find(*upstream.entities, one) != upstream.entities->end();
    });
}

// As whom rules know a plugin: "!" for one that bears the name of another.
inline std::string plugin_name(const Reference& policy, std::string_view text) {
    const std::string name(text.substr(0, text.find('#')));
    const std::string address(text.find('#') == std::string_view::npos ? "" : text.substr(text.find('#') + 1));
    if (!policy.github_by_url || address.empty()) return name;
    if (address.starts_with("https://gh.example/")) return "github";
    return name == "github" ? "!" : name;
}

inline int effective_class(const Reference& policy, const Facts& facts) {
    int cls = policy.unknown_class;
    if (const auto* repository = repository_of(policy, facts)) {
        const auto in_path = [&](std::string_view path) {
            for (const auto& [pattern, one] : repository->paths)
                if (glob(pattern, path)) return one;
            return repository->cls;
        };
        cls = facts.paths.empty() || facts.evidence == Evidence::claimed ? repository->cls : 0;
        for (const auto& [pattern, one] : repository->paths)
            if (facts.paths.empty() || facts.evidence == Evidence::claimed) cls = std::max(cls, one);
        if (facts.evidence != Evidence::claimed)
            for (const auto path : facts.paths) cls = std::max(cls, in_path(path));
    }
    if (facts.evidence == Evidence::claimed) cls = std::max(cls, policy.claims_lower_to);
    return std::max(cls, static_cast<int>(facts.class_floor));
}

inline int version_index(std::string_view version) {
    const auto found = std::ranges::find(versions, version);
    return found == versions.end() ? -1 : static_cast<int>(found - versions.begin());
}

inline bool entity_holds(const Reference& policy, const ReferenceRule& rule, const Facts& facts) {
    if (!rule.when_entity) return true;
    const auto named = [&](const std::string& one) { return !one.empty() && in(rule.when_entity, one); };
    const auto all = entities_of(policy, facts);
    return rule.effect == ReferenceRule::allow
               ? std::ranges::all_of(all, named)
               : std::ranges::any_of(all, [&](const auto& one) { return one.empty() || named(one); });
}

inline bool holds(const Reference& policy, const ReferenceRule& rule, const Facts& facts, int cls,
                  const Reference::Upstream& upstream) {
    const bool tightens = rule.effect != ReferenceRule::allow;
    const int version = version_index(facts.client_version);
    const bool lists = facts.model.empty() && !facts.generates; // a list of models: no model is used
    const bool model_holds = lists ? !tightens || !rule.when_model
                                   : (globs(rule.when_model, facts.model) || (tightens && facts.model.empty())) &&
                                         globs(rule.models, facts.model);
    const auto refers = [&] {
        for (std::size_t i = 0; i < kinds.size(); ++i)
            if ((facts.references >> i & 1) != 0 && in(rule.when_references, kinds[i])) return true;
        return !rule.when_references;
    };
    const auto finds = [&] {
        for (std::size_t i = 0; i < findings.size() * confidences.size(); ++i)
            if ((facts.findings >> i & 1) != 0 && in(rule.when_finding, findings[i / confidences.size()]) &&
                in(rule.when_confidence, confidences[i % confidences.size()]))
                return true;
        return !rule.when_finding;
    };
    return in(rule.when_class, classes[cls]) && finds() &&
           in(rule.when_evidence, evidences[static_cast<std::size_t>(facts.evidence)]) &&
           in(rule.when_account, accounts[static_cast<std::size_t>(facts.account)]) && refers() &&
           in(rule.when_client, facts.client) &&
           (rule.version_least < 0 || (version < 0 ? tightens : version >= rule.version_least)) &&
           in(rule.when_team, facts.team) && in(rule.when_role, facts.role) && model_holds &&
           in_window(rule.when_time, facts.at_ms, policy.offset_hours) && entity_holds(policy, rule, facts) &&
           (upstream.retention.empty() && rule.when_retention ? tightens
                                                              : in(rule.when_retention, upstream.retention)) &&
           (!rule.when_plugin ||
            std::ranges::any_of(facts.plugins,
                                [&](auto plugin) { return in(rule.when_plugin, plugin_name(policy, plugin)); })) &&
           in(rule.when_upstream, upstream.name) &&
           (upstream.region.empty() && rule.when_region ? tightens : in(rule.when_region, upstream.region)) &&
           in(rule.upstreams, upstream.name) && in(rule.clients, facts.client);
}

// What an allow rule says beyond its conditions, in the order in which a lack of it is told.
inline bool account_allowed(const ReferenceRule& rule, const Facts& facts) {
    return in(rule.accounts ? rule.accounts : MaybeTexts({"company"}),
              accounts[static_cast<std::size_t>(facts.account)]);
}
inline bool references_allowed(const ReferenceRule& rule, const Facts& facts, int cls) {
    for (std::size_t i = 0; i < kinds.size(); ++i)
        if ((facts.references >> i & 1) != 0 && !(rule.references ? in(rule.references, kinds[i]) : cls == 0))
            return false;
    return true;
}
inline bool plugins_allowed(const Reference& policy, const ReferenceRule& rule, const Facts& facts) {
    return std::ranges::all_of(facts.plugins,
                               [&](auto plugin) { return in(rule.plugins, plugin_name(policy, plugin)); });
}
inline bool matches(const Reference& policy, const ReferenceRule& rule, const Facts& facts, int cls,
                    const Reference::Upstream& upstream) {
    return holds(policy, rule, facts, cls, upstream) &&
           (rule.effect != ReferenceRule::allow ||
            (account_allowed(rule, facts) && references_allowed(rule, facts, cls) &&
             plugins_allowed(policy, rule, facts) && in_terms(policy, facts, upstream)));
}
inline bool approved(const Reference& policy, std::string_view text, int cls) {
    if (!policy.plugins) return true;
    const std::string plugin = plugin_name(policy, text);
    if (plugin == "!") return false;
    for (const auto& [name, where] : *policy.plugins)
        if (name == plugin || (name == "*" && plugin != "github" && plugin != "jira")) return in(where, classes[cls]);
    return false;
}

struct Outcome {
    RefusedBy refused_by = RefusedBy::nothing;
    std::vector<std::uint16_t> upstreams, rules;
    std::uint16_t rule = no_rule;
    bool durable = false;
};

inline Outcome decide(const Reference& policy, const Facts& facts, const std::vector<std::uint16_t>& candidates) {
    const int cls = effective_class(policy, facts);
    if (cls > static_cast<int>(facts.key_max_class)) return {RefusedBy::key_class, {}, {}};
    if (policy.clients) {
        const auto client = std::ranges::find(*policy.clients, facts.client,
                                              [](const auto& one) { return std::string_view(one.first); });
        if (client == policy.clients->end()) return {RefusedBy::client, {}, {}};
        if (client->second >= 0 && version_index(facts.client_version) < client->second)
            return {RefusedBy::client_version, {}, {}};
    }
    const bool plugins_fine =
        std::ranges::all_of(facts.plugins, [&](auto plugin) { return approved(policy, plugin, cls); });
    Outcome result;
    std::vector<std::uint16_t> refusing, overruling;
    bool all_refused = true, by_account = false, by_reference = false, by_plugin = false, by_terms = false;
    for (const auto candidate : candidates) {
        const auto& upstream = policy.upstreams[candidate];
        std::optional<std::uint16_t> refusal, allowing;
        bool conditions = false, account = false, references = false, durable = false;
        const bool terms = in_terms(policy, facts, upstream);
        for (std::size_t index = 0; index < policy.rules.size(); ++index) {
            const auto i = static_cast<std::uint16_t>(index);
            const auto& rule = policy.rules[i];
            if (!holds(policy, rule, facts, cls, upstream)) continue;
            if (rule.effect == ReferenceRule::refuse && !refusal) refusal = i;
            const bool a = account_allowed(rule, facts), b = a && references_allowed(rule, facts, cls);
            const bool all = b && plugins_allowed(policy, rule, facts);
            if (rule.effect == ReferenceRule::allow) {
                conditions = true;
                account = account || a;
                references = references || b;
                if (all && plugins_fine && terms && !allowing) allowing = i;
            }
            durable = durable || (rule.durable && (rule.effect == ReferenceRule::record || all));
        }
        if (refusal) {
            refusing.push_back(*refusal);
            if (allowing) overruling.push_back(*refusal);
            continue;
        }
        all_refused = false;
        if (allowing) {
            result.upstreams.push_back(candidate);
            result.rules.push_back(*allowing);
            result.durable = result.durable || durable;
        } else if (conditions)
            (!account ? by_account : !references ? by_reference : terms ? by_plugin : by_terms) = true;
    }
    if (!result.upstreams.empty())
        result.rule = result.rules[0];
    else if (all_refused && !refusing.empty()) {
        result.refused_by = RefusedBy::rule;
        result.rule = overruling.empty() ? refusing[0] : overruling[0];
    } else if (by_account)
        result.refused_by = RefusedBy::personal_account;
    else if (by_reference)
        result.refused_by = RefusedBy::reference;
    else if (by_plugin)
        result.refused_by = RefusedBy::plugin;
    else if (by_terms)
        result.refused_by = RefusedBy::terms;
    else if (!overruling.empty()) {
        result.refused_by = RefusedBy::rule;
        result.rule = overruling[0];
    } else
        result.refused_by = RefusedBy::no_rule;
    return result;
}

inline Facts random_facts(Random& random, std::vector<std::string_view>& offered) {
    static const Texts all_clients = {"claude-code", "codex", "unknown", "cursor"},
                       all_teams = {"core", "web", "", "sales"};
    static const Texts all_versions = [] {
        auto texts = versions;
        texts.insert(texts.end(), {"", "latest"});
        return texts;
    }();
    offered.clear();
    for (const auto& plugin : plugins)
        if (random.one_in(10)) offered.push_back(plugin);
    Facts facts;
    facts.team = random.one(all_teams);
    facts.role = random.one_in(2) ? std::string_view() : random.one(roles);
    facts.at_ms = moments[random.below(moments.size())];
    static const std::vector<std::string_view> some_paths(paths.begin(), paths.end());
    if (random.one_in(2)) {
        const auto first = random.below(paths.size());
        facts.paths =
            std::span(some_paths).subspan(first, 1 + random.below(std::min<std::size_t>(paths.size() - first, 2)));
    }
    if (random.one_in(6)) facts.key_max_class = static_cast<Class>(random.below(5));
    facts.client = random.one_in(8) ? random.one(all_clients) : random.one(clients);
    facts.client_version = random.one(all_versions);
    facts.account = static_cast<AccountKind>(random.one_in(4));
    facts.repository = random.one(repositories);
    facts.evidence = static_cast<Evidence>(random.below(4));
    if (random.one_in(6)) facts.class_floor = static_cast<Class>(random.below(5));
    facts.model = random.one(models);
    if (random.one_in(4)) facts.references = static_cast<std::uint32_t>(random.below(256) & random.below(256));
    facts.generates = !random.one_in(5);
    if (random.one_in(3)) facts.findings = 1u << random.below(12) | (random.one_in(2) ? 0u : 1u << random.below(12));
    facts.plugins = offered;
    return facts;
}

} // namespace sallyport::policy::naive
