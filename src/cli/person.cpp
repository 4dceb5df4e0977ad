// sallyport person disable | enable | list
#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/terminal.h"
#include "json/writer.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct PersonOptions {
    std::string config, name, reason, by;
    bool json = false;
};

void print(const store::PersonRecord& person, bool json) {
    const bool is_disabled = person.disabled_ms != 0;
    if (!json) {
        const std::string state = is_disabled ? ink(Ink::red, "disabled " + rfc3339(person.disabled_ms)) : "enabled";
        fmt::print("{}{}{}\n", column(person.person, 26), column(person.is_provisioned ? "directory" : "", 12), state);
        return;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("person", person.person);
    writer.member("enabled", !is_disabled);
    if (is_disabled) writer.member("disabled", rfc3339(person.disabled_ms));
    writer.member("directory", person.is_provisioned);
    writer.end_object();
    fmt::print("{}\n", out);
}

int change(const PersonOptions& options, bool enable) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const bool is_pseudonym = options.name.starts_with("p_");
    const std::string person(
        is_pseudonym ? options.name
                     : std::string(visit->pseudonyms->remember(identity::NameKind::person, options.name).view()));
    if (auto kept = visit->pseudonyms->keep_names(*visit->state); !kept) return complain(kept.error());
    const auto known = visit->state->person(person);
    if (!known) return complain(known.error());
    const std::int64_t now = wall_ms();
    store::PersonRecord record = known->value_or(store::PersonRecord{person, {}, now, now, 0, false});
    if (enable == (record.disabled_ms == 0)) {
        if (!options.json) fmt::print(stderr, "{} is {} already\n", person, enable ? "enabled" : "disabled");
        print(record, options.json);
        return done;
    }
    record.changed_ms = now;
    record.disabled_ms = enable ? 0 : now;
    // The act first: what cuts somebody off is recorded, or does not happen.
    if (auto told = record_act(*visit, enable ? "enable-person" : "disable-person", options.by, options.reason,
                               "person " + person);
        !told)
        return complain(told.error());
    if (auto put = visit->state->put_person(record); !put) return complain(put.error());
    if (!enable)
        if (auto ended = visit->state->end_sessions_of(person, now); !ended) return complain(ended.error());
    if (options.json)
        print(record, true);
    else if (enable)
        fmt::print("{} is enabled; their keys hold again, and they sign in anew\n", person);
    else
        fmt::print("{} is disabled; a running gateway ends what runs of theirs within a second\n", person);
    return done;
}

// Who signs in has a name in small letters; a key may have been issued for it as it is written.
int change_all(const PersonOptions& options, bool enable) {
    const std::string small = to_lower(options.name);
    const bool is_written_small = small == options.name || options.name.starts_with("p_");
    const int exit_code = change(options, enable);
    if (is_written_small || exit_code != done) return exit_code;
    PersonOptions other = options;
    other.name = small;
    return change(other, enable);
}

int list(const PersonOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const auto people = visit->state->people();
    if (!people) return complain(people.error());
    if (!options.json) fmt::print("{}\n", ink(Ink::bold, column("PERSON", 26) + column("KNOWN BY", 12) + "STATE"));
    for (const store::PersonRecord& one : *people) print(one, options.json);
    return done;
}

} // namespace

void add_person(Command& app, int& exit_code) {
    static PersonOptions options;
    Command person = app.command("person", "People: cut somebody off, whatever they come with");
    person.needs_command();
    for (const bool enable : {false, true}) {
        Command command =
            person.command(enable ? "enable" : "disable",
                           enable ? "Let somebody call again" : "Refuse all keys and sign-ins of somebody now");
        add_config_option(command, options.config);
        command.option("name", options.name, "As the key was issued or the person signs in, or a pseudonym (p_…)")
            .required();
        command.option("--reason", options.reason, "Recorded in the ledger");
        command.option("--by", options.by, "Who does it, if not who is at the keyboard");
        command.flag("--json", options.json, "Print an object");
        command.footer(fmt::format("Example:\n  sallyport person {} ada@acme.example --reason 'left the company'\n",
                                   enable ? "enable" : "disable"));
        command.run([&exit_code, enable] { exit_code = change_all(options, enable); });
    }
    Command list_command = person.command("list", "Those who were disabled, and whom the directory knows");
    add_config_option(list_command, options.config);
    list_command.flag("--json", options.json, "One object a line");
    list_command.footer("Example:\n  sallyport person list --json\n");
    list_command.run([&exit_code] { exit_code = list(options); });
}

} // namespace sallyport::cli
