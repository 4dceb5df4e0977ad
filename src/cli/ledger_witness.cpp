// sallyport ledger witness: cosigns the checkpoints of ledgers, so that none of them can show two histories.
#include "cli/ledger_commands.h"
#include "cli/terminal.h"
#include "gateway/service.h"
#include "gateway/witness_server.h"
#include "sandbox/harden.h"

#include <fmt/format.h>

#include <csignal>

namespace sallyport::cli {

namespace {

struct WitnessOptions {
    std::string listen = "127.0.0.1:9103", data, name;
    gateway::WitnessListener listener;
    std::vector<std::string> logs;
    bool print_key = false;
};

// Until a signal ends it; SIGHUP is no such one: there is nothing to read anew.
void wait_for_end() {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    int signal = 0;
    while (sigwait(&ends, &signal) != 0) {
    }
}

int witness(WitnessOptions& options) {
    if (const auto denied = sandbox::deny_dumps(); !denied) return complain(denied.error());
    auto signer = ledger::open_witness_key(options.data, options.name);
    if (!signer) return complain(signer.error());
    const std::string key = signer->verifier().text();
    if (options.print_key) {
        fmt::print("{}\n", key);
        return done;
    }
    if (options.logs.empty()) {
        [[maybe_unused]] const int told = complain("a witness needs the keys of the logs that it cosigns: --log, as "
                                                   "`sallyport ledger key` prints it where the ledger is written");
        return wrong_use;
    }
    std::vector<crypto::NoteVerifier> keys;
    for (const std::string& log : options.logs)
        if (auto added = add_keys(log, keys); !added) {
            [[maybe_unused]] const int told = complain(added.error());
            return wrong_use;
        }
    const auto where = net::parse_host_port(options.listen);
    if (!where) {
        [[maybe_unused]] const int told = complain(where.error());
        return wrong_use;
    }
    options.listener.address = *where;
    gateway::block_signals();
    const Log log;
    const auto store = ledger::WitnessStore::open(options.data, std::move(*signer), std::move(keys), log);
    if (!store) return complain(store.error());
    const auto server = gateway::WitnessServer::start(options.listener, **store);
    if (!server) return complain(server.error());
    if (const auto hardened = sandbox::deny_exec(); !hardened) return complain(hardened.error());
    fmt::print("key {}\nlistening on {}\n", printable(key), (*server)->url());
    std::fflush(stdout);
    wait_for_end();
    return done;
}

} // namespace

void add_ledger_witness(Command& group, int& exit_code) {
    static WitnessOptions options;
    Command command = group.command("witness", "Cosign checkpoints of ledgers (C2SP tlog-witness)");
    command.option("--data", options.data, "Where its key and the last checkpoint of each log are kept").required();
    command
        .option("--log", options.logs,
                "The verifier key of a log, as `sallyport ledger key` prints it, or a file of them")
        .one_each();
    command.option("--listen", options.listen, "Address and port; port 0 takes a free one").show_default();
    command.option("--name", options.name,
                   "Of the key that is made at the first start, such as w1.acme.example; chosen at random else");
    command.option("--tls-certificate", options.listener.certificate_file, "Certificate chain (PEM); serves TLS");
    command.option("--tls-key", options.listener.key_file, "Its private key (PEM)");
    command.flag("--print-key", options.print_key,
                 "Print its verifier key, which is made where there is none, and end");
    command.footer(
        "Run it on a machine that the gateway's operators do not control: it shows when a ledger was rolled back.\n\n"
        "Examples:\n  sallyport ledger witness --data /var/lib/witness --name w1.acme.example --print-key\n"
        "  sallyport ledger witness --data /var/lib/witness --listen 10.0.0.7:9103 --log ledger-keys\n");
    command.run([&exit_code] { exit_code = witness(options); });
}

} // namespace sallyport::cli
