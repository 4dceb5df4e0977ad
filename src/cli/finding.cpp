// sallyport finding search | dispute | list | withdraw
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/terminal.h"
#include "content/client_marker.h"
#include "content/hidden.h"
#include "content/text_inspector.h"
#include "identity/disputes.h"
#include "json/writer.h"
#include "ledger/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>

namespace sallyport::cli {

namespace {

constexpr std::int64_t dispute_ms_max = 366LL * 86'400'000;

struct FindingOptions {
    std::string config, file, id, rule, reason, until = "90d", by;
    bool json = false, all = false;
};

// What a finding says, beside where it is.
struct Said {
    std::string what, payload;
};

Said said_of(std::string_view text, const content::Found& found) {
    for (std::uint32_t state = 1; found.kind == content::FindingKind::marker && state < content::marker_states; ++state)
        if (found.rule == content::Rules::number_of_client_marker(state)) return {content::disclosed(state), {}};
    const content::HiddenDescription told = content::describe(text, found);
    if (told.code_points.empty()) return {};
    return {told.code_points + " in " + told.rendering + ": " + told.channel, told.payload};
}

void tell(std::string_view text, const content::Rules& rules, const content::Found& found, bool as_json) {
    const std::string_view before = text.substr(0, found.begin);
    const auto line = 1 + std::ranges::count(before, '\n');
    const auto column = static_cast<std::int64_t>(found.begin - (before.rfind('\n') + 1)) + 1; // npos + 1 is 0
    const Said said = said_of(text, found);
    if (!as_json) {
        fmt::print("{}:{} {} {} {}{}{}\n", line, column, ink(Ink::bold, rules.rule_name(found)), name(found.kind),
                   name(found.confidence), said.what.empty() ? "" : ": " + printable(said.what),
                   said.payload.empty() ? "" : "; it says: " + printable(said.payload));
        return;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("kind", name(found.kind));
    writer.member("confidence", name(found.confidence));
    writer.member("rule", rules.rule_name(found));
    writer.member("line", static_cast<std::int64_t>(line));
    writer.member("column", column);
    writer.member("bytes", static_cast<std::int64_t>(found.end - found.begin));
    if (!said.what.empty()) writer.member("says", said.what);
    if (!said.payload.empty()) writer.member("payload", said.payload);
    writer.end_object();
    fmt::print("{}\n", out);
}

// Where no installation is, as on a developer's machine, the program's own.
Result<std::shared_ptr<const content::Rules>> rules_for(const FindingOptions& options, int& exit_code) {
    std::error_code code;
    if (options.config == default_config && !std::filesystem::exists(options.config, code))
        return content::Rules::built_in();
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return nullptr;
    return open_rules(*config);
}

int search(const FindingOptions& options) {
    int exit_code = done;
    const auto rules = rules_for(options, exit_code);
    if (!rules) return complain(rules.error());
    if (*rules == nullptr) return exit_code;
    std::string text;
    if (options.file == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        auto read = read_file(options.file, limits::scanned_text_bytes_max);
        if (!read) return complain(read.error());
        text = std::move(*read);
    }
    content::TextInspector inspector(*rules);
    std::vector<content::Found> found;
    inspector.look_without_code(text, found);
    std::ranges::sort(found, {}, &content::Found::begin);
    for (const content::Found& one : found) tell(text, **rules, one, options.json);
    if (found.empty() && !options.json) fmt::print("nothing is found in it\n");
    return found.empty() ? done : found_something;
}

// The rule of the newest entry that has such a finding; empty where none has.
Result<std::string> rule_in_ledger(const Visit& visit, const std::string& id) {
    std::string rule;
    const std::string quoted = '"' + id + '"';
    auto read = ledger::each_entry(visit.installation.ledger_directory(), 0,
                                   [&](std::uint64_t, std::string_view text) -> Result<bool> {
                                       if (!text.contains(quoted)) return true;
                                       const auto entry = ledger::decode(text);
                                       if (!entry) return std::unexpected(entry.error());
                                       const auto* intent = entry->as<ledger::Intent>();
                                       const auto* refusal = entry->as<ledger::Refusal>();
                                       if (intent == nullptr && refusal == nullptr) return true;
                                       const auto& request = intent != nullptr ? intent->request : refusal->request;
                                       for (const auto& list : {request.findings, request.disclosed, request.disputed})
                                           for (const ledger::NamedFinding& one : list)
                                               if (one.id == id) rule = one.rule;
                                       return true;
                                   });
    if (!read) return std::unexpected(read.error());
    return rule;
}

void print(const store::DisputeRecord& one, bool as_json) {
    const bool ended = wall_ms() >= one.until_ms;
    const std::string_view state = one.withdrawn_ms != 0 ? "withdrawn" : ended ? "ended" : "in force";
    if (!as_json) {
        fmt::print("{}{}  until {}  {}\n", column(one.finding, 26), column(one.rule, 30), rfc3339(one.until_ms),
                   ink(state == "in force" ? Ink::yellow : Ink::dim, state));
        fmt::print("{}{}\n", std::string(26, ' '), ink(Ink::dim, printable(one.reason)));
        return;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("finding", one.finding);
    writer.member("rule", one.rule);
    writer.member("state", state);
    writer.member("reason", one.reason);
    writer.member("by", one.by);
    writer.member("disputed", rfc3339(one.disputed_ms));
    writer.member("until", rfc3339(one.until_ms));
    if (one.withdrawn_ms != 0) writer.member("withdrawn", rfc3339(one.withdrawn_ms));
    writer.end_object();
    fmt::print("{}\n", out);
}

int dispute(const FindingOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const std::int64_t now = wall_ms(), until = parse_end(options.until, now);
    if (until <= now || until - now > dispute_ms_max) {
        complain("--until is a span (30d) or a time to come, at most a year from now; got '" +
                 printable(options.until) + "'");
        return wrong_use;
    }
    store::DisputeRecord record;
    record.finding = options.id;
    record.rule = options.rule;
    record.reason = options.reason;
    if (record.rule.empty()) {
        auto known = rule_in_ledger(*visit, options.id);
        if (!known) return complain(known.error());
        if (known->empty())
            return complain("no entry of the ledger has the finding '" + printable(options.id) +
                            "'; a refusal names it, and so does sallyport ledger show; or say --rule");
        record.rule = std::move(*known);
    } else {
        const auto rules = open_rules(*config);
        if (!rules) return complain(rules.error());
        if (!(*rules)->has_rule(record.rule))
            return complain("there is no rule '" + printable(record.rule) +
                            "'; a refusal and sallyport finding search name the one that found it");
    }
    const std::string by = to_lower(options.by.empty() ? operator_name() : options.by);
    record.by = visit->pseudonyms->remember(identity::NameKind::person, by).view();
    record.disputed_ms = now;
    record.until_ms = until;
    if (auto kept = visit->pseudonyms->keep_names(*visit->state); !kept) return complain(kept.error());
    const auto disputed = visit->state->dispute(record);
    if (!disputed) return complain(disputed.error());
    print(*disputed, options.json);
    return done;
}

int list(const FindingOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    const auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const auto disputes = visit->state->disputes();
    if (!disputes) return complain(disputes.error());
    std::size_t shown = 0;
    for (const store::DisputeRecord& one : *disputes) {
        if (!options.all && !identity::in_force(one, wall_ms())) continue;
        print(one, options.json);
        ++shown;
    }
    if (shown == 0 && !options.json)
        fmt::print("no finding is disputed{}\n", options.all ? "" : "; --all shows those that were");
    return done;
}

int withdraw(const FindingOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    const auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    const auto withdrawn = visit->state->withdraw_dispute(options.id, wall_ms());
    if (!withdrawn) return complain(withdrawn.error());
    print(*withdrawn, options.json);
    return done;
}

} // namespace

void add_finding(Command& app, int& exit_code) {
    static FindingOptions options;
    Command group = app.command("finding", "What inspection finds: look for yourself, and say where it is wrong");
    group.needs_command();

    Command search_command = group.command("search", "Secrets and hidden characters in a text, and what they say");
    add_config_option(search_command, options.config);
    search_command.option("file", options.file, "A file, or - for standard input").required();
    search_command.flag("--json", options.json, "One object a line");
    search_command.footer("Exit codes: 0 nothing found, 1 found. No secret is printed.\n"
                          "Example:\n  git diff | sallyport finding search -\n");
    search_command.run([&exit_code] { exit_code = search(options); });

    const auto is_id = [](const std::string& text) {
        return text.starts_with(identity::finding_prefix) && text.size() == 22
                   ? std::string()
                   : "an id as a refusal or the ledger names it: n_ and 20 letters or digits";
    };
    Command dispute_command = group.command("dispute", "Say that a finding is none; it is no longer acted on");
    add_config_option(dispute_command, options.config);
    dispute_command.option("id", options.id, "As a refusal or the ledger names it").required().check(is_id);
    dispute_command.option("--reason", options.reason, "Why: it is shown in lists")
        .required()
        .check([](const std::string& text) {
            return text.empty() || text.size() > 400 ? std::string("a reason of 1 to 400 characters") : std::string();
        });
    dispute_command.option("--rule", options.rule, "The rule that found it; else the ledger is asked");
    dispute_command.option("--until", options.until, "A span or a time, at most a year").show_default();
    dispute_command.option("--by", options.by, "Who says it (the user of this machine)");
    dispute_command.flag("--json", options.json, "Print an object");
    dispute_command.footer(
        "Of these very bytes and this rule, wherever they stand. A conversation in which it was redacted or withheld "
        "goes on as it was.\n\nExample:\n  sallyport finding dispute n_kq3dm2xj7va4pz5ruw6t "
        "--reason \"test key of the documentation\"\n");
    dispute_command.run([&exit_code] { exit_code = dispute(options); });

    Command list_command = group.command("list", "What is disputed");
    add_config_option(list_command, options.config);
    list_command.flag("--all", options.all, "Also what was");
    list_command.flag("--json", options.json, "One object a line");
    list_command.run([&exit_code] { exit_code = list(options); });

    Command withdraw_command = group.command("withdraw", "It is one after all");
    add_config_option(withdraw_command, options.config);
    withdraw_command.option("id", options.id, "The finding").required().check(is_id);
    withdraw_command.flag("--json", options.json, "Print an object");
    withdraw_command.run([&exit_code] { exit_code = withdraw(options); });
}

} // namespace sallyport::cli
