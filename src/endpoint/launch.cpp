#include "endpoint/launch.h"

#include "endpoint/redirects.h"
#include "endpoint/view.h"
#include "endpoint/way_out.h"
#include "net/dialer.h"
#include "repo/identity.h"
#include "repo/walk.h"
#include "sandbox/boundary.h"

#include <csignal>
#include <optional>
#include <sys/signalfd.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

// Inside there is nothing else that listens: the ports can be known beforehand.
constexpr std::uint16_t gateway_port = 7100;

// Ends the loop when the program ended.
class UntilEnded final : net::Watcher {
public:
    UntilEnded(net::Loop& loop, int pidfd) : loop_(loop), pidfd_(pidfd) {}
    Result<void> watch() { return loop_.watch(pidfd_, *this); }
    void stop() { loop_.unwatch(pidfd_, *this); }

private:
    void ready(std::uint32_t) override { loop_.stop(); }
    net::Loop& loop_;
    int pidfd_;
};

// What ends us is passed on; what the terminal sends reaches the program by itself.
class PassedOn final : net::Watcher {
public:
    PassedOn(net::Loop& loop, const sandbox::Boundary& boundary) : loop_(loop), boundary_(boundary) {}
    ~PassedOn() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    static sigset_t all() {
        sigset_t out;
        ::sigemptyset(&out);
        for (const int one : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) ::sigaddset(&out, one);
        return out;
    }
    Result<void> watch() {
        const sigset_t signals = all();
        descriptor_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (descriptor_ < 0) return fail_errno("cannot wait for signals");
        return loop_.watch(descriptor_, *this);
    }

private:
    void ready(std::uint32_t) override {
        for (signalfd_siginfo told{}; ::read(descriptor_, &told, sizeof told) == sizeof told;)
            if (told.ssi_signo == SIGTERM || told.ssi_signo == SIGHUP)
                boundary_.signal(static_cast<int>(told.ssi_signo));
    }
    net::Loop& loop_;
    const sandbox::Boundary& boundary_;
    int descriptor_ = -1;
};

std::string repository_of(const fs::path& workspace) {
    const auto opened = repo::Repository::open(workspace);
    return opened ? repo::normalise_remote(opened->remote()).value_or("") : std::string();
}

Result<void> refuse_redirects(const fs::path& workspace) {
    const auto found = find_redirects(workspace);
    if (found.empty()) return {};
    std::string out = "this repository's own files would send the client elsewhere, so it was not started:";
    for (const Redirect& one : found)
        out += "\n  " + one.file.string() + (one.line > 0 ? ":" + std::to_string(one.line) : "") + ": " + one.what;
    return fail(ErrorKind::refused, out + "\nTake them out, or look at them and say --despite-redirects");
}

struct Prepared {
    sandbox::BoundarySpec spec;
    Installed installed;
};

Result<Prepared> prepare(const LaunchOptions& options, const fs::path& workspace) {
    Prepared out;
    ViewOptions shown;
    shown.workspace = workspace;
    shown.home = options.home;
    shown.state = options.home / ".local/state/sallyport/homes" /
                  (options.client != nullptr ? std::string(options.client->name) : "program");
    Setting setting;
    if (options.client != nullptr) {
        auto installed = find_installed(*options.client, options.path);
        if (!installed) return std::unexpected(installed.error());
        out.installed = std::move(*installed);
        shown.programs = out.installed.roots;
        if (!options.gateway.where.host.empty())
            setting = options.client->setting({"http://127.0.0.1:" + std::to_string(gateway_port), options.model});
    } else {
        out.installed.program = options.program;
        shown.programs.push_back(options.program.parent_path());
    }
    shown.files = setting.files;
    std::error_code error;
    fs::create_directories(shown.state, error);
    if (error) return fail(ErrorKind::io, "cannot make " + shown.state.string() + ": " + error.message());
    auto places = view(shown);
    if (!places) return std::unexpected(places.error());
    out.spec.places = std::move(*places);
    out.spec.directory = fs::canonical(options.directory, error);
    out.spec.command.push_back(out.installed.program);
    for (const std::vector<std::string>* list : {&std::as_const(setting.arguments), &options.arguments})
        out.spec.command.insert(out.spec.command.end(), list->begin(), list->end());
    out.spec.environment = options.environment;
    for (const auto& [name, value] : setting.environment) out.spec.environment.push_back(name + "=" + value);
    if (!options.gateway.where.host.empty()) out.spec.doors.push_back({false, gateway_port});
    return out;
}

} // namespace

fs::path workspace_of(const fs::path& directory, const fs::path& home) {
    std::error_code error;
    const fs::path from = fs::weakly_canonical(directory, error);
    const fs::path end = fs::weakly_canonical(home, error);
    for (fs::path folder = from; folder.has_relative_path() && folder != end; folder = folder.parent_path())
        if (fs::exists(folder / ".git", error)) return folder;
    return from;
}

Result<Receipt> launch(const LaunchOptions& options) {
    const fs::path workspace = workspace_of(options.directory, options.home);
    if (options.client != nullptr && !options.despite_redirects)
        if (auto fine = refuse_redirects(workspace); !fine) return std::unexpected(fine.error());
    auto prepared = prepare(options, workspace);
    if (!prepared) return std::unexpected(prepared.error());
    auto boundary = sandbox::Boundary::prepare(prepared->spec);
    if (!boundary) return std::unexpected(boundary.error());

    Receipt receipt;
    receipt.client = options.client != nullptr ? options.client->name : std::string_view("program");
    receipt.version = prepared->installed.version;
    receipt.repository = repository_of(workspace);

    const sigset_t passed = PassedOn::all();
    ::pthread_sigmask(SIG_BLOCK, &passed, nullptr);
    net::Loop loop;
    net::Resolver resolver;
    std::optional<WayOut> way;
    if (!boundary->doors().empty()) {
        way.emplace(loop, resolver, WayOutOptions{options.gateway, options.key, receipt.repository});
        if (auto listening = way->listen(::dup(boundary->doors()[0].descriptor)); !listening)
            return std::unexpected(listening.error());
    }
    UntilEnded ended(loop, boundary->ended());
    PassedOn signals(loop, *boundary);
    if (auto watched = ended.watch(); !watched) return std::unexpected(watched.error());
    if (auto watched = signals.watch(); !watched) return std::unexpected(watched.error());
    if (auto begun = boundary->begin(); !begun) return std::unexpected(begun.error());
    loop.run();
    ended.stop();
    receipt.exit_code = boundary->wait();
    if (way) {
        const WayOut::Figures& figures = way->figures();
        receipt.exchanges = figures.exchanges;
        receipt.refused = figures.refused;
        receipt.sent_bytes = figures.sent_bytes;
        receipt.received_bytes = figures.received_bytes;
        receipt.unreachable = figures.unreachable;
        way->cut();
    }
    loop.abandon();
    return receipt;
}

} // namespace sallyport::endpoint
