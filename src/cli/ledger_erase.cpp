// sallyport ledger erase | hold | release | holds: what is kept of bodies and names, and what must go. Each is recorded in the ledger by
// the gateway, at once or when it next runs.
#include "base/clock.h"
#include "base/encoding.h"
#include "bodies/writer.h"
#include "cli/ledger_commands.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"
#include "json/writer.h"
#include "repo/identity.h"
#include "store/holds.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace sallyport::cli {

namespace {

struct EraseOptions {
    std::string config, repository, person, before, why, by, matter, from, to;
    bool json = false;
};

struct Kept {
    Visit visit;
    std::unique_ptr<store::BodyKeys> keys;
};

std::optional<Kept> open_kept(const EraseOptions& options, int& exit_code) {
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return std::nullopt;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return std::nullopt;
    auto keys = store::open_body_keys(visit->installation.body_keys_file(), visit->installation.bodies_directory(),
                                      *visit->state);
    if (!keys) {
        exit_code = complain(keys.error());
        return std::nullopt;
    }
    return Kept{std::move(*visit), std::move(*keys)};
}

// A name, or a pseudonym as it stands.
std::string pseudonym_of(const Visit& visit, const std::string& person) {
    if (person.empty() || person.starts_with("p_")) return person;
    return std::string(visit.pseudonyms->of(identity::NameKind::person, person).view());
}

// Whose it is, as entries name it: a remote as its repository, a name as its pseudonym. Told where nobody of that name was ever seen:
// what is spelt otherwise than the key's --person catches nothing.
struct Whose {
    std::string repository, person;
};
std::optional<Whose> whose(Visit& visit, const EraseOptions& options, int& exit_code) {
    Whose out{options.repository, pseudonym_of(visit, options.person)};
    if (!out.repository.empty()) {
        const auto name = repo::normalise_remote(out.repository);
        if (!name) {
            exit_code = complain("'" + printable(out.repository) +
                                 "' names no repository; write it as git.example.com/group/name");
            return std::nullopt;
        }
        out.repository = *name;
    }
    if (out.person.empty()) return out;
    const auto known = visit.state->sealed_name(out.person);
    if (!known) {
        exit_code = complain(known.error());
        return std::nullopt;
    }
    if (!*known)
        fmt::print(stderr, "sallyport: nobody called '{}' was seen yet; names are written as in `key issue --person`\n",
                   printable(options.person));
    return out;
}

bool take_time(const std::string& text, std::int64_t& into) {
    if (text.empty()) return true;
    into = parse_time(text, wall_ms());
    if (into >= 0) return true;
    [[maybe_unused]] const int told =
        complain("'" + printable(text) + "' is no time; write 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z");
    return false;
}

std::string words_of(const store::BodyKeyFilter& filter) {
    std::string out = store::words_of({"", filter.repository, filter.person});
    if (filter.before_ms != 0) out += fmt::format("{}before {}", out.empty() ? "" : ", ", rfc3339(filter.before_ms));
    return out;
}

// A matter that holds the person holds the name, whether bodies are kept or not.
Result<bool> is_name_held(store::BodyKeys& keys, const std::string& person) {
    const auto all = keys.holds();
    if (!all) return std::unexpected(all.error());
    return !person.empty() && std::ranges::any_of(*all, [&](const store::BodyHold& one) {
        return one.released_ms == 0 && one.person == person;
    });
}

int erase(const EraseOptions& options) {
    int exit_code = done;
    if (options.repository.empty() && options.person.empty()) {
        [[maybe_unused]] const int told = complain("say whose: --repository or --person");
        return wrong_use;
    }
    store::BodyKeyFilter filter;
    if (!take_time(options.before, filter.before_ms)) return wrong_use;
    auto kept = open_kept(options, exit_code);
    if (!kept) return exit_code;
    const auto named = whose(kept->visit, options, exit_code);
    if (!named) return exit_code;
    filter.repository = named->repository;
    filter.person = named->person;
    // What is said to have been done comes first: an erasure that nobody knows of must not be.
    if (auto told = record_act(kept->visit, "erase", options.by, options.why, words_of(filter)); !told)
        return complain(told.error());
    const auto erased = kept->keys->erase(filter, options.why, wall_ms());
    if (!erased) return complain(erased.error());
    std::this_thread::sleep_for(
        std::chrono::milliseconds(2 * bodies::erasure_seen_ms_max)); // until a running gateway knows
    const auto held = is_name_held(*kept->keys, filter.person);
    if (!held) return complain(held.error());
    const bool wants_name = !filter.person.empty() && options.repository.empty() && options.before.empty();
    bool is_name_gone = false;
    if (wants_name && !*held && erased->held == 0) {
        const auto forgotten = kept->visit.state->forget_name(filter.person);
        if (!forgotten) return complain(forgotten.error());
        is_name_gone = *forgotten;
    }
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("keys_destroyed", erased->erased);
        writer.member("keys_held", erased->held);
        writer.member("name_forgotten", is_name_gone);
        if (wants_name) writer.member("name_held", *held);
        writer.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print("{} keys of bodies are destroyed{}{}{}\n", erased->erased,
                   erased->held != 0 ? fmt::format(", {} are held by a matter (sallyport ledger holds)", erased->held)
                                     : "",
                   is_name_gone ? "; the person's name is forgotten" : "",
                   wants_name && *held ? "; the person's name is held by a matter" : "");
    }
    return erased->held == 0 && !(wants_name && *held) ? done : found_something;
}

