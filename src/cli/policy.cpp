// sallyport policy, and its check | explain
#include "base/clock.h"
#include "catalog/advisory_files.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/policy_commands.h"
#include "cli/terminal.h"
#include "gateway/keeper.h"
#include "json/writer.h"
#include "ledger/entry.h"
#include "policy/decide.h"
#include "policy/program.h"
#include "policy/prove.h"
#include "policy/time_window.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct PolicyOptions {
    std::string file, config, entry, advisories;
    std::string client = "claude-code", version, repository, evidence = "claimed", model, team, role, at,
                account = "company", tier = "none", dialect = "anthropic-messages";
    std::vector<std::string> references, plugins, paths, also_claimed;
    bool json = false;
};

int check(const PolicyOptions& options) {
    const std::string file = options.file.empty() ? "policy.yaml" : options.file;
    policy::Policy::Loaded loaded = policy::load(file);
    if (loaded.policy)
        for (auto& warning : policy::rules_without_effect(loaded.policy->program().document))
            loaded.warnings.push_back(std::move(warning));
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("ok", loaded.policy != nullptr);
        if (loaded.policy) {
            writer.member("digest", loaded.policy->digest());
            writer.member("rules",
                          static_cast<std::uint64_t>(loaded.policy->rule_count() - loaded.policy->invariant_count()));
        }
        write_mistakes(writer, "mistakes", loaded.mistakes);
        write_mistakes(writer, "warnings", loaded.warnings);
        writer.end_object();
        fmt::print("{}\n", out);
        return loaded.policy ? done : found_something;
    }
    if (!loaded.policy) return complain(loaded.mistakes);
    for (const policy::Mistake& warning : loaded.warnings) fmt::print(stderr, "warning: {}\n", warning.text());
    fmt::print("{}: {} rules, {} upstreams, no mistakes\n{}\n", file,
               loaded.policy->rule_count() - loaded.policy->invariant_count(), loaded.policy->upstreams().size(),
               ink(Ink::dim, loaded.policy->digest()));
    return done;
}

