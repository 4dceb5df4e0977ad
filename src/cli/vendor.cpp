// `sallyport vendor`: the simulated vendor, until a signal ends it.
#include "sim/vendor.h"

#include "cli/commands.h"
#include "cli/terminal.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <memory>

namespace sallyport::cli {

namespace {

constexpr const char* guide = R"(What it answers depends on the newest text of the user:
  vendor:read(FILE)      a call of the client's own tool that reads FILE; the next turn quotes what it said
  vendor:edit(FILE,WORD) the same, then a call of its tool that edits: from WORD on, the line gets a remark at its end
  vendor:say(TEXT)       TEXT              vendor:text(N)        N bytes of text
  vendor:events(N[,K])   N text deltas, K in one write
  vendor:fault(SPEC)     goes wrong; also by the header x-vendor-fault, or for all requests by --fault

Faults, with commas between: status=529 | status=429,retry-after=2 | html | hang | cut | reset | before-head | early-end |
  error-event | stall=MS | ping[=MS] | pace=MS | drip=MS | half-event | wrong-length | short-length | bad-chunk | gzip | gate
  and when: first=N (of the model calls), rate=P (with --seed), streaming (only answers that stream)

For tests: GET /vendor/requests (the log), GET /vendor/next (with --gate: one more event), POST /vendor/reset.

Examples:
  sallyport vendor --log requests.jsonl
  ANTHROPIC_BASE_URL=http://127.0.0.1:9101 ANTHROPIC_API_KEY=any claude -p 'vendor:read(README.md)'
  sallyport vendor --fault status=529,first=2 --fault cut,rate=0.1 --seed 7
  sallyport vendor --listen 127.0.0.1:0 --tls-cert vendor.pem --tls-key vendor.key --threads 2 --no-digest)";

struct Arguments {
    sim::VendorOptions vendor;
    bool json = false;
    bool no_digest = false;
};

int run(Arguments& arguments) {
    // Blocked before the loops' threads are made, so that none of them is the one to be interrupted.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    arguments.vendor.digest = !arguments.no_digest;
    const auto vendor = sim::Vendor::start(arguments.vendor);
    if (!vendor) {
        complain(vendor.error());
        return vendor.error().kind == ErrorKind::invalid ? wrong_use : not_possible;
    }
    const std::string url = (*vendor)->url();
    if (arguments.json)
        fmt::print("{{\"listening\":\"{}\"}}\n", url);
    else
        fmt::print("listening on {}\n", url);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
    return done;
}

} // namespace

void add_vendor(Command& app, int& exit_code) {
    const auto arguments = std::make_shared<Arguments>();
    sim::VendorOptions& options = arguments->vendor;
    options.listen = "127.0.0.1:9101";
    Command command = app.command("vendor", "A simulated vendor of all four dialects, with faults on demand");
    command.footer(guide);
    command.option("--listen", options.listen, "Address and port; port 0 takes a free one").show_default();
    command.option("--tls-cert", options.tls_certificate, "Certificate chain (PEM); serves TLS");
    command.option("--tls-key", options.tls_key, "Its private key (PEM)");
    command.option("--log", options.log_file, "Append a line of JSON per request to this file");
    command.option("--save", options.save_folder, "Keep each request in this folder: <n>.head and <n>.body");
    // One per flag: a fault has commas of its own.
    command.option("--fault", options.faults, "What goes wrong, see below; repeatable, the first that strikes counts")
        .one_each();
    command.option("--seed", options.seed, "For rate=P").show_default();
    command.option("--threads", options.threads, "Loops that share the port").show_default();
    command.flag("--gate", options.gate, "The next event of a stream leaves only after GET /vendor/next");
    command.flag("--no-digest", arguments->no_digest, "No digests, and no log but --log: for benchmarks");
    command.flag("--json", arguments->json, "Print {\"listening\":URL}");
    command.run([arguments, &exit_code] { exit_code = run(*arguments); });
}

} // namespace sallyport::cli
