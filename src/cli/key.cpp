// sallyport key issue | list | revoke
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/issue.h"
#include "cli/terminal.h"
#include "identity/access.h"
#include "json/writer.h"
#include "policy/facts.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct KeyOptions {
    std::string config, person, team, role, access = "developer", label, max_class = "trade-secret", expires, id;
    bool json = false;
};

// "90d" from now, or a time; -1 where it is neither.
std::int64_t expiry(const std::string& text, std::int64_t now) {
    if (text.empty()) return 0;
    const std::int64_t back = parse_time(text, now);
    if (back < 0) return -1;
    const bool is_span = text.find('-') == std::string::npos;
    return is_span ? now + (now - back) : back;
}

void write_key(json::Writer& writer, const store::KeyRecord& key, std::string_view person) {
    writer.member("id", key.id);
    writer.member("person", person);
    writer.member("team", key.team);
    if (!key.role.empty()) writer.member("role", key.role);
    writer.member("access", key.access);
    writer.member("max_class", key.max_class);
    writer.member("label", key.label);
    writer.member("created", rfc3339(key.created_ms));
    if (key.expires_ms > 0) writer.member("expires", rfc3339(key.expires_ms));
    if (key.revoked_ms > 0) writer.member("revoked", rfc3339(key.revoked_ms));
}

// Who may see the ledger is for the ledger to tell: one person with several such keys can open a name alone.
Result<void> record_key(Visit& visit, std::string_view what, const store::KeyRecord& key) {
    if (const auto access = identity::access_named(key.access); !access || !identity::sees_all(*access)) return {};
    return record_act(visit, what, "", "", fmt::format("key {}, person {}, access {}", key.id, key.person, key.access));
}

int issue(const KeyOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const std::int64_t now = wall_ms();
    const std::int64_t expires = expiry(options.expires, now);
    if (expires < 0 || (expires > 0 && expires <= now)) {
        complain("--expires is a span (90d, 12h) or a time to come (2027-01-31); got '" + printable(options.expires) +
                 "'");
        return wrong_use;
    }
    const auto issued = issue_key(*visit, {options.person, options.team, options.label, options.max_class, expires,
                                           options.role, options.access});
    if (!issued) return complain(issued.error());
    if (auto told = record_key(*visit, "issue-key", issued->record); !told) return complain(told.error());
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("key", issued->key.reveal());
        write_key(writer, issued->record, issued->record.person);
        writer.end_object();
        fmt::print("{}\n", out);
        return done;
    }
    fmt::print("{}\n", issued->key.reveal());
    fmt::print(
        stderr, "This key is shown once. It is for {} ({}), up to class {}. Revoke it with: sallyport key revoke {}\n",
        options.person, options.team.empty() ? "no team" : options.team, issued->record.max_class, issued->record.id);
    return done;
}

int list(const KeyOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const auto keys = visit->state->keys();
    if (!keys) return complain(keys.error());
    const std::string wanted(visit->pseudonyms->of(identity::NameKind::person, options.person).view());
    if (!options.json)
        fmt::print("{}\n", ink(Ink::bold, column("ID", 14) + column("PERSON", 26) + column("TEAM", 16) +
                                              column("MAX CLASS", 15) + column("ACCESS", 17) + "STATE"));
    for (const store::KeyRecord& key : *keys->value) {
        if (!wanted.empty() && key.person != wanted) continue;
        if (options.json) {
            std::string out;
            json::Writer writer(out);
            writer.begin_object();
            write_key(writer, key, key.person);
            writer.end_object();
            fmt::print("{}\n", out);
            continue;
        }
        const bool expired = key.expires_ms > 0 && key.expires_ms <= wall_ms();
        const std::string state = key.revoked_ms > 0   ? ink(Ink::red, "revoked " + rfc3339(key.revoked_ms))
                                  : expired            ? ink(Ink::yellow, "expired " + rfc3339(key.expires_ms))
                                  : key.expires_ms > 0 ? "valid until " + rfc3339(key.expires_ms)
                                                       : std::string("valid");
        fmt::print("{}{}{}{}{}{}\n", column(key.id, 14), column(key.person, 26), column(key.team, 16),
                   column(key.max_class, 15), column(key.access, 17), state);
    }
    return done;
}

int revoke(const KeyOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const auto revoked = visit->state->revoke_key(options.id, wall_ms());
    if (!revoked) return complain(revoked.error());
    if (auto told = record_key(*visit, "revoke-key", *revoked); !told) return complain(told.error());
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        write_key(writer, *revoked, revoked->person);
        writer.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print("{} is revoked; a running gateway refuses it within a second.\n", revoked->id);
    }
    return done;
}

} // namespace

void add_key(Command& app, int& exit_code) {
    static KeyOptions options;
    Command key = app.command("key", "Company keys: who may call");
    key.needs_command();
    Command issue_command = key.command("issue", "Make a key and show it once");
    add_config_option(issue_command, options.config);
    issue_command.option("--person", options.person, "Whose key it is (kept sealed; entries hold a pseudonym)")
        .required();
    issue_command.option("--team", options.team, "The person's team");
    issue_command.option("--role", options.role, "What the person does, for rules that ask (reviewer, release)");
    issue_command
        .option("--access", options.access,
                "What the person may see of the ledger, apart from --role, which rules ask for")
        .one_of({"developer", "auditor", "security", "data-protection"})
        .show_default();
    issue_command.option("--label", options.label, "What the key is for");
    issue_command.option("--max-class", options.max_class, "The highest class of repository it may be used for")
        .one_of({"open-source", "internal", "customer", "secret-bearing", "trade-secret"})
        .show_default();
    issue_command.option("--expires", options.expires,
                         "A span (90d) or a time (2027-01-31); without it, until revoked");
    issue_command.flag("--json", options.json, "Print an object");
    issue_command.footer("Examples:\n  sallyport key issue --person ada@acme.example --team platform --expires 90d\n");
    issue_command.run([&exit_code] { exit_code = issue(options); });

    Command list_command = key.command("list", "All keys, without the keys themselves");
    add_config_option(list_command, options.config);
    list_command.flag("--json", options.json, "One object a line");
    list_command.option("--person", options.person, "Those of this person");
    list_command.run([&exit_code] { exit_code = list(options); });

    Command revoke_command = key.command("revoke", "End a key now");
    add_config_option(revoke_command, options.config);
    revoke_command.option("id", options.id, "The key's id (k_…)").required();
    revoke_command.flag("--json", options.json, "Print the key as an object");
    revoke_command.footer("Example:\n  sallyport key revoke k_7Qm2xW9pLd\n");
    revoke_command.run([&exit_code] { exit_code = revoke(options); });
}

} // namespace sallyport::cli
