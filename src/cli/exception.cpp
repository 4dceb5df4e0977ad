// sallyport exception grant | approve | list | revoke, and sallyport break-glass
#include "base/clock.h"
#include "base/encoding.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"
#include "identity/exceptions.h"
#include "json/writer.h"
#include "policy/program.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

struct ExceptionOptions {
    std::string config, person, team, repository, rule, until, reason, by, id;
    bool json = false, all = false;
};

struct Opened {
    std::shared_ptr<const gateway::Config> config;
    Visit visit;
};
std::optional<Opened> open(const std::string& file, int& exit_code) {
    auto config = open_config(file, false, exit_code);
    if (!config) return std::nullopt;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return std::nullopt;
    return Opened{std::move(config), std::move(*visit)};
}

std::string state_of(const store::ExceptionRecord& one, std::int64_t now) {
    if (one.revoked_ms != 0) return "revoked";
    if (now >= one.until_ms) return "ended";
    if (one.needs_approval && one.approved_by.empty()) return "waits for a second person";
    return "in force";
}

void write(json::Writer& writer, const store::ExceptionRecord& one, const std::string& person) {
    writer.member("id", one.id);
    writer.member("state", state_of(one, wall_ms()));
    if (!person.empty()) writer.member("person", person);
    if (!one.team.empty()) writer.member("team", one.team);
    writer.member("repository", one.repository);
    writer.member("rule", one.rule);
    writer.member("reason", one.reason);
    writer.member("granted_by", one.granted_by);
    if (!one.approved_by.empty()) writer.member("approved_by", one.approved_by);
    writer.member("granted", rfc3339(one.granted_ms));
    writer.member("until", rfc3339(one.until_ms));
    if (one.revoked_ms != 0) writer.member("revoked", rfc3339(one.revoked_ms));
}

void print(const store::ExceptionRecord& one, const std::string& person, bool json) {
    if (json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        write(writer, one, person);
        writer.end_object();
        fmt::print("{}\n", out);
        return;
    }
    const std::string state = state_of(one, wall_ms());
    const std::string whom = one.team.empty() ? person : "team " + one.team;
    fmt::print("{}{}{}{}  until {}  {}\n", column(one.id, 14), column(whom, 26), column(one.rule, 24),
               column(one.repository, 30), rfc3339(one.until_ms),
               ink(state == "in force" ? Ink::yellow : Ink::dim, state));
    fmt::print("{}{}\n", std::string(14, ' '), ink(Ink::dim, printable(one.reason)));
}

// What is wrong with the wish, as far as the policy in force can tell; empty where nothing is.
std::string objection(const ExceptionOptions& options, const policy::Document& document, std::int64_t span_ms) {
    if (options.person.empty() == options.team.empty()) return "say for whom: --person or --team, one of them";
    const auto rule = std::ranges::find(document.rules, options.rule, &policy::Rule::id);
    if (options.rule != policy::default_refusal) {
        if (rule == document.rules.end())
            return fmt::format("the policy has no rule '{}'; name a rule that refuses, or '{}' for what no rule allows",
                               printable(options.rule), policy::default_refusal);
        if (rule->is_invariant) return "an invariant has no exceptions; change the policy, and prove it";
        if (rule->effect != policy::Effect::refuse)
            return fmt::format("rule '{}' refuses nothing; name a rule that refuses, or '{}' for what no rule allows",
                               rule->id, policy::default_refusal);
    }
    if (document.exceptions.longest_ms > 0 && span_ms > document.exceptions.longest_ms)
        return fmt::format("the policy grants exceptions for {} hours at the longest",
                           document.exceptions.longest_ms / 3'600'000);
    return {};
}

int keep(Opened& opened, const ExceptionOptions& options, store::ExceptionRecord record) {
    auto& visit = opened.visit;
    const std::string by = to_lower(options.by.empty() ? operator_name() : options.by);
    if (!options.person.empty())
        record.person = visit.pseudonyms->remember(identity::NameKind::person, options.person).view();
    record.team = options.team;
    record.reason = options.reason;
    record.granted_by = visit.pseudonyms->remember(identity::NameKind::person, by).view();
    record.granted_ms = wall_ms();
    if (auto kept = visit.pseudonyms->keep_names(*visit.state); !kept) return complain(kept.error());
    const auto granted = visit.state->grant_exception(to_hex(crypto::random_bytes(16)), record);
    if (!granted) return complain(granted.error());
    print(*granted, options.person, options.json);
    if (granted->needs_approval)
        fmt::print(stderr, "It holds once a second person approves: sallyport exception approve {}\n", granted->id);
    return done;
}

int grant(const ExceptionOptions& options) {
    int exit_code = done;
    auto opened = open(options.config, exit_code);
    if (!opened) return exit_code;
    const std::int64_t now = wall_ms(), until = parse_end(options.until, now);
    if (until <= now) {
        complain("--until is a span (8h, 14d) or a time to come (2027-01-31); got '" + printable(options.until) + "'");
        return wrong_use;
    }
    const policy::Policy::Loaded loaded = policy::load(opened->config->policy);
    if (!loaded.policy) return complain(loaded.mistakes);
    const policy::Document& document = loaded.policy->program().document;
    if (const std::string why = objection(options, document, until - now); !why.empty()) {
        complain(why);
        return wrong_use;
    }
    store::ExceptionRecord record;
    record.id = identity::new_exception_id(false);
    record.repository = options.repository;
    record.rule = options.rule;
    record.until_ms = until;
    record.needs_approval = document.exceptions.second_person;
    return keep(*opened, options, std::move(record));
}

