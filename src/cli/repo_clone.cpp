#include "cli/repo_clone.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"
#include "repo/clone.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::cli {

namespace {

// Written by a handler, so they can be nothing else.
volatile std::sig_atomic_t signal_seen = 0, signals_seen = 0;

// While it lives, signals and the alarm clock are noted, and end a call that waits, since it is not begun again.
class Heeding {
public:
    Heeding() {
        signal_seen = 0;
        signals_seen = 0;
        struct sigaction action{};
        action.sa_handler = [](int number) {
            signal_seen = number;
            signals_seen = signals_seen + 1;
        };
        for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &action, &before_[i]);
    }
    ~Heeding() {
        for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
    }
    Heeding(const Heeding&) = delete;
    Heeding& operator=(const Heeding&) = delete;

private:
    static constexpr std::array<int, 4> signals = {SIGINT, SIGTERM, SIGHUP, SIGALRM};
    std::array<struct sigaction, 4> before_{};
};

constexpr int heed_ms = 100;

// Rings after that many seconds and then on and on, since a call that is about to wait does not hear the first ring.
void set_alarm(int seconds) {
    const timeval again{.tv_sec = 0, .tv_usec = heed_ms * 1000};
    const itimerval timer{.it_interval = seconds > 0 ? again : timeval{},
                          .it_value = {.tv_sec = seconds, .tv_usec = 0}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

// How long a clone may go on; tells of it on a terminal.
class Patience {
public:
    Patience() { set_alarm(limits::clone_idle_s_max); }
    ~Patience() {
        set_alarm(0);
        if (shown_) fmt::print(stderr, "\r\033[K");
    }
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;

    std::string why_end(const repo::Arrived& arrived) {
        if (signal_seen == SIGALRM) return fmt::format("nothing came for {} s", limits::clone_idle_s_max);
        if (signal_seen != 0) return "it was ended by a signal";
        const std::int64_t now = monotonic_us();
        if (now - begun_us_ > limits::clone_ms_max * 1000)
            return fmt::format("it takes longer than {} h", limits::clone_ms_max / 3'600'000);
        set_alarm(limits::clone_idle_s_max);
        if (now >= next_us_ && ::isatty(STDERR_FILENO) == 1) {
            fmt::print(stderr, "\r{} of {} objects, {} MiB", arrived.objects, arrived.objects_of, arrived.bytes >> 20);
            next_us_ = now + 200'000;
            shown_ = true;
        }
        return {};
    }

private:
    std::int64_t begun_us_ = monotonic_us(), next_us_ = begun_us_ + 1'000'000;
    bool shown_ = false;
};

std::string run(const repo::GitUrl& url, const std::filesystem::path& folder, repo::CloneOptions& options) {
    Patience patience;
    options.why_end = [&](const repo::Arrived& arrived) { return patience.why_end(arrived); };
    const auto cloned = repo::bring_clone(url, folder, options);
    return cloned ? std::string() : cloned.error().message;
}

// What the child complains of until it ends. A signal that comes here is passed on, and it cleans up: again and again, since a
// call that is about to wait does not hear the first one. A second signal ends it at once.
std::string heard_from(int pipe, pid_t child) {
    std::string said;
    std::array<char, 4096> buffer{};
    while (true) {
        pollfd waited{.fd = pipe, .events = POLLIN, .revents = 0};
        const bool is_ready = ::poll(&waited, 1, heed_ms) > 0;
        if (!is_ready && signal_seen != 0) ::kill(child, signals_seen > 1 ? SIGKILL : SIGTERM);
        if (!is_ready) continue;
        const ssize_t size = ::read(pipe, buffer.data(), buffer.size());
        if (size > 0) said.append(buffer.data(), static_cast<std::size_t>(size));
        if (size == 0 || (size < 0 && errno != EINTR)) return said;
    }
}

// In a process of its own, since what a server sends may crash libgit2: then that is told, and no half clone stays.
Result<void> in_child(const repo::GitUrl& url, const std::filesystem::path& folder, repo::CloneOptions& options) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("cannot make a pipe to clone " + url.name);
    const Heeding heeding;
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        const std::string complaint = run(url, folder, options);
        const ssize_t written = ::write(ends[1], complaint.data(), complaint.size());
        ::_exit(complaint.empty() && written == 0 ? 0 : 1);
    }
    ::close(ends[1]);
    const std::string said = child > 0 ? heard_from(ends[0], child) : std::string();
    ::close(ends[0]);
    if (child < 0) return fail_errno("cannot begin a process to clone " + url.name);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    std::error_code code;
    std::filesystem::remove_all(repo::partial_clone(folder), code);
    if (!said.empty()) return fail(ErrorKind::unavailable, printable(said)); // a server may have chosen its words
    return fail(
        ErrorKind::unavailable,
        fmt::format("{} cannot be cloned: libgit2 crashed at what the other side sent, or was killed (signal {}); "
                    "clone it with git and index that",
                    url.name, WIFSIGNALED(status) ? WTERMSIG(status) : 0));
}

} // namespace

std::filesystem::path clone_folder(const std::filesystem::path& clones, const std::string& name) {
    return clones / to_hex(crypto::bytes(crypto::sha256(name)));
}

Result<void> clone_of(const repo::GitUrl& url, const std::filesystem::path& folder, const CloneSettings& settings) {
    repo::CloneOptions options;
    options.host_key = settings.host_key;
    options.bytes_max = limits::clone_bytes_max;
    if (!settings.credential_file.empty()) {
        auto credential = repo::read_credential(settings.credential_file, url.host);
        if (!credential) return std::unexpected(credential.error());
        options.credential = std::move(*credential);
    }
    return in_child(url, folder, options);
}

} // namespace sallyport::cli