int hold(const EraseOptions& options) {
    int exit_code = done;
    if (options.repository.empty() && options.person.empty()) {
        [[maybe_unused]] const int told = complain("say what to hold: --repository or --person");
        return wrong_use;
    }
    store::BodyHold one;
    if (!take_time(options.from, one.from_ms) || !take_time(options.to, one.to_ms)) return wrong_use;
    if (options.matter.empty() || (one.to_ms != 0 && one.to_ms <= one.from_ms)) {
        [[maybe_unused]] const int told =
            complain(options.matter.empty() ? "--matter is empty; give it a name, such as a case number"
                                            : "--to is not after --from: nothing would be held");
        return wrong_use;
    }
    auto kept = open_kept(options, exit_code);
    if (!kept) return exit_code;
    const auto named = whose(kept->visit, options, exit_code);
    if (!named) return exit_code;
    one.matter = options.matter;
    one.repository = named->repository;
    one.person = named->person;
    one.since_ms = wall_ms();
    one.by = pseudonym_of(kept->visit, options.by.empty() ? operator_name() : options.by);
    if (auto told = record_act(kept->visit, "hold", options.by, options.why, store::words_of(one)); !told)
        return complain(told.error());
    if (auto held = kept->keys->hold(one); !held) return complain(held.error());
    fmt::print("held for {}\n", printable(one.matter));
    return done;
}

int release(const EraseOptions& options) {
    int exit_code = done;
    auto kept = open_kept(options, exit_code);
    if (!kept) return exit_code;
    const auto all = kept->keys->holds();
    if (!all) return complain(all.error());
    if (std::ranges::none_of(
            *all, [&](const store::BodyHold& one) { return one.released_ms == 0 && one.matter == options.matter; }))
        return complain("nothing is held for '" + printable(options.matter) + "'; see sallyport ledger holds");
    if (auto told =
            record_act(kept->visit, "release", options.by, options.why, store::words_of({options.matter, "", ""}));
        !told)
        return complain(told.error());
    const auto released = kept->keys->release(options.matter, wall_ms());
    if (!released) return complain(released.error());
    fmt::print("{} holds of {} are released\n", *released, printable(options.matter));
    return done;
}

int holds(const EraseOptions& options) {
    int exit_code = done;
    auto kept = open_kept(options, exit_code);
    if (!kept) return exit_code;
    const auto all = kept->keys->holds();
    if (!all) return complain(all.error());
    for (const store::BodyHold& one : *all) {
        if (options.json) {
            std::string out;
            json::Writer writer(out);
            writer.begin_object();
            writer.member("matter", one.matter);
            if (!one.repository.empty()) writer.member("repository", one.repository);
            if (!one.person.empty()) writer.member("person", one.person);
            if (one.from_ms != 0) writer.member("from", rfc3339(one.from_ms));
            if (one.to_ms != 0) writer.member("to", rfc3339(one.to_ms));
            writer.member("since", rfc3339(one.since_ms));
            if (one.released_ms != 0) writer.member("released", rfc3339(one.released_ms));
            writer.member("by", one.by);
            writer.end_object();
            fmt::print("{}\n", out);
        } else {
            fmt::print("{}{} {} since {}{}\n", ink(Ink::bold, column(one.matter, 20)), printable(one.repository),
                       one.person, rfc3339(one.since_ms),
                       one.released_ms != 0 ? ", released " + rfc3339(one.released_ms) : "");
        }
    }
    if (all->empty() && !options.json) fmt::print("nothing is held\n");
    return done;
}

} // namespace

void add_ledger_erase(Command& group, int& exit_code) {
    static EraseOptions options;
    Command erase_command = group.command("erase", "Make bodies unreadable for good by destroying their keys");
    add_config_option(erase_command, options.config);
    erase_command.option("--repository", options.repository, "Of this repository");
    erase_command.option("--person", options.person, "Of this person (name or pseudonym), and the name itself");
    erase_command.option("--before", options.before, "Of weeks that were over by then: 90d, 2026-08-01");
    add_reason_option(erase_command, options.why, "Why; it is recorded").required();
    erase_command.option("--by", options.by, "Who does it; else who is at the keyboard");
    erase_command.flag("--json", options.json, "Print an object");
    erase_command.footer(
        "Entries stay, with digests and pseudonyms, and the ledger still verifies. What a matter holds stays "
        "too (exit code 1).\nExample:\n  sallyport ledger erase --repository git.acme.example/clients/x "
        "--before 90d --reason 'contract ended'\n");
    erase_command.run([&exit_code] { exit_code = erase(options); });

    Command hold_command = group.command("hold", "Keep bodies from being erased, for a legal matter");
    add_config_option(hold_command, options.config);
    hold_command.option("--matter", options.matter, "Its name: a case number").required();
    hold_command.option("--repository", options.repository, "Of this repository");
    hold_command.option("--person", options.person, "Of this person (name or pseudonym)");
    hold_command.option("--from", options.from, "From then on");
    hold_command.option("--to", options.to, "Up to then");
    add_reason_option(hold_command, options.why, "Why; it is recorded").required();
    hold_command.option("--by", options.by, "Who does it; else who is at the keyboard");
    hold_command.footer("Example:\n  sallyport ledger hold --matter case-17 --person ada@acme.example --from "
                        "2026-06-01 --reason 'court order'\n");
    hold_command.run([&exit_code] { exit_code = hold(options); });

    Command release_command = group.command("release", "End a hold");
    add_config_option(release_command, options.config);
    release_command.option("matter", options.matter, "Its name").required();
    add_reason_option(release_command, options.why, "Why; it is recorded").required();
    release_command.option("--by", options.by, "Who does it; else who is at the keyboard");
    release_command.run([&exit_code] { exit_code = release(options); });

    Command holds_command = group.command("holds", "What is held, and for which matter");
    add_config_option(holds_command, options.config);
    holds_command.flag("--json", options.json, "One object a line");
    holds_command.run([&exit_code] { exit_code = holds(options); });
}

} // namespace sallyport::cli
