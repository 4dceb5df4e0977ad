// sallyport ledger unmask: the name behind a pseudonym, for a case, by two people with their own keys (identity/unmask.h).
#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/ledger_source.h"
#include "cli/terminal.h"
#include "identity/unmask.h"
#include "json/document.h"

#include <fmt/format.h>

#include <cstdlib>

namespace sallyport::cli {

namespace {

struct UnmaskOptions {
    std::string config, gateway, pseudonym, case_number, by, with;
    bool json = false;
};

Result<Secret> key_in(const std::string& file) {
    if (file.empty()) {
        const char* key = std::getenv("SALLYPORT_KEY");
        if (key != nullptr && *key != '\0') return Secret(std::string(key));
        return fail(ErrorKind::invalid, "put your key into SALLYPORT_KEY, or name a file that holds it: --by FILE");
    }
    auto text = read_file(file, 4096);
    if (!text) return std::unexpected(text.error());
    return Secret(std::string(trim(std::string_view(*text).substr(0, text->find_first_of("\r\n")))));
}

// One person's step.
Result<identity::Unmasking> step(Visit& visit, const UnmaskOptions& options, const std::string& key_file) {
    const auto key = key_in(key_file);
    if (!key) return std::unexpected(key.error());
    auto keys = visit.state->keys();
    if (!keys) return std::unexpected(keys.error());
    const crypto::Mac digests(visit.installation.keys().key_digests);
    const identity::KeyTable table(digests, std::move(*keys));
    const identity::KeyCheck check = table.check(key->reveal(), wall_ms());
    if (check.problem != identity::KeyProblem::none)
        return fail(ErrorKind::refused, std::string(identity::sentence(check.problem)));
    return identity::unmask(*visit.state, *visit.pseudonyms, check.caller, options.pseudonym, options.case_number,
                            wall_ms());
}

int print(const std::string& json, const UnmaskOptions& options) {
    if (options.json) {
        fmt::print("{}", json);
        return done;
    }
    const Buffer padded(json);
    json::Document document;
    if (auto parsed = document.parse(padded.view()); !parsed) return complain(parsed.error());
    const auto text = [&](std::string_view key) {
        std::string scratch;
        const auto n = document.find(document.root(), key);
        return n == json::no_node ? std::string() : std::string(document.text(n, scratch));
    };
    if (const std::string name = text("name"); !name.empty()) {
        fmt::print("{}\n", printable(name));
        return done;
    }
    const auto first = identity::access_named(text("asked_access"));
    fmt::print("Asked. Until {} somebody whose key has access {} says the same, with their own key:\n"
               "  sallyport ledger unmask {} --case {}\nThen you ask once more.\n",
               printable(text("until")),
               first && identity::reads_bodies(*first) ? "data-protection" : "auditor or security",
               printable(text("pseudonym")), printable(text("case")));
    return done;
}

int unmask(const UnmaskOptions& options) {
    if (!options.gateway.empty()) {
        if (!options.by.empty() || !options.with.empty()) {
            [[maybe_unused]] const int told =
                complain("a gateway is asked by each person with their own SALLYPORT_KEY, not with --by and --with");
            return wrong_use;
        }
        std::string target = "/ledger/unmask";
        add_parameter(target, "pseudonym", options.pseudonym);
        add_parameter(target, "case", options.case_number);
        const auto answer = post_to_gateway(options.gateway, target);
        return answer ? print(*answer, options) : complain(answer.error());
    }
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return exit_code;
    auto opened = step(*visit, options, options.by);
    if (opened && !opened->name && !options.with.empty()) opened = step(*visit, options, options.with);
    if (!opened) return complain(opened.error());
    return print(identity::unmasking_json(*opened), options);
}

} // namespace

void add_ledger_unmask(Command& group, int& exit_code) {
    static UnmaskOptions options;
    Command command = group.command("unmask", "The name behind a pseudonym, for a case, by two people; it is recorded");
    command.option("pseudonym", options.pseudonym, "Of a person (p_…) or machine (m_…), as lists show it").required();
    command.option("--case", options.case_number, "The number of the case; it is recorded").required();
    add_config_option(command, options.config);
    command.option("--gateway", options.gateway, "Ask this gateway, as list does").environment("SALLYPORT_ADMIN");
    command.option("--by", options.by, "A file with the key of who asks; else it is in SALLYPORT_KEY");
    command.option("--with", options.with, "A file with the second person's key, where both sit here");
    command.flag("--json", options.json, "Print an object");
    command.footer(
        "One of the two keys has access auditor or security, the other one data-protection (sallyport key "
        "issue --access). Both ask for the same within 24 hours, whichever first; each look is an entry of the "
        "ledger, with both and the case.\n\nExample:\n  sallyport ledger unmask p_k3f9x2abq7k3f9x2abq7 --case "
        "HR-2026-17\n");
    command.run([&exit_code] { exit_code = unmask(options); });
}

} // namespace sallyport::cli