template <class Enum> Enum enum_named(std::string_view word, std::size_t count, Enum otherwise) {
    for (std::size_t i = 0; i < count; ++i)
        if (policy::name(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
    return otherwise;
}

int print_explanation(const policy::Policy& policy, const policy::Facts& facts,
                      std::span<const std::uint16_t> candidates, bool json) {
    const policy::Plan plan = policy::decide(policy, facts, candidates);
    const bool is_refused = plan.decision == policy::Decision::refuse;
    const bool passes = plan.would_refuse != policy::RefusedBy::nothing; // refused, but not yet enforced, or excepted
    const std::string would = passes ? policy::would_sentence(policy, facts, plan, candidates) : std::string();
    const std::string sentence = policy::sentence(policy, facts, plan, candidates);
    const auto traces = policy::trace(policy, facts, candidates);
    const std::string_view rule = plan.rule == policy::no_rule ? std::string_view() : policy.rule_id(plan.rule);
    if (json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("decision", policy::name(plan.decision));
        writer.member("class", policy::name(plan.effective_class));
        if (is_refused) writer.member("refused_by", policy::name(plan.refused_by));
        if (!rule.empty()) writer.member("rule", rule);
        if (is_refused) writer.member("sentence", sentence);
        if (passes) {
            writer.member("mode", policy::name(plan.mode));
            writer.member("would_refuse", policy::name(plan.would_refuse));
            if (plan.would_rule != policy::no_rule) writer.member("would_rule", policy.rule_id(plan.would_rule));
            writer.member("would_sentence", would);
        }
        writer.begin_array("upstreams");
        for (std::size_t i = 0; i < plan.upstream_count; ++i)
            writer.element(policy.upstreams()[plan.upstreams[i]].name);
        writer.end_array();
        if (const std::string change = policy::smallest_change(policy, facts, candidates); !change.empty())
            writer.member("smallest_change", change);
        writer.begin_array("rules");
        for (const policy::RuleTrace& trace : traces) {
            std::string one;
            json::Writer item(one);
            item.begin_object();
            item.member("rule", policy.rule_id(trace.rule));
            if (!policy.rule_owner(trace.rule).empty()) item.member("owner", policy.rule_owner(trace.rule));
            item.member("matched", trace.matched);
            item.member("why", trace.why);
            item.end_object();
            writer.element_raw(one);
        }
        writer.end_array();
        writer.end_object();
        fmt::print("{}\n", out);
        return is_refused ? refused : done;
    }
    fmt::print("{} for class {}{}\n",
               is_refused ? ink(Ink::red, "refuse") : ink(Ink::green, std::string(policy::name(plan.decision))),
               ink(Ink::bold, std::string(policy::name(plan.effective_class))),
               rule.empty() ? std::string() : " by rule " + std::string(rule));
    for (std::size_t i = 0; i < plan.upstream_count; ++i)
        fmt::print("  {}. {}\n", i + 1, policy.upstreams()[plan.upstreams[i]].name);
    if (is_refused) fmt::print("{}\n", sentence);
    if (passes)
        fmt::print("{}: {}\n", ink(Ink::yellow, fmt::format("not enforced, mode {}", policy::name(plan.mode))), would);
    if (const std::string change = policy::smallest_change(policy, facts, candidates); !change.empty())
        fmt::print("The smallest change that would allow it: {}\n", change);
    for (const policy::RuleTrace& trace : traces)
        fmt::print("  {} {}  {}{}\n", trace.matched ? ink(Ink::green, "+") : ink(Ink::dim, "-"),
                   column(policy.rule_id(trace.rule), 34), trace.why,
                   policy.rule_owner(trace.rule).empty() ? ""
                                                         : fmt::format(" (owner {})", policy.rule_owner(trace.rule)));
    return is_refused ? refused : done;
}

// Candidates by name; those that the policy does not know are no candidates.
std::vector<std::uint16_t> candidates_of(const policy::Policy& policy, std::span<const std::string_view> names) {
    std::vector<std::uint16_t> candidates;
    for (const std::string_view name : names)
        if (const std::uint16_t index = policy.upstream_named(name); index != policy::no_rule)
            candidates.push_back(index);
    return candidates;
}

// Under the policy that decided, which the installation keeps; under another one where --policy names it.
int explain_entry(const PolicyOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    auto query = ledger::Query::open(visit->installation.ledger_directory(), visit->installation.index_file());
    if (!query) return complain(query.error());
    if (auto updated = query->update(); !updated) return complain(updated.error());
    const auto shown = query->show(options.entry);
    if (!shown) return complain(shown.error());
    for (const ledger::EntryText& text : shown->entries) {
        const auto entry = ledger::decode(text.json);
        if (!entry) return complain(entry.error());
        const ledger::Judgement* judgement = nullptr;
        if (const auto* intent = entry->as<ledger::Intent>()) judgement = &intent->judgement;
        if (const auto* refusal = entry->as<ledger::Refusal>(); refusal != nullptr && refusal->judged)
            judgement = &refusal->judgement;
        if (judgement == nullptr) continue;
        const std::filesystem::path file =
            options.file.empty()
                ? gateway::kept_policy_file(visit->installation.policies_directory(), judgement->policy)
                : std::filesystem::path(options.file);
        const policy::Policy::Loaded loaded = policy::load(file);
        if (!loaded.policy) return complain(loaded.mistakes);
        const policy::Policy& policy = *loaded.policy;
        if (judgement->policy != policy.digest())
            fmt::print(stderr, "note: the entry was decided under another policy ({}); this is what {} says\n",
                       judgement->policy, file.string());
        return print_explanation(policy, judgement->facts, candidates_of(policy, judgement->candidates), options.json);
    }
    return complain("this entry holds no decision");
}

int explain(const PolicyOptions& options) {
    if (!options.entry.empty()) return explain_entry(options);
    const policy::Policy::Loaded loaded = policy::load(options.file.empty() ? "policy.yaml" : options.file);
    if (!loaded.policy) return complain(loaded.mistakes);
    policy::Facts facts;
    facts.team = options.team;
    facts.role = options.role;
    facts.client = options.client;
    facts.client_version = options.version;
    facts.repository = options.repository;
    facts.evidence = options.repository.empty()
                         ? policy::Evidence::none
                         : enum_named(options.evidence, policy::evidence_count, policy::Evidence::claimed);
    facts.tier = enum_named(options.tier, policy::tier_count, policy::Tier::none);
    const std::vector<std::string_view> also_claimed(options.also_claimed.begin(), options.also_claimed.end());
    facts.also_claimed = also_claimed;
    facts.account = options.account == "personal" ? policy::AccountKind::personal : policy::AccountKind::company;
    facts.dialect = options.dialect;
    facts.model = options.model;
    facts.at_ms = options.at.empty() ? wall_ms() : policy::date_ms(options.at, 0).value_or(-1);
    if (facts.at_ms < 0) {
        complain("--at is a date or a time in UTC (2026-12-31T18:00); got '" + printable(options.at) + "'");
        return wrong_use;
    }
    const std::vector<std::string_view> paths(options.paths.begin(), options.paths.end());
    facts.paths = paths;
    for (const std::string& reference : options.references)
        for (std::size_t i = 0; i < dialect::reference_kinds; ++i)
            if (dialect::name(static_cast<dialect::ReferenceKind>(i)) == reference) facts.references |= 1u << i;
    const std::vector<std::string_view> plugins(options.plugins.begin(), options.plugins.end());
    facts.plugins = plugins;
    std::shared_ptr<const catalog::Advisories> advisories;
    if (!options.advisories.empty()) {
        auto read = catalog::load_advisories({options.advisories, true, {}});
        if (!read) return complain(read.error());
        advisories = std::move(*read);
        if (const auto* const found = advisories->covering(facts.client, facts.client_version); found != nullptr)
            facts.advisory = {found->id, found->summary, found->fixed};
    }
    std::vector<std::string_view> names;
    for (const policy::UpstreamFacts& upstream : loaded.policy->upstreams()) names.push_back(upstream.name);
    return print_explanation(*loaded.policy, facts, candidates_of(*loaded.policy, names), options.json);
}

} // namespace

void write_mistakes(json::Writer& writer, std::string_view name, std::span<const policy::Mistake> mistakes) {
    writer.begin_array(name);
    for (const policy::Mistake& mistake : mistakes) {
        std::string one;
        json::Writer item(one);
        item.begin_object();
        item.member("file", mistake.file);
        item.member("line", mistake.line);
        item.member("column", mistake.column);
        item.member("sentence", mistake.sentence);
        item.end_object();
        writer.element_raw(one);
    }
    writer.end_array();
}

void add_policy(Command& app, int& exit_code) {
    static PolicyOptions options;
    Command group = app.command("policy", "Check, explain, prove and compare policies");
    group.needs_command();
    Command check_command = group.command("check", "Read a policy and tell every mistake with its place");
    check_command.option("file", options.file, "The policy (policy.yaml)");
    check_command.flag("--json", options.json, "Print an object");
    check_command.footer("Exit code 1 where there is a mistake.\n\nExample:\n  sallyport policy check policy.yaml\n");
    check_command.run([&exit_code] { exit_code = check(options); });

    Command explain_command =
        group.command("explain", "What would be decided, by which rule, and why not by the others");
    explain_command.option("-p,--policy", options.file, "The policy (policy.yaml; for an entry the one that decided)");
    explain_command.option("--entry", options.entry,
                           "A ledger entry (origin/index or exchange) whose facts are judged");
    add_config_option(explain_command, options.config);
    explain_command.option("--client", options.client, "The client's name").show_default();
    explain_command.option("--client-version", options.version, "The client's version");
    explain_command.option("--advisories", options.advisories, "A folder of advisories: which of them covers it");
    explain_command.option("--repository", options.repository, "host/path, as claimed");
    explain_command.option("--also-claims", options.also_claimed, "A further repository that the request names");
    explain_command.option("--evidence", options.evidence, "How the repository is known")
        .one_of({"none", "claimed", "bound", "observed"})
        .show_default();
    explain_command.option("--tier", options.tier, "Of the boundary, as a launcher that is trusted measured it")
        .one_of({"none", "C", "B", "A"})
        .show_default();
    explain_command.option("--model", options.model, "The model asked for");
    explain_command.option("--team", options.team, "The caller's team");
    explain_command.option("--role", options.role, "The caller's role");
    explain_command.option("--path", options.paths, "A path below the repository (with evidence bound or observed)");
    explain_command.option("--at", options.at, "When, in UTC (2026-12-31T18:00); now where not stated");
    explain_command.option("--account", options.account, "Whose credential")
        .one_of({"company", "personal"})
        .show_default();
    explain_command.option("--reference", options.references,
                           "Content by reference in the request (file, vendor-tool, …)");
    explain_command.option("--plugin", options.plugins, "A plugin whose tools the request offers");
    explain_command.flag("--json", options.json, "Print an object");
    explain_command.footer("Exit code 3 where the policy refuses.\n\nExample:\n  sallyport policy explain --client "
                           "claude-code --client-version 2.1.330 \\\n"
                           "      --repository git.acme.example/core/engine --model claude-opus-5-5\n");
    explain_command.run([&exit_code] { exit_code = explain(options); });
    add_policy_prove(group, exit_code);
    add_policy_diff(group, exit_code);
    add_policy_what_if(group, exit_code);
    add_policy_test(group, exit_code);
    add_policy_fmt(group, exit_code);
    add_policy_compile(group, exit_code);
    add_policy_sign(group, exit_code);
}

} // namespace sallyport::cli