int break_glass(const ExceptionOptions& options) {
    int exit_code = done;
    auto opened = open(options.config, exit_code);
    if (!opened) return exit_code;
    const std::int64_t now = wall_ms(), until = parse_end(options.until, now);
    if (until <= now || until - now > identity::break_glass_ms_max) {
        complain("--until is a span of at most 4h; got '" + printable(options.until) + "'");
        return wrong_use;
    }
    if (options.person.empty() == options.team.empty()) {
        complain("say for whom: --person or --team, one of them");
        return wrong_use;
    }
    store::ExceptionRecord record;
    record.id = identity::new_exception_id(true);
    record.repository = options.repository;
    record.rule = policy::every_refusal;
    record.until_ms = until;
    return keep(*opened, options, std::move(record));
}

int approve(const ExceptionOptions& options) {
    int exit_code = done;
    auto opened = open(options.config, exit_code);
    if (!opened) return exit_code;
    const std::string by = to_lower(options.by.empty() ? operator_name() : options.by);
    const auto person = opened->visit.pseudonyms->remember(identity::NameKind::person, by);
    if (auto kept = opened->visit.pseudonyms->keep_names(*opened->visit.state); !kept) return complain(kept.error());
    const auto approved = opened->visit.state->approve_exception(options.id, person.view());
    if (!approved) return complain(approved.error());
    print(*approved, approved->person, options.json);
    return done;
}

int revoke(const ExceptionOptions& options) {
    int exit_code = done;
    auto opened = open(options.config, exit_code);
    if (!opened) return exit_code;
    const auto revoked = opened->visit.state->revoke_exception(options.id, wall_ms());
    if (!revoked) return complain(revoked.error());
    print(*revoked, revoked->person, options.json);
    return done;
}

int list(const ExceptionOptions& options) {
    int exit_code = done;
    auto opened = open(options.config, exit_code);
    if (!opened) return exit_code;
    const auto exceptions = opened->visit.state->exceptions();
    if (!exceptions) return complain(exceptions.error());
    std::size_t shown = 0;
    for (const store::ExceptionRecord& one : *exceptions) {
        if (!options.all && (one.revoked_ms != 0 || wall_ms() >= one.until_ms)) continue;
        print(one, one.person, options.json);
        ++shown;
    }
    if (shown == 0 && !options.json)
        fmt::print("no exceptions{}\n", options.all ? "" : " in force; --all shows those that ended");
    return done;
}

void add_whom(Command& command, ExceptionOptions& options) {
    add_config_option(command, options.config);
    command.option("--person", options.person, "For this person");
    command.option("--team", options.team, "For this team");
    command
        .option("--repo", options.repository,
                "For these repositories: a pattern, as in the policy; \"**\" is all of them")
        .required();
    command.option("--reason", options.reason, "Why: it is shown in lists")
        .required()
        .check([](const std::string& text) {
            return text.empty() || text.size() > 400 ? std::string("a reason of 1 to 400 characters") : std::string();
        });
    command.option("--by", options.by, "Who grants it (the user of this machine)");
    command.flag("--json", options.json, "Print an object");
}

} // namespace

void add_exception(Command& app, int& exit_code) {
    static ExceptionOptions options;
    Command group = app.command("exception", "Let somebody do for a while what the policy refuses");
    group.needs_command();
    Command grant_command = group.command("grant", "Grant one; it ends by itself");
    add_whom(grant_command, options);
    grant_command.option("--rule", options.rule, "The rule that refuses; \"default\" for what no rule allows")
        .required();
    grant_command.option("--until", options.until, "A span (8h, 14d) or a time (2027-01-31)").required();
    grant_command.footer("Never against an invariant.\n\nExample:\n  sallyport exception grant --person "
                         "ada@acme.example --repo \"git.acme.example/web/**\" \\\n"
                         "      --rule no-preview-models --until 7d --reason \"evaluation, ticket 4711\"\n");
    grant_command.run([&exit_code] { exit_code = grant(options); });

    Command approve_command = group.command("approve", "Approve one as the second person");
    add_config_option(approve_command, options.config);
    approve_command.option("id", options.id, "The exception").required();
    approve_command.option("--by", options.by, "Who approves it (the user of this machine)");
    approve_command.flag("--json", options.json, "Print an object");
    approve_command.run([&exit_code] { exit_code = approve(options); });

    Command list_command = group.command("list", "Exceptions and break-glasses");
    add_config_option(list_command, options.config);
    list_command.flag("--all", options.all, "Also those that ended");
    list_command.flag("--json", options.json, "One object a line");
    list_command.run([&exit_code] { exit_code = list(options); });

    Command revoke_command = group.command("revoke", "End one now");
    add_config_option(revoke_command, options.config);
    revoke_command.option("id", options.id, "The exception").required();
    revoke_command.flag("--json", options.json, "Print an object");
    revoke_command.run([&exit_code] { exit_code = revoke(options); });

    Command glass = app.command(
        "break-glass", "In an emergency: suspend every refusal but invariants, for at most 4 hours, with alarm");
    add_whom(glass, options);
    glass.option("--until", options.until, "A span of at most 4h").required();
    glass.footer(
        "Each exchange under it is marked in ledger, log and metrics (sallyport_break_glass_open).\n\nExample:\n"
        "  sallyport break-glass --team on-call --repo \"**\" --until 2h --reason \"outage 2026-11\"\n");
    glass.run([&exit_code] { exit_code = break_glass(options); });
}

} // namespace sallyport::cli
