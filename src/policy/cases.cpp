#include "policy/cases.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "policy/conjuncts.h"
#include "policy/names.h"
#include "policy/program.h"
#include "policy/read.h"
#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace sallyport::policy {

namespace {

constexpr std::array<std::string_view, 6> expectation_names = {"allow",        "refuse", "warn",
                                                               "would-refuse", "amend",  "withhold"};
constexpr std::array<std::string_view, conjunct_count> conjunct_names = {
    "class",      "evidence", "client", "client_version", "team", "account", "model",  "upstream",
    "references", "plugin",   "role",   "legal_entity",   "time", "terms",   "finding"};

class CaseReader {
public:
    explicit CaseReader(Reader& reader) : reader_(reader) {}

    void read(Cases& cases) {
        if (!reader_.root().is_map())
            return reader_.mistake(reader_.root(), "the file is a mapping that begins with 'version: 1'");
        Fields fields(reader_, reader_.root(), "a file of cases");
        const auto version = fields.require("version");
        if (const auto number = reader_.integer(version, 0, 1'000'000, "version"); number && *number != 1)
            reader_.mistake(version,
                            fmt::format("version {} is not known here; this program reads version 1", *number));
        if (const auto policy = reader_.text(fields.take("policy"), "policy")) cases.policy = *policy;
        if (const auto coverage = fields.take("coverage")) {
            Fields wanted(reader_, coverage, "coverage");
            cases.rules_percent_min = reader_.integer(wanted.take("rules"), 0, 100, "a percentage of rules");
            cases.conditions_percent_min =
                reader_.integer(wanted.take("conditions"), 0, 100, "a percentage of conditions");
            wanted.finish();
        }
        Case usual;
        if (const auto defaults = fields.take("defaults")) request(defaults, "defaults", usual);
        const auto list = fields.require("cases");
        if (list && !list.is_list()) reader_.mistake(list, "cases is a list of {name, when, expect}");
        if (list.is_list() && list.size() == 0)
            reader_.mistake(list, "no cases, so nothing would be tested; write at least one as {name, when, expect}");
        if (list.size() > cases_max)
            return reader_.mistake(list, fmt::format("{} cases; {} is the limit", list.size(), cases_max));
        for (std::size_t i = 0; list.is_list() && i < list.size() && !reader_.full(); ++i)
            one(list.at(i), usual, cases);
        fields.finish();
    }

private:
    void one(Node node, const Case& usual, Cases& cases) {
        if (!node.is_map()) return reader_.mistake(node, "a case is a mapping: {name, when, expect}");
        Case read = usual;
        Fields fields(reader_, node, "a case");
        read.place = node.place();
        if (const auto title = reader_.text(fields.require("name"), "a case's name")) read.title = *title;
        if (const auto when = fields.take("when")) request(when, "when", read);
        if (const auto expect = reader_.word(fields.require("expect"), expectation_names, "expectation"))
            read.expect = static_cast<Expectation>(*expect);
        if (const auto upstreams = fields.take("upstreams")) read.upstreams = texts(upstreams, "upstream");
        if (const auto rule = reader_.text(fields.take("rule"), "rule")) read.rule = *rule;
        if (const auto cls = reader_.word(fields.take("class"), class_names, "class"))
            read.cls = static_cast<Class>(*cls);
        if (const auto sentence = reader_.text(fields.take("sentence"), "sentence")) read.sentence = *sentence;
        fields.finish();
        cases.cases.push_back(std::move(read));
    }

