#include "policy/synthetic.h"

#include "policy/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace sallyport::policy {

namespace {

constexpr std::size_t teams = 200, upstreams = 20, models = 50, plugins = 30;
constexpr std::string_view clients[] = {"claude-code", "codex", "gemini-cli", "qwen-code", "opencode", "unknown"};
constexpr std::string_view families[] = {"claude-opus", "claude-haiku", "gpt", "gemini", "qwen"};

// splitmix64 (Steele, Lea, Flood 2014): the same numbers everywhere, unlike the standard library's distributions.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::size_t below(std::size_t count) {
        auto z = state_ += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return static_cast<std::size_t>((z ^ z >> 31) % count);
    }
    bool one_in(std::size_t count) { return below(count) == 0; }

private:
    std::uint64_t state_;
};

std::size_t repositories(std::size_t rules) { return std::max<std::size_t>(rules / 4, 4); }

std::string model_pattern(std::size_t i) {
    const auto family = families[i % std::size(families)];
    return i % 3 == 0 ? fmt::format("{}-{}-*", family, i) : fmt::format("{}-{}", family, i);
}

void append_repositories(std::string& out, std::size_t count) {
    out += "repositories:\n";
    for (std::size_t i = 0; i < count; ++i) {
        const auto cls = class_names[i % class_count];
        if (i % 3 == 0)
            out += fmt::format("  - {{ match: \"git.acme.example/group{}/repo{}\", class: {} }}\n", i % 40, i, cls);
        else if (i % 3 == 1)
            out += fmt::format("  - {{ match: \"git.acme.example/area{}/**\", class: {} }}\n", i, cls);
        else
            out += fmt::format("  - {{ match: \"git.acme.example/*/service{}-*\", class: {} }}\n", i, cls);
    }
}

void append_rule(std::string& out, Dice& dice, std::size_t i) {
    const auto cls = dice.below(class_count);
    const bool refuses = dice.one_in(8);
    std::string when =
        fmt::format("class: [{}, {}]", class_names[cls], class_names[(cls + 1 + dice.below(4)) % class_count]);
    if (!dice.one_in(4))
        when += fmt::format(", team: [team{}, team{}]", dice.below(teams / 2), teams / 2 + dice.below(teams / 2));
    if (dice.one_in(5)) when += fmt::format(", client: codex, client_version: \">=0.{}.0\"", 100 + dice.below(100));
    if (dice.one_in(10)) when += ", evidence: [bound, observed]";
    if (refuses) {
        out += fmt::format("  - {{ id: rule-{}, when: {{ {}, model: \"{}\" }}, refuse: true }}\n", i, when,
                           model_pattern(dice.below(models)));
        return;
    }
    const auto upstream = dice.below(upstreams);
    std::string allow = fmt::format("upstreams: [upstream{}, upstream{}]", upstream, (upstream + 7) % upstreams);
    if (!dice.one_in(3)) {
        const auto model = dice.below(models);
        allow += fmt::format(", models: [\"{}\", \"{}\"]", model_pattern(model), model_pattern((model + 1) % models));
    }
    if (dice.one_in(6)) allow += fmt::format(", plugins: [plugin{}]", dice.below(plugins));
    if (dice.one_in(6)) allow += ", references: [url, file]";
    out += fmt::format("  - {{ id: rule-{}, when: {{ {} }}, allow: {{ {} }}{} }}\n", i, when, allow,
                       dice.one_in(4) ? ", record: durable-first" : "");
}

} // namespace

std::string synthetic_policy(std::size_t rules, std::uint64_t seed) {
    Dice dice(seed);
    std::string out = "version: 1\nclaims_lower_to: internal\n";
    append_repositories(out, repositories(rules));
    out += "clients:\n";
    for (const auto client : clients)
        out += fmt::format("  {}: {{{}}}\n", client, client == "unknown" ? "" : " versions: \">=0.20.0 <3\" ");
    out += "upstreams:\n";
    for (std::size_t i = 0; i < upstreams; ++i)
        out += fmt::format("  upstream{}: {{ vendor: vendor{}, hosting: {}, region: {} }}\n", i, i % 6,
                           hosting_names[i % 3], i % 2 == 0 ? "eu" : "us");
    out += "plugins:\n";
    for (std::size_t i = 0; i < plugins; ++i)
        out += fmt::format("  plugin{}: {{ classes: [{}, {}] }}\n", i, class_names[i % class_count],
                           class_names[(i + 1) % class_count]);
    out += rules == 0 ? "" : "rules:\n";
    for (std::size_t i = 0; i < rules; ++i) append_rule(out, dice, i);
    return out;
}

Facts SyntheticRequest::facts() const {
    Facts facts;
    facts.team = team;
    facts.client = client;
    facts.client_version = version;
    facts.account = account;
    facts.repository = repository;
    facts.evidence = evidence;
    facts.model = model;
    facts.references = references;
    facts.plugins = plugins;
    return facts;
}

std::vector<SyntheticRequest> synthetic_requests(std::size_t count, std::size_t rules, std::uint64_t seed) {
    Dice dice(seed);
    std::vector<SyntheticRequest> requests(count);
    for (auto& request : requests) {
        request.team = fmt::format("team{}", dice.below(teams + 5));
        request.client = clients[dice.below(std::size(clients))];
        request.version = fmt::format("{}.{}.{}", dice.below(3), dice.below(200), dice.below(400));
        const auto repository = dice.below(repositories(rules));
        request.repository =
            repository % 3 == 0   ? fmt::format("git.acme.example/group{}/repo{}", repository % 40, repository)
            : repository % 3 == 1 ? fmt::format("git.acme.example/area{}/deep/engine", repository)
                                  : fmt::format("git.acme.example/team{}/service{}-api", dice.below(9), repository);
        const auto model = dice.below(models);
        request.model =
            fmt::format("{}-{}{}", families[model % std::size(families)], model, model % 3 == 0 ? "-20261101" : "");
        for (std::size_t i = dice.below(4); i > 0; --i)
            request.plugin_names.push_back(fmt::format("plugin{}", dice.below(plugins + 2)));
        request.plugins.assign(request.plugin_names.begin(), request.plugin_names.end());
        request.evidence = static_cast<Evidence>(dice.below(evidence_count));
        request.account = dice.one_in(20) ? AccountKind::personal : AccountKind::company;
        if (dice.one_in(10)) request.references = 1u << dice.below(reference_kinds);
    }
    return requests;
}

} // namespace sallyport::policy
