// sallyport discover
#include "endpoint/discover.h"

#include "base/clock.h"
#include "base/file.h"
#include "cli/discover_commands.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"
#include "endpoint/known_hosts.h"
#include "endpoint/machine_report.h"
#include "policy/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

extern char** environ;

namespace sallyport::cli {

namespace fs = std::filesystem;

namespace {

// The homes of a prepared tree, where none is named.
std::vector<fs::path> homes_below(const fs::path& root) {
    std::vector<fs::path> out;
    std::error_code error;
    for (const char* folder : {"home", "Users"})
        for (auto at = fs::directory_iterator(root / folder, error); !error && at != fs::directory_iterator();
             at.increment(error))
            if (std::error_code ignored; at->is_directory(ignored) && out.size() < 1'000) out.push_back(at->path());
    if (fs::is_directory(root / "root", error)) out.push_back(root / "root");
    std::ranges::sort(out);
    return out;
}

std::string home_of_caller() {
    const char* home = std::getenv("HOME");
    return home == nullptr ? std::string() : std::string(home);
}
fs::path state_folder() { return fs::path(home_of_caller()) / ".local/state/sallyport"; }

Result<endpoint::DiscoverOptions> wanted(const FoundOptions& options) {
    endpoint::DiscoverOptions out;
    out.now_ms = wall_ms();
    std::error_code error;
    const auto absolute = [&](const std::string& text) { return fs::absolute(text, error).lexically_normal(); };
    if (!options.root.empty()) out.root = absolute(options.root);
    for (const auto& [texts, paths] :
         {std::pair(&options.homes, &out.homes), std::pair(&options.workspaces, &out.workspaces)})
        for (const std::string& text : *texts) paths->push_back(absolute(text));
    for (const auto* paths : {&out.homes, &out.workspaces})
        for (const fs::path& path : *paths)
            if (!fs::is_directory(path, error)) return fail(ErrorKind::invalid, path.string() + " is no folder");
    if (!fs::is_directory(out.root, error)) return fail(ErrorKind::invalid, options.root + " is no folder");
    if (out.homes.empty() && !options.root.empty()) out.homes = homes_below(out.root);
    const bool prepared = !options.root.empty() || !options.homes.empty();
    if (!prepared) {
        if (home_of_caller().empty())
            return fail(ErrorKind::invalid, "HOME is not set; --home says whose folder is looked at");
        out.homes.push_back(absolute(home_of_caller()));
        for (char** one = environ; one != nullptr && *one != nullptr; ++one)
            if (const std::string_view text(*one); text.contains('='))
                out.environment.emplace_back(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
    }
    return out;
}

int look(const FoundOptions& options) {
    auto grounds = grounds_of(options);
    if (!grounds) return complain(grounds.error());
    policy::Policy::Loaded loaded;
    if (!options.policy.empty()) {
        loaded = policy::load(options.policy);
        if (!loaded.policy) {
            complain(loaded.mistakes);
            return not_possible; // nothing was judged, so nothing was found either
        }
        grounds->policy = &loaded.policy->program().document;
    }
    auto asked = wanted(options);
    if (!asked) {
        complain(asked.error());
        return wrong_use;
    }
    const auto machine = endpoint::Machine::open(state_folder(), !options.report.empty());
    if (!machine) return complain(machine.error());
    asked->digest_key = *machine ? (*machine)->digest_key() : Secret(crypto::random_bytes(32));
    std::vector<endpoint::FoundFact> facts;
    {
        Progress progress("bytes of programs read");
        std::uint64_t bytes = 0;
        asked->progress = [&](std::uint64_t more) { progress.tell(bytes += more); };
        facts = endpoint::discover(*asked);
    }
    endpoint::judge(facts, *grounds);
    const std::int64_t now = wall_ms();
    if (options.json)
        fmt::print("{}\n", facts_json(facts, now));
    else if (options.sarif)
        fmt::print("{}\n", facts_sarif(facts));
    else
        print_facts(facts, options.all);
    if (!options.report.empty()) {
        const auto report = (*machine)->report(facts, now);
        if (!report) return complain(report.error());
        tell_report(facts, (*machine)->id(), options.report);
        if (auto written = replace_file(options.report, *report, 0600); !written) return complain(written.error());
        fmt::print(stderr, "Written to {}. Nothing was sent.\n", options.report);
    }
    const bool all_approved = std::ranges::none_of(
        facts, [](const endpoint::FoundFact& fact) { return fact.verdict == endpoint::Verdict::not_approved; });
    return all_approved ? done : found_something;
}

int run(const FoundOptions& options) {
    const int modes =
        (options.fleet.empty() ? 0 : 1) + (options.logs.empty() ? 0 : 1) + (options.rules.empty() ? 0 : 1);
    if (modes > 1 || (options.json && options.sarif)) {
        complain(modes > 1 ? "--fleet, --logs and --rules are different questions; ask one"
                           : "--json and --sarif are two forms; choose one");
        return wrong_use;
    }
    if (modes != 0 && (options.sarif || !options.report.empty())) {
        complain("--sarif and --report are of a machine, not of --fleet, --logs or --rules");
        return wrong_use;
    }
    if (!options.fleet.empty()) return discover_fleet(options);
    if (!options.logs.empty()) return discover_logs(options);
    if (!options.rules.empty()) return discover_rules(options);
    if (!options.files.empty()) {
        complain("files are read with --logs; a folder to look at is --workspace or --home");
        return wrong_use;
    }
    return look(options);
}

} // namespace

Result<endpoint::Grounds> grounds_of(const FoundOptions& options) {
    endpoint::Grounds out;
    for (const std::string& text : options.gateways) {
        std::string authority = endpoint::authority_of(text);
        if (authority.empty())
            return fail(ErrorKind::invalid, "--gateway " + text + " is no address, such as https://gateway.example");
        if (authority == endpoint::host_of(text) && text.starts_with("https://"))
            authority += ":443";
        else if (authority == endpoint::host_of(text) && text.starts_with("http://"))
            authority += ":80";
        out.gateways.push_back(std::move(authority));
    }
    for (const std::string& text : options.allowed) {
        const std::string host =
            text.starts_with("*.") ? "*." + endpoint::host_of(text.substr(2)) : endpoint::host_of(text);
        if (host.size() < 3)
            return fail(ErrorKind::invalid,
                        "--allow " + text + " is no host, such as models.acme.example or *.acme.example");
        out.allowed.push_back(host);
    }
    return out;
}

void add_discover(Command& app, int& exit_code) {
    static FoundOptions options;
    Command command = app.command(
        "discover",
        "Clients, plugins, base URLs, keys and proxies found on this machine; fleets of them, logs, closing rules");
    command.option("--home", options.homes, "A home folder to look at, instead of the caller's (several times)")
        .one_each();
    command.option("--root", options.root, "A prepared tree instead of this machine");
    command.option("--workspace", options.workspaces, "A working folder to look at, too (several times)").one_each();
    command.option("--policy", options.policy, "Judge by this policy.yaml");
    command.option("--gateway", options.gateways, "An address of the gateway (several times)").one_each();
    command.option("--allow", options.allowed, "A host that is approved besides (several times)").one_each();
    command.flag("--all", options.all, "Every fact on a line of its own");
    command.option("--report", options.report, "Write a signed report here, after saying what it holds");
    command.option("--fleet", options.fleet, "Merge the signed reports in this folder");
    command.option("--machines", options.machines, "With --fleet: the names of the machines that count, one a line");
    command.option("--against", options.ledger, "With --fleet: what `ledger list --json` printed, to compare with");
    command.option("--banned", options.banned, "With --fleet: NAME or NAME@RANGE: is it gone? (several times)")
        .one_each();
    command.option("--since", options.since, "With --banned: from when on reports count as evidence (2026-11-22, 7d)");
    command.option("--logs", options.logs, "Read network logs for hosts of vendors").one_of({"zeek", "squid", "dns"});
    command.option("files", options.files, "With --logs: the logs; - is standard input");
    command.flag("--show-sources", options.show_sources, "With --logs: addresses as they are, no pseudonyms");
    command.option("--rules", options.rules, "Print rules that close the direct ways")
        .one_of({"nftables", "dns", "pac", "squid"});
    command.flag("--resolve", options.resolve, "With --rules nftables: ask DNS for the addresses of now");
    command.flag("--json", options.json, "Print an object");
    command.flag("--sarif", options.sarif, "Print SARIF 2.1.0");
    command.footer("Nothing is run, changed or sent. Exit codes: 0 all is approved or nothing was judged, 1 something "
                   "is not approved,\n"
                   "2 wrong use, 4 it could not be done.\n\nExamples:\n"
                   "  sallyport discover\n"
                   "  sallyport discover --policy policy.yaml --gateway https://gateway.acme.example --workspace .\n"
                   "  sallyport discover --gateway https://gateway.acme.example --report machine.report\n"
                   "  sallyport discover --fleet reports --banned 'codex@<0.160.0'\n"
                   "  sallyport discover --logs zeek ssl.log --allow models.acme.example\n"
                   "  sallyport discover --rules dns > rpz.zone\n");
    command.run([&exit_code] { exit_code = run(options); });
}

} // namespace sallyport::cli