    void request(Node node, std::string_view what, Case& into) {
        Fields fields(reader_, node, what);
        const auto take = [&](std::string_view word, std::string& text) {
            const auto node = fields.take(word);
            if (node.kind() == Node::Kind::null)
                text.clear(); // ~: what the defaults say does not hold
            else if (const auto value = reader_.text(node, word))
                text = *value;
        };
        take("client", into.client);
        take("client_version", into.client_version);
        take("advisory", into.advisory);
        take("team", into.team);
        take("role", into.role);
        take("model", into.model);
        if (const auto ms = read_date(reader_, fields.take("at"), 0)) into.at_ms = *ms;
        if (const auto paths = fields.take("paths")) into.paths = texts(paths, "path");
        const auto repository = fields.take("repository");
        if (const auto value = reader_.text(repository, "repository")) {
            into.repository = *value;
            into.evidence = Evidence::claimed; // unless it says how it is known
        }
        if (const auto also = fields.take("also_claimed")) into.also_claimed = texts(also, "repository");
        const auto evidence = fields.take("evidence");
        if (const auto word = reader_.word(evidence, evidence_names, "evidence"))
            into.evidence = static_cast<Evidence>(*word);
        if (const auto tier = reader_.word(fields.take("tier"), tier_names, "tier"))
            into.tier = static_cast<Tier>(*tier);
        if (const auto cls = reader_.word(fields.take("conversation_class"), class_names, "class"))
            into.conversation_class = static_cast<Class>(*cls);
        if (const auto cls = reader_.word(fields.take("key_max_class"), class_names, "class"))
            into.key_max_class = static_cast<Class>(*cls);
        if (const auto account = reader_.word(fields.take("account"), account_names, "account"))
            into.account = static_cast<AccountKind>(*account);
        if (const auto references = fields.take("references")) {
            into.references = 0;
            for (const auto item : reader_.list(references, "references"))
                if (const auto kind = reader_.word(item, reference_names, "reference")) into.references |= 1u << *kind;
        }
        if (const auto found = fields.take("findings")) into.findings = findings(found);
        if (const auto plugins = fields.take("plugins")) into.plugins = texts(plugins, "plugin");
        if (const auto candidates = fields.take("candidates")) into.candidates = texts(candidates, "upstream");
        if (const auto lists = reader_.boolean(fields.take("lists_models"), "lists_models")) into.generates = !*lists;
        fields.finish();
    }

    // "secret", or "secret low": without a confidence it is a sure one.
    std::uint32_t findings(Node node) {
        std::uint32_t bits = 0;
        for (const auto item : reader_.list(node, "findings")) {
            const auto text = reader_.text(item, "finding").value_or("");
            const std::size_t blank = std::min(text.find(' '), text.size());
            const auto kind = std::ranges::find(finding_names, text.substr(0, blank));
            const auto confidence = blank == text.size() ? confidence_names.end() - 1
                                                         : std::ranges::find(confidence_names, text.substr(blank + 1));
            if (kind == finding_names.end() || confidence == confidence_names.end())
                reader_.mistake(
                    item, fmt::format("a finding is secret, marker, attribution or uninspected, and low, medium or "
                                      "high behind it; got '{}'",
                                      shown(text)));
            else
                bits |= 1u << finding_bit(static_cast<std::size_t>(kind - finding_names.begin()),
                                          static_cast<std::size_t>(confidence - confidence_names.begin()));
        }
        return bits;
    }

    std::vector<std::string> texts(Node node, std::string_view what) {
        std::vector<std::string> out;
        for (const auto item : reader_.list(node, what))
            if (auto text = reader_.text(item, what)) out.push_back(std::move(*text));
        if (out.size() > case_texts_max)
            reader_.mistake(node, fmt::format("{} values; {} is the limit", out.size(), case_texts_max));
        return out;
    }

