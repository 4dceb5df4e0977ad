#include "lab/trial.h"

#include "base/clock.h"
#include "net/loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

namespace sallyport::lab {

namespace fs = std::filesystem;
using sandbox::Place;

namespace {

// Where something may be asked for. Other ports refuse, and are not seen.
constexpr std::uint16_t ports[] = {443, 80, 8080, 8443, 3128, 3000, 4000, 4317, 4318, 8000, 8888, 11434};
constexpr std::uint16_t names_port = 53;
constexpr std::int64_t look_ms = 10, supervise_ms = 300, grace_ms = 1'000, quiet_ms = 40;
constexpr std::size_t output_bytes_max = 64 * 1'024, output_seen_bytes_max = 256u << 20;
constexpr const char* disk = "256m"; // of each folder that may be written to
constexpr const char* authority_file = "/etc/sallyport/authority.pem";
constexpr std::string_view notes = "The sallyport is the guarded exit.\nTOKEN of this file: 4711\n";

// Of the machine, what programs need to run; nothing that tells which machine it is.
constexpr const char* machine[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
constexpr const char* settings[] = {"/etc/ld.so.cache",    "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
                                    "/etc/protocols",      "/etc/services",   "/etc/mime.types",   "/etc/python3",
                                    "/etc/python3.11",     "/etc/magic",      "/etc/fonts",        "/etc/terminfo",
                                    "/etc/debian_version", "/etc/os-release", "/etc/locale.alias"};
constexpr const char* root_lists[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem", authority_file};

std::vector<Place> places_of(const Runnable& subject, const Authority& authority, const Trial& trial) {
    const Conditions& conditions = trial.conditions;
    std::vector<Place> out;
    const auto add = [&](Place::Kind kind, std::string at, std::string source = {}, bool optional = false) {
        out.push_back({kind, std::move(at), std::move(source), optional});
    };
    std::error_code error;
    for (const char* one : machine)
        if (fs::is_symlink(one, error))
            add(Place::Kind::link, one, fs::read_symlink(one, error).string());
        else
            add(Place::Kind::read_only, one, {}, true);
    for (const char* one : settings) add(Place::Kind::read_only, one, {}, true);
    for (const char* one : {"/tmp", "/var/tmp", "/run"}) add(Place::Kind::fresh, one, disk);
    add(Place::Kind::fresh, std::string(home), disk);
    add(Place::Kind::fresh, std::string(workspace), disk);
    out.insert(out.end(), subject.places().begin(), subject.places().end());
    const auto text = [&](std::string at, std::string content) {
        add(Place::Kind::text, std::move(at), std::move(content));
    };
    for (const char* one : root_lists) text(one, authority.certificate());
    text("/etc/hosts", fmt::format("127.0.0.1 localhost\n127.0.0.1 {}\n", conditions.host_name));
    text("/etc/resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:2\n");
    text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    text("/etc/passwd",
         fmt::format("{0}:x:{1}:{2}:{0}:{3}:/bin/sh\n", conditions.user, ::geteuid(), ::getegid(), home));
    text("/etc/group", fmt::format("{}:x:{}:\n", conditions.user, ::getegid()));
    text("/etc/hostname", conditions.host_name + "\n");
    text("/etc/machine-id", conditions.machine_id + "\n");
    text("/var/lib/dbus/machine-id", conditions.machine_id + "\n");
    text("/etc/timezone", conditions.zone_file + "\n");
    text("/etc/locale.conf", fmt::format("LANG={}\n", conditions.language));
    text("/etc/default/locale", fmt::format("LANG={}\n", conditions.language));
    text("/etc/default/keyboard", fmt::format("XKBMODEL=\"pc105\"\nXKBLAYOUT=\"{}\"\n", conditions.keyboard));
    text("/etc/vconsole.conf", fmt::format("KEYMAP={0}\nXKBLAYOUT={0}\n", conditions.keyboard));
    add(Place::Kind::link, "/etc/localtime", "/usr/share/zoneinfo/" + conditions.zone_file);
    const std::string work(workspace);
    add(Place::Kind::written, work + "/notes.txt", std::string(notes));
    add(Place::Kind::written, work + "/main.py", "print('hello')\n");
    add(Place::Kind::written, work + "/.git/HEAD", "ref: refs/heads/main\n");
    add(Place::Kind::written, work + "/.git/objects/info/packs", "\n");
    add(Place::Kind::fresh, work + "/.git/refs", "1m");
    const std::string who = fmt::format("[user]\n\tname = {}\n\temail = {}\n", conditions.author, conditions.mail);
    add(Place::Kind::written, work + "/.git/config",
        fmt::format("[core]\n\trepositoryformatversion = 0\n\tbare = false\n{}[remote \"origin\"]\n\turl = {}\n"
                    "\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
                    who, conditions.remote));
    add(Place::Kind::written, std::string(home) + "/.gitconfig", who);
    const std::string prompt; // files name the gateway, never what is asked
    for (const auto& [at, content] : subject.recipe().files)
        add(at.starts_with(home) ? Place::Kind::written : Place::Kind::text, at, filled(content, conditions, prompt));
    if (trial.off != nullptr)
        for (const auto& [at, content] : trial.off->files) text(at, content);
    return out;
}

std::string prompt_of_run() { return fmt::format("vendor:read({}/notes.txt) and quote it", workspace); }

std::vector<std::string> environment_of(const Runnable& subject, const Trial& trial) {
    const Conditions& conditions = trial.conditions;
    Pairs all = {{"PATH", subject.path()},
                 {"HOME", std::string(home)},
                 {"USER", conditions.user},
                 {"LOGNAME", conditions.user},
                 {"SHELL", "/bin/sh"},
                 {"TERM", "xterm-256color"},
                 {"LANG", conditions.language},
                 {"PWD", std::string(workspace)},
                 {"TMPDIR", "/tmp"}};
    if (!conditions.zone.empty()) all.emplace_back("TZ", conditions.zone);
    for (const char* one : {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                            "GIT_SSL_CAINFO", "CODEX_CA_CERTIFICATE"})
        all.emplace_back(one, authority_file);
    for (const auto& [name, value] : subject.recipe().environment)
        all.emplace_back(name, filled(value, conditions, prompt_of_run()));
    for (const Pairs* list : {&conditions.environment, trial.off != nullptr ? &trial.off->environment : nullptr})
        if (list != nullptr)
            for (const auto& [name, value] : *list) {
                std::erase_if(all, [&](const auto& one) { return one.first == name; });
                if (!value.empty()) all.emplace_back(name, value);
            }
    std::vector<std::string> out;
    for (const auto& [name, value] : all) out.push_back(name + "=" + value);
    return out;
}

std::vector<std::string> command_of(const Runnable& subject, const Trial& trial) {
    std::vector<std::string> out = subject.command();
    std::vector<std::string> arguments = subject.recipe().arguments;
    if (trial.off != nullptr) // before what is asked, which is the last one
        arguments.insert(arguments.empty() ? arguments.end() : arguments.end() - 1, trial.off->arguments.begin(),
                         trial.off->arguments.end());
    for (const std::string& one : arguments) out.push_back(filled(one, trial.conditions, prompt_of_run()));
    return out;
}

// What all processes of a namespace use together, by /proc as it is seen here.
struct Used {
    std::size_t processes = 0;
    std::uint64_t memory_bytes = 0;
};
Used used_by(int keeper) {
    Used out;
    std::error_code error;
    const fs::path space = fs::read_symlink(fmt::format("/proc/{}/ns/pid_for_children", keeper), error);
    if (error) return out;
    for (const auto& one : fs::directory_iterator("/proc", error)) {
        const std::string name = one.path().filename().string();
        if (name.empty() || name[0] < '0' || name[0] > '9') continue;
        std::error_code gone;
        if (fs::read_symlink(one.path() / "ns/pid", gone) != space || gone) continue;
        ++out.processes;
        std::uint64_t all = 0, resident = 0, shared = 0;
        std::ifstream(one.path() / "statm") >> all >> resident >> shared;
        out.memory_bytes += (resident - std::min(resident, shared)) * static_cast<std::uint64_t>(::getpagesize());
    }
    return out;
}

class Running {
public:
    Running(net::Loop& loop, Authority& authority, const TrialLimits& limits, Recording& into)
        : loop_(loop), limits_(limits), into_(into), authority_(authority) {}
    ~Running() {
        for (const int one : output_)
            if (one >= 0) ::close(one);
    }

    net::Task<Result<void>> run(const Runnable& subject, const Trial& trial) {
        sandbox::BoundarySpec spec;
        spec.places = places_of(subject, authority_, trial);
        for (const std::uint16_t port : ports) spec.doors.push_back({false, port});
        spec.doors.push_back({true, names_port});
        spec.every_address = true;
        spec.directory = workspace;
        spec.command = command_of(subject, trial);
        spec.environment = environment_of(subject, trial);
        spec.host_name = trial.conditions.host_name;
        if (::pipe2(output_, O_CLOEXEC | O_NONBLOCK) != 0) co_return fail_errno("cannot make a pipe");
        ::fcntl(output_[1], F_SETFL, 0); // the program's end waits
        spec.output = output_[1];
        auto prepared = sandbox::Boundary::prepare(spec);
        if (!prepared) co_return std::unexpected(prepared.error());
        std::optional<sandbox::Boundary> boundary(std::move(*prepared));
        Stand stand(loop_, authority_, trial.conditions.answer, into_);
        std::vector<int> doors;
        for (const auto& door : boundary->doors()) doors.push_back(::dup(door.descriptor));
        const int names = doors.back();
        doors.pop_back();
        if (auto listening = stand.listen(doors, names); !listening) co_return std::unexpected(listening.error());
        into_.began_ms = wall_ms();
        if (auto begun = boundary->begin(); !begun) co_return std::unexpected(begun.error());
        ::close(output_[1]);
        output_[1] = -1;
        const std::int64_t begun_ms = monotonic_us() / 1'000;
        co_await watch(*boundary, begun_ms);
        co_await settle(stand);
        take_output();
        into_.wall_ms = monotonic_us() / 1'000 - begun_ms;
        if (into_.ended.empty()) into_.exit_code = boundary->wait();
        boundary.reset(); // its sockets first: as long as it has them, the loop would tell of them
        stand.close();
        while (stand.is_busy()) co_await net::Sleep(loop_, look_ms);
        co_return Result<void>();
    }

private:
    net::Task<void> watch(sandbox::Boundary& boundary, std::int64_t begun_ms) {
        for (std::int64_t next_ms = 0;;) {
            pollfd one{boundary.ended(), POLLIN, 0};
            if (::poll(&one, 1, 0) > 0) co_return;
            take_output();
            const std::int64_t now_ms = monotonic_us() / 1'000 - begun_ms;
            if (now_ms >= limits_.time_ms)
                into_.ended = fmt::format("it ran longer than {} s", limits_.time_ms / 1'000);
            if (now_ms >= next_ms) {
                const Used used = used_by(boundary.keeper());
                next_ms = now_ms + supervise_ms;
                if (used.processes > limits_.processes)
                    into_.ended = fmt::format("it had more than {} processes", limits_.processes);
                if (used.memory_bytes > limits_.memory_bytes)
                    into_.ended = fmt::format("it took more than {} MB of memory", limits_.memory_bytes >> 20);
            }
            if (output_bytes_ > output_seen_bytes_max) into_.ended = "it wrote without end";
            if (!into_.ended.empty()) co_return;
            co_await net::Sleep(loop_, look_ms);
        }
    }
    // What it sent in its last moment is still on its way.
    net::Task<void> settle(Stand& stand) {
        std::uint64_t seen = stand.reads();
        for (std::int64_t waited = 0, quiet = 0; waited < grace_ms && quiet < quiet_ms; waited += look_ms) {
            co_await net::Sleep(loop_, look_ms);
            quiet = stand.reads() == seen ? quiet + look_ms : 0;
            seen = stand.reads();
        }
    }
    void take_output() {
        char bytes[8'192];
        for (int i = 0; i < 64; ++i) {
            const ssize_t count = ::read(output_[0], bytes, sizeof bytes);
            if (count <= 0) return;
            output_bytes_ += static_cast<std::size_t>(count);
            if (into_.output.size() < output_bytes_max) into_.output.append(bytes, static_cast<std::size_t>(count));
        }
    }

    net::Loop& loop_;
    TrialLimits limits_;
    Recording& into_;
    Authority& authority_;
    int output_[2] = {-1, -1};
    std::size_t output_bytes_ = 0;
};

} // namespace

Result<std::vector<Recording>> run_trials(const Runnable& subject, Authority& authority, std::span<const Trial> trials,
                                          unsigned jobs, const TrialLimits& limits, const std::function<void()>& told) {
    std::vector<Recording> out(trials.size());
    net::Loop loop;
    std::size_t next = 0, active = 0;
    std::string failed;
    const auto work = [&]() -> net::Task<void> {
        while (next < trials.size() && failed.empty()) {
            const std::size_t mine = next++;
            Running running(loop, authority, limits, out[mine]);
            const Result<void> ran = co_await running.run(subject, trials[mine]);
            if (!ran) failed = ran.error().message;
            told();
        }
        if (--active == 0) loop.stop();
    };
    active = std::min<std::size_t>(std::max(1u, jobs), trials.size());
    if (active == 0) return out;
    const std::size_t all = active;
    for (std::size_t i = 0; i < all; ++i) loop.spawn(work());
    loop.run();
    loop.abandon();
    if (!failed.empty()) return fail(ErrorKind::unavailable, failed);
    return out;
}

} // namespace sallyport::lab
