// sallyport run: a coding client, or any program, inside the boundary.
#include "base/file.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "endpoint/launch.h"
#include "endpoint/sign_in.h"

#include <fmt/format.h>

#include <cstdlib>
#include <unistd.h>

namespace sallyport::cli {

namespace {

struct RunOptions {
    std::string client; // or program
    std::vector<std::string> arguments;
    std::string gateway, key_file, model;
    std::vector<std::string> grants;
    bool generic = false, quiet = false, despite_redirects = false;
};

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

// What of the person's environment goes inside: how to show text. Nothing that names a key, a proxy or an address.
std::vector<std::string> environment_inside() {
    std::vector<std::string> out;
    for (const char* name : {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LC_ALL",
                             "LC_CTYPE", "TZ", "NO_COLOR", "EDITOR", "VISUAL", "PAGER"})
        if (const char* const value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
    return out;
}

Result<Secret> company_key(const std::string& file) {
    if (std::string key = variable("SALLYPORT_KEY"); !key.empty()) return Secret(std::move(key));
    const std::string path = file.empty() ? variable("HOME") + "/.config/sallyport/key" : file;
    auto text = read_file(path, 4096);
    if (!text)
        return fail(ErrorKind::unavailable, "there is no company key: put what `sallyport key issue` printed into " +
                                                path +
                                                " (mode 600), or into SALLYPORT_KEY; or sign in with: "
                                                "sallyport sign-in");
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r' || text->back() == ' ')) text->pop_back();
    return Secret(std::move(*text));
}

constexpr std::size_t hosts_shown_max = 12;

void line(const std::string& text) { fmt::print(stderr, "{}\n", ink(Ink::dim, text)); }

std::string contacts_of(const egress::Receipts::Host& host) {
    std::string out;
    const auto add = [&](std::uint64_t count, std::string_view what) {
        if (count > 0) out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", count, what, count == 1 ? "" : "s");
    };
    add(host.contacts, "contact");
    if (host.contacts > 0) out += fmt::format(" ({} bytes sent, {} received)", host.sent_bytes, host.received_bytes);
    if (host.names > 0)
        out += fmt::format("{}{} question{} about its name", out.empty() ? "" : ", ", host.names,
                           host.names == 1 ? "" : "s");
    if (host.refused > 0)
        out += fmt::format("{}{} refused: {}", out.empty() ? "" : ", ", host.refused, printable(host.reason));
    return out;
}

void tell(const endpoint::Receipt& receipt) {
    const std::string who = receipt.version.empty() ? receipt.client : receipt.client + " " + receipt.version;
    line(fmt::format(
        "sallyport: {}{}, boundary of tier {}: {} exchange{} with the gateway ({} refused), {} bytes sent{}; {}", who,
        receipt.repository.empty() ? "" : " on " + receipt.repository, receipt.tier, receipt.exchanges,
        receipt.exchanges == 1 ? "" : "s", receipt.refused, receipt.sent_bytes,
        receipt.evidence.empty() ? "" : "; binding: " + receipt.evidence,
        receipt.hosts.empty() ? "no contact with anybody else" : "besides:"));
    std::size_t shown = 0;
    for (const auto& [name, host] : receipt.hosts)
        if (++shown <= hosts_shown_max) line(fmt::format("  {}: {}", printable(name), contacts_of(host)));
    if (shown > hosts_shown_max) line(fmt::format("  and {} more", shown - hosts_shown_max));
    if (shown > 0) line(fmt::format("  each contact: {}", receipt.file.string()));
    for (const auto& [id, uses] : receipt.grants)
        line(fmt::format("  grant {}: used {} time{}", printable(id), uses, uses == 1 ? "" : "s"));
    for (const std::string& one : receipt.not_granted) line("  " + printable(one));
    for (const std::string& one : receipt.unreached) line("  " + printable(one));
    if (!receipt.not_renewed.empty())
        fmt::print(stderr, "sallyport: the binding could not be renewed: {}\n", printable(receipt.not_renewed));
    for (const std::string& file : receipt.changed)
        line(fmt::format("  {} was replaced from outside meanwhile, and guarded anew; look at it", printable(file)));
    if (!receipt.of_ledger.empty()) fmt::print(stderr, "sallyport: {}\n", printable(receipt.of_ledger));
    if (!receipt.untold.empty())
        fmt::print(stderr, "sallyport: the gateway does not know of the end of this run: {}\n",
                   printable(receipt.untold));
    if (!receipt.unreachable.empty()) fmt::print(stderr, "sallyport: {}\n", receipt.unreachable);
}

int run(const RunOptions& options) {
    endpoint::LaunchOptions launch;
    launch.path = variable("PATH");
    launch.home = variable("HOME");
    if (!launch.home.is_absolute()) return complain("HOME is not set to a folder");
    launch.client = options.generic ? nullptr : endpoint::find_client(options.client);
    if (launch.client == nullptr && !options.generic) {
        std::string known;
        for (const auto& one : endpoint::clients()) known += " " + std::string(one.word);
        complain(options.client + " is no client that is known; there are" + known + ", and --generic for any program");
        return wrong_use;
    }
    if (options.generic) launch.program = endpoint::find_in_path(options.client, launch.path);
    if (options.generic && launch.program.empty()) return complain(options.client + " is not found in PATH");
    launch.arguments = options.arguments;
    launch.directory = std::filesystem::current_path();
    launch.environment = environment_inside();
    launch.model = options.model;
    launch.despite_redirects = options.despite_redirects;
    launch.agent = variable("SSH_AUTH_SOCK");
    launch.grants.insert(options.grants.begin(), options.grants.end());
    if (!options.gateway.empty()) {
        std::string behind; // also of a sign-in: written without a slash at its end
        auto gateway = origin_of(options.gateway, behind);
        if (!gateway) return complain(gateway.error());
        if (!behind.empty()) return complain("the gateway's address has no path; leave out " + behind);
        launch.gateway = std::move(*gateway);
        auto key = company_key(options.key_file);
        const auto file = endpoint::sign_in_file(launch.home);
        const auto signed_in = endpoint::read_sign_in(file);
        if (key) {
            launch.key = std::move(*key);
        } else if (!signed_in) {
            return complain(signed_in.error());
        } else if (*signed_in && options.key_file.empty()) {
            if ((*signed_in)->gateway != options.gateway)
                return complain("you are signed in at " + (*signed_in)->gateway + ", not at " + options.gateway +
                                "; sign in there with: sallyport sign-in --gateway " + options.gateway);
            launch.sign_in = file;
        } else {
            return complain(key.error());
        }
    } else if (launch.client != nullptr) {
        return complain("no gateway is named: say --gateway https://…, or set SALLYPORT_GATEWAY");
    }
    if (!options.quiet)
        launch.progress = [](std::string_view what) {
            fmt::print(stderr, "{}\n", ink(Ink::dim, fmt::format("sallyport: {} …", what)));
        };
    // A coding client draws on the whole screen: it is told at the end then.
    if (!options.quiet && launch.client == nullptr)
        launch.tell = [](std::string_view sentence) { line("sallyport: " + std::string(sentence)); };
    const auto receipt = endpoint::launch(launch);
    if (!receipt) {
        complain(receipt.error());
        return receipt.error().kind == ErrorKind::refused ? refused : not_possible;
    }
    if (!options.quiet) tell(*receipt);
    for (const std::string& file : receipt->used)
        fmt::print(
            stderr,
            "sallyport: the client was ended: it wrote into {} in the moment in which that was replaced from outside. "
            "Look at it before you use git here, and tell those who approve clients\n",
            printable(file));
    return receipt->exit_code;
}

} // namespace

void add_run(Command& app, int& exit_code) {
    static RunOptions options;
    Command command = app.command("run", "Start a coding client inside the boundary: no way out but the gateway");
    command.option("client", options.client, "claude, codex, gemini, qwen, opencode or copilot").required();
    command.option("arguments", options.arguments, "The client's own, behind --");
    command.option("--gateway", options.gateway, "The company's gateway, https://…").environment("SALLYPORT_GATEWAY");
    command.option("--key-file", options.key_file,
                   "The company key is in this file (~/.config/sallyport/key; or SALLYPORT_KEY)");
    command.option("--model", options.model, "The model it is to ask for");
    command.flag("--despite-redirects", options.despite_redirects,
                 "Also where the repository's files name another address");
    command.option("--grant", options.grants, "A grant of the policy that this run is to have, by its id").one_each();
    command.flag("--generic", options.generic, "Any program, not a known coding client");
    command.flag("-q,--quiet", options.quiet, "No receipt at the end");
    command.footer(
        "The client sees this repository, the machine's programs and a home folder of its own. Its exit code is the "
        "command's; 3: refused before it started, 4: it could not be started.\n\nExamples:\n  sallyport run claude\n  "
        "sallyport run codex -- exec 'explain main.cpp'\n  sallyport run --generic bash\n  sallyport run --grant "
        "dev-server claude\n");
    command.run([&exit_code] { exit_code = run(options); });
}

} // namespace sallyport::cli