    Reader& reader_;
};

// Which conditions a rule states, as Conjunct bits.
std::uint32_t stated(const Rule& rule) {
    std::uint32_t bits = 0;
    const auto add = [&](bool states, Conjunct conjunct) {
        if (states) bits |= 1u << static_cast<unsigned>(conjunct);
    };
    const auto& when = rule.when;
    const auto& allow = rule.allow;
    add(when.classes.has_value(), Conjunct::cls);
    add(when.evidence.has_value(), Conjunct::evidence);
    add(when.clients || allow.clients, Conjunct::client);
    add(when.client_version.has_value(), Conjunct::client_version);
    add(when.teams.has_value(), Conjunct::team);
    add(when.accounts || allow.accounts, Conjunct::account);
    add(when.models || allow.models, Conjunct::model);
    add(when.upstreams || allow.upstreams ||
            std::ranges::any_of(when.upstream_facts, [](const Names& one) { return one.has_value(); }),
        Conjunct::upstream);
    add(when.references || allow.references, Conjunct::references);
    add(when.plugins || allow.plugins, Conjunct::plugin);
    add(when.roles.has_value(), Conjunct::role);
    add(when.legal_entities.has_value(), Conjunct::legal_entity);
    add(when.time.has_value(), Conjunct::time);
    add(when.findings.has_value(), Conjunct::finding);
    return bits;
}

class Running {
public:
    Running(const Policy& policy, CasesRun& run)
        : policy_(policy), document_(policy.program().document), run_(run), seen_(document_.rules.size()),
          held_(document_.rules.size()) {}

    CaseResult judge(const Case& one) {
        Facts facts;
        const std::vector<std::string_view> plugins(one.plugins.begin(), one.plugins.end());
        const std::vector<std::string_view> paths(one.paths.begin(), one.paths.end());
        const std::vector<std::string_view> also_claimed(one.also_claimed.begin(), one.also_claimed.end());
        facts.also_claimed = also_claimed;
        facts.team = one.team;
        facts.role = one.role;
        facts.paths = paths;
        facts.at_ms = one.at_ms == 0 ? wall_ms() : one.at_ms; // a contract that has ended fails its cases
        facts.key_max_class = one.key_max_class;
        facts.client = one.client.empty() ? std::string_view("unknown") : one.client;
        facts.client_version = one.client_version;
        facts.advisory.id = one.advisory;
        facts.account = one.account;
        facts.repository = one.repository;
        facts.evidence = one.evidence;
        facts.tier = one.tier;
        facts.class_floor = one.conversation_class;
        facts.model = one.model;
        facts.generates = one.generates;
        facts.references = one.references;
        facts.plugins = plugins;
        facts.findings = one.findings;
        CaseResult result;
        std::vector<std::uint16_t> candidates;
        for (const std::string& name : one.candidates) {
            const auto index = policy_.upstream_named(name);
            if (index == no_rule)
                result.wrong.push_back(fmt::format("upstream '{}' is not in the policy", name));
            else
                candidates.push_back(index);
        }
        for (std::uint16_t i = 0; one.candidates.empty() && i < policy_.upstreams().size(); ++i)
            candidates.push_back(i);
        const Plan plan = decide(policy_, facts, candidates);
        note_shown(facts, plan, candidates);
        compare(one, facts, plan, candidates, result);
        return result;
    }

    void finish() {
        for (std::size_t i = 0; i < document_.rules.size(); ++i) {
            const Rule& rule = document_.rules[i];
            if (rule.is_invariant) continue;
            ++run_.rules;
            if (held_[i] == 0) run_.unshown_rules.push_back(rule.id);
            const std::uint32_t all = stated(rule);
            for (std::size_t c = 0; c < conjunct_names.size(); ++c) {
                if ((all >> c & 1) == 0) continue;
                ++run_.conditions;
                if ((seen_[i] >> c & 1) == 0)
                    run_.unshown_conditions.push_back(fmt::format("rule {}: {}", rule.id, conjunct_names[c]));
            }
        }
    }

private:
    void note_shown(const Facts& facts, const Plan& plan, std::span<const std::uint16_t> candidates) {
        for (const auto candidate : candidates)
            for (std::size_t i = 0; i < document_.rules.size(); ++i) {
                const auto found = obstacles(policy_.program(), document_.rules[i], facts, plan.effective_class,
                                             document_.upstreams[candidate]);
                if (found.empty()) held_[i] = 1;
                const bool alone = !found.empty() && std::ranges::all_of(found, [&](const Obstacle& one) {
                    return one.conjunct == found.front().conjunct;
                });
                if (alone) seen_[i] |= 1u << static_cast<unsigned>(found.front().conjunct);
            }
    }

