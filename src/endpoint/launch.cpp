#include "endpoint/launch.h"

#include "base/clock.h"
#include "endpoint/forward.h"
#include "endpoint/git_guards.h"
#include "endpoint/reached.h"
#include "endpoint/redirects.h"
#include "endpoint/seen_ledgers.h"
#include "endpoint/sign_in.h"
#include "endpoint/ssh_doors.h"
#include "endpoint/statement.h"
#include "endpoint/tier.h"
#include "endpoint/view.h"
#include "endpoint/way_out.h"
#include "net/dialer.h"
#include "sandbox/boundary.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <sys/signalfd.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr int ends_looks_max = 50;
constexpr std::int64_t ends_look_ms = 5;
constexpr std::int64_t told_ms_max = 2'000; // nobody waits longer for their prompt

// Inside there is nothing else that listens: the ports can be known beforehand.
constexpr std::uint16_t gateway_port = 7100, proxy_port = 7101, names_port = 53;

// Told when the program ended.
class UntilEnded final : net::Watcher {
public:
    UntilEnded(net::Loop& loop, int pidfd, std::function<void()> ended)
        : loop_(loop), pidfd_(pidfd), ended_(std::move(ended)) {}
    Result<void> watch() { return loop_.watch(pidfd_, *this); }
    void stop() { loop_.unwatch(pidfd_, *this); }

private:
    void ready(std::uint32_t) override { ended_(); }
    net::Loop& loop_;
    int pidfd_;
    std::function<void()> ended_;
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

Result<void> refuse_redirects(const fs::path& workspace) {
    const auto found = find_redirects(workspace);
    if (found.empty()) return {};
    std::string out = "this repository's own files would send the client elsewhere, so it was not started:";
    for (const Redirect& one : found)
        out += "\n  " + one.file.string() + (one.line > 0 ? ":" + std::to_string(one.line) : "") + ": " + one.what;
    return fail(ErrorKind::refused, out + "\nTake them out, or look at them and say --despite-redirects");
}

fs::path state_of(const LaunchOptions& options) { return options.home / ".local/state/sallyport"; }

struct Prepared {
    sandbox::BoundarySpec spec;
    Installed installed;
};

// What the gateway said before the client starts.
struct Agreed {
    std::string answer; // for Holder::take(); empty: there is no gateway
    std::string of_ledger;
    std::shared_ptr<const crypto::CertificateAuthority> authority;
    Grants grants;
    SshGrants ssh;
};

void add_ssh(Prepared& out, ViewOptions& shown, const SshGrants& ssh) {
    for (const SshGrants::Server& one : ssh.servers()) out.spec.doors.push_back({false, one.port, one.address});
    const auto files = ssh.files();
    shown.files.insert(shown.files.end(), files.begin(), files.end());
    if (ssh.socket().empty()) return;
    out.spec.environment.push_back(std::string("SSH_AUTH_SOCK=") + SshGrants::socket_inside);
}

void add_doors(Prepared& out, ViewOptions& shown, const Agreed& agreed) {
    const crypto::CertificateAuthority* const authority = agreed.authority.get();
    const ForwardSetting forward = forward_setting(proxy_port, authority);
    shown.files.insert(shown.files.end(), forward.files.begin(), forward.files.end());
    for (const auto& [name, value] : forward.environment) out.spec.environment.push_back(name + "=" + value);
    out.spec.doors = {{false, gateway_port}, {false, proxy_port}, {true, names_port}};
    out.spec.is_reached = true;
    add_ssh(out, shown, agreed.ssh);
}

// `installed`: of a client.
Result<Prepared> prepare(const LaunchOptions& options, const fs::path& workspace, Installed installed,
                         const Agreed& agreed) {
    Prepared out;
    ViewOptions shown;
    shown.workspace = workspace;
    shown.home = options.home;
    shown.state =
        state_of(options) / "homes" / (options.client != nullptr ? std::string(options.client->name) : "program");
    Setting setting;
    if (options.client != nullptr) {
        out.installed = std::move(installed);
        shown.programs = out.installed.roots;
        if (!options.gateway.where.host.empty())
            setting = options.client->setting({"http://127.0.0.1:" + std::to_string(gateway_port), options.model});
    } else {
        out.installed.program = options.program;
        shown.programs.push_back(options.program.parent_path());
    }
    shown.files = setting.files;
    out.spec.environment = options.environment;
    if (!options.gateway.where.host.empty()) add_doors(out, shown, agreed);
    std::error_code error;
    fs::create_directories(shown.state, error);
    if (error) return fail(ErrorKind::io, "cannot make " + shown.state.string() + ": " + error.message());
    auto places = view(shown);
    if (!places) return std::unexpected(places.error());
    out.spec.places = std::move(*places);
    if (!agreed.ssh.socket().empty())
        out.spec.places.push_back({sandbox::Place::Kind::read_only, SshGrants::socket_inside, agreed.ssh.socket()});
    out.spec.directory = fs::canonical(options.directory, error);
    out.spec.command.push_back(out.installed.program);
    for (const std::vector<std::string>* list : {&std::as_const(setting.arguments), &options.arguments})
        out.spec.command.insert(out.spec.command.end(), list->begin(), list->end());
    for (const auto& [name, value] : setting.environment) out.spec.environment.push_back(name + "=" + value);
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

namespace {

// "20261122T211639.123Z": sorts by time, and is a file's name everywhere.
std::string spelled(std::int64_t at_ms) {
    std::string out = rfc3339(at_ms);
    std::erase_if(out, [](char c) { return c == '-' || c == ':'; });
    return out;
}

Result<KnownTier> require_tier(const LaunchOptions& options, const Remembered& remembered) {
    if (options.progress && !remembered.get("tier", tier_key()))
        options.progress("measuring what a boundary is worth on this machine");
    KnownTier known = known_tier(remembered);
    if (known.tier != 'A') return fail(ErrorKind::unavailable, "nothing was started: " + known.why);
    return known;
}

Result<void> know_grants(const LaunchOptions& options, const Agreed& agreed) {
    for (const std::string& id : options.grants)
        if (!agreed.grants || std::ranges::find(*agreed.grants, id, &policy::Grant::id) == agreed.grants->end()) {
            std::string known;
            if (agreed.grants)
                for (const policy::Grant& one : *agreed.grants) known += (known.empty() ? "" : ", ") + one.id;
            return fail(ErrorKind::refused, "the policy has no grant '" + id + "' for this repository; there " +
                                                (known.empty() ? "are none" : "are: " + known));
        }
    return {};
}
Result<Agreed> agree(const LaunchOptions& options, const identity::Statement& statement) {
    Agreed out;
    if (options.gateway.where.host.empty()) return out;
    SeenLedgers seen(state_of(options) / "ledgers", options.gateway.authority);
    GatewayAccess access{options.gateway, options.key, options.sign_in};
    if (!access.sign_in.empty())
        if (auto kept = keep_signed_in_apart(access); !kept) return std::unexpected(kept.error());
    auto answer = ask_for_binding_apart(access, statement, seen.fields());
    if (!answer) return std::unexpected(answer.error());
    out.answer = std::move(*answer);
    auto told = seen.take(out.answer);
    if (!told) return std::unexpected(told.error());
    out.of_ledger = std::move(*told);
    auto authority = authority_of(out.answer);
    if (!authority) return std::unexpected(authority.error());
    out.authority = std::move(*authority);
    auto grants = grants_of(out.answer);
    if (!grants) return std::unexpected(grants.error());
    out.grants = std::move(*grants);
    out.ssh.take(out.grants, options.grants, options.agent);
    if (auto known = know_grants(options, out); !known) return std::unexpected(known.error());
    return Result<Agreed>(std::move(out));
}

// What goes on outside while the program runs inside: the way to the gateway, the forward proxy, signals, the program's end.
class Outside {
public:
    Outside(sandbox::Boundary& boundary, const LaunchOptions& options) : boundary_(boundary), options_(options) {}
    ~Outside() { loop_.abandon(); }

    Result<void> run(const identity::Statement& statement, Agreed& agreed) {
        if (!boundary_.doors().empty())
            if (auto opened = open_doors(statement, agreed); !opened) return opened;
        if (auto watched = ended_.watch(); !watched) return watched;
        if (auto watched = signals_.watch(); !watched) return watched;
        if (auto begun = boundary_.begin(); !begun) return begun;
        if (reached_) reached_->start();
        loop_.run();
        return {};
    }
    void tell(Receipt& receipt) const {
        if (!way_) return;
        const WayOut::Figures& figures = way_->figures();
        receipt.exchanges = figures.exchanges;
        receipt.refused = figures.refused;
        receipt.sent_bytes = figures.sent_bytes;
        receipt.received_bytes = figures.received_bytes;
        receipt.unreachable = figures.unreachable;
        receipt.untold = figures.untold;
        receipt.evidence = way_->holder().evidence();
        receipt.not_renewed = way_->holder().problem();
        receipt.hosts = forward_->receipts().hosts();
        receipt.file = receipts_file();
        receipt.not_granted.assign(ssh_->told().begin(), ssh_->told().end());
        receipt.grants = used_grants();
        if (!reached_) return;
        for (const auto& [port, why] : reached_->closed()) receipt.unreached.push_back(why);
    }

private:
    fs::path receipts_file() const {
        return state_of(options_) / "receipts" / (spelled(begun_ms_) + "-" + std::to_string(::getpid()) + ".jsonl");
    }

    Result<void> open_doors(const identity::Statement& statement, Agreed& agreed) {
        way_.emplace(loop_, resolver_, WayOutOptions{{options_.gateway, options_.key, options_.sign_in}, statement});
        if (auto taken = way_->holder().take(agreed.answer); !taken) return taken;
        ForwardOptions forward;
        forward.rules = [this] { return way_->holder().rules(); };
        forward.authority = agreed.authority;
        forward.models = [this](http::Exchange& exchange, const http::Arrival&) { return way_->relay(exchange); };
        forward.names = agreed.ssh.names();
        forward.receipts = receipts_file();
        auto opened = Forward::open(loop_, resolver_, buffers_, std::move(forward));
        if (!opened) return std::unexpected(opened.error());
        forward_ = std::move(*opened);
        ReachedOptions reached{agreed.grants, options_.grants, {gateway_port, proxy_port}, options_.tell};
        for (const SshGrants::Server& one : agreed.ssh.servers()) reached.doors.insert(one.port);
        if (sandbox::Dialer* const dialer = boundary_.dialer()) reached_.emplace(loop_, *dialer, std::move(reached));
        const auto door = [&](std::size_t number) { return ::dup(boundary_.doors()[number].descriptor); };
        if (auto listening = way_->listen(door(0)); !listening) return listening;
        if (auto listening = forward_->listen(door(1), door(2)); !listening) return listening;
        ssh_.emplace(loop_, forward_->proxy(), agreed.ssh);
        std::vector<int> servers;
        for (std::size_t i = 3; i < boundary_.doors().size(); ++i) servers.push_back(door(i));
        return ssh_->listen(servers, agreed.ssh.take_listening());
    }
    // The program is gone: the gateway is told, in a moment or not at all.
    void ended() {
        ended_.stop();
        if (reached_) reached_->cut();
        if (!way_) return loop_.stop();
        loop_.spawn(close());
        loop_.spawn(give_up());
    }
    net::Task<void> give_up() {
        co_await net::Sleep(loop_, told_ms_max);
        loop_.stop();
    }
    net::Task<void> close() {
        // What the program left open ends by itself now, and only then is it known how much went there.
        for (int i = 0; i < ends_looks_max && forward_->is_busy(); ++i) co_await net::Sleep(loop_, ends_look_ms);
        ssh_->cut();
        forward_->cut();
        way_->cut();
        co_await net::Sleep(loop_, ends_look_ms);
        co_await way_->tell(forward_->told(way_->figures().exchanges, used_grants()));
        loop_.stop();
    }

    std::map<std::string, std::uint64_t> used_grants() const {
        std::map<std::string, std::uint64_t> out = ssh_->used();
        if (reached_) out.insert(reached_->used().begin(), reached_->used().end());
        return out;
    }

    sandbox::Boundary& boundary_;
    const LaunchOptions& options_;
    const std::int64_t begun_ms_ = wall_ms();
    net::Loop loop_;
    net::Resolver resolver_;
    http::BufferPool buffers_;
    std::optional<WayOut> way_;
    std::unique_ptr<Forward> forward_;
    std::optional<SshDoors> ssh_; // with the other doors
    std::optional<Reached> reached_;
    UntilEnded ended_{loop_, boundary_.ended(), [this] { ended(); }};
    PassedOn signals_{loop_, boundary_};
};

} // namespace

Result<Receipt> launch(const LaunchOptions& options) {
    const fs::path workspace = workspace_of(options.directory, options.home);
    if (options.client != nullptr && !options.despite_redirects)
        if (auto fine = refuse_redirects(workspace); !fine) return std::unexpected(fine.error());
    auto installed = options.client != nullptr ? find_installed(*options.client, options.path) : Installed();
    if (!installed) return std::unexpected(installed.error());
    const Remembered remembered(state_of(options) / "known");
    const auto tier = require_tier(options, remembered);
    if (!tier) return std::unexpected(tier.error());
    auto statement = state(workspace, options.client, *installed, tier->tier, remembered, [&] {
        if (options.progress) options.progress("looking at " + installed->file.string() + " for the first time");
    });
    if (!statement) return std::unexpected(statement.error());
    auto agreed = agree(options, *statement);
    if (!agreed) return std::unexpected(agreed.error());
    if (auto opened = agreed->ssh.open(); !opened) return std::unexpected(opened.error());
    const MadeForRun made(workspace, state_of(options));
    std::optional<MadeForRun> made_for_worktree;
    if (const fs::path repository = repository_of_worktree(workspace); !repository.empty())
        made_for_worktree.emplace(repository, state_of(options));
    auto prepared = prepare(options, workspace, std::move(*installed), *agreed);
    if (!prepared) return std::unexpected(prepared.error());
    auto boundary = sandbox::Boundary::prepare(prepared->spec);
    if (!boundary) return std::unexpected(boundary.error());

    Receipt receipt;
    receipt.client = options.client != nullptr ? options.client->name : std::string_view("program");
    receipt.version = prepared->installed.version;
    receipt.repository = statement->repository;
    receipt.tier = tier->tier;
    receipt.of_ledger = agreed->of_ledger;
    const sigset_t passed = PassedOn::all();
    ::pthread_sigmask(SIG_BLOCK, &passed, nullptr);
    Outside outside(*boundary, options);
    if (auto ran = outside.run(*statement, *agreed); !ran) return std::unexpected(ran.error());
    receipt.exit_code = boundary->wait();
    for (const auto& [path, was_used] : boundary->changed())
        (was_used ? receipt.used : receipt.changed).push_back(path);
    outside.tell(receipt);
    return receipt;
}

} // namespace sallyport::endpoint