    void compare(const Case& one, const Facts& facts, const Plan& plan, std::span<const std::uint16_t> candidates,
                 CaseResult& result) {
        const bool refused = plan.decision == Decision::refuse, passes = plan.mode != Mode::enforce;
        const auto got = refused                               ? Expectation::refuse
                         : plan.mode == Mode::warn             ? Expectation::warn
                         : plan.mode == Mode::observe          ? Expectation::would_refuse
                         : plan.decision == Decision::amend    ? Expectation::amend
                         : plan.decision == Decision::withhold ? Expectation::withhold
                                                               : Expectation::allow;
        const auto rule = passes ? plan.would_rule : plan.rule;
        const std::string_view rule_id = rule == no_rule ? std::string_view("none") : policy_.rule_id(rule);
        const std::string said = refused  ? sentence(policy_, facts, plan, candidates)
                                 : passes ? would_sentence(policy_, facts, plan, candidates)
                                          : std::string();
        std::vector<std::string> upstreams;
        for (std::size_t i = 0; i < plan.upstream_count; ++i)
            upstreams.push_back(policy_.upstreams()[plan.upstreams[i]].name);
        result.got = fmt::format("{} in class {} by rule {}", name(got), name(plan.effective_class), rule_id);
        if (!upstreams.empty()) result.got += fmt::format(" to {}", fmt::join(upstreams, ", "));
        if (!said.empty()) result.got += ": " + said;
        if (got != one.expect) result.wrong.push_back(fmt::format("expected {}", name(one.expect)));
        if (one.cls && *one.cls != plan.effective_class)
            result.wrong.push_back(fmt::format("expected class {}", name(*one.cls)));
        if (one.rule && *one.rule != rule_id) result.wrong.push_back(fmt::format("expected rule {}", *one.rule));
        if (one.upstreams && *one.upstreams != upstreams)
            result.wrong.push_back(fmt::format("expected upstreams {}", fmt::join(*one.upstreams, ", ")));
        if (one.sentence && said.find(*one.sentence) == std::string::npos)
            result.wrong.push_back(fmt::format("expected a sentence with '{}'", *one.sentence));
    }

    const Policy& policy_;
    const Document& document_;
    CasesRun& run_;
    std::vector<std::uint32_t> seen_; // by rule: Conjunct bits that alone kept it from holding
    std::vector<char> held_;
};

LoadedCases read_cases(std::string_view text, std::string file) {
    LoadedCases loaded;
    Reader reader(std::move(file));
    loaded.cases.file = reader.file();
    if (reader.parse(text, limits::policy_bytes_max)) CaseReader(reader).read(loaded.cases);
    loaded.mistakes = reader.mistakes();
    return loaded;
}

} // namespace

std::string_view name(Expectation value) { return expectation_names[static_cast<std::size_t>(value)]; }

LoadedCases load_cases_text(std::string_view text, std::string_view name) {
    return read_cases(text, std::string(name));
}

LoadedCases load_cases(const std::filesystem::path& file) {
    const auto text = read_file(file, limits::policy_bytes_max);
    if (!text) {
        LoadedCases loaded;
        loaded.mistakes.push_back({file.string(), 0, 0, text.error().message});
        return loaded;
    }
    return read_cases(*text, file.string());
}

CasesRun run(const Policy& policy, const Cases& cases) {
    CasesRun run;
    Running running(policy, run);
    for (const Case& one : cases.cases) {
        run.results.push_back(running.judge(one));
        run.failed += run.results.back().wrong.empty() ? 0 : 1;
    }
    running.finish();
    return run;
}

} // namespace sallyport::policy
