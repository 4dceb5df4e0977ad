#include "repo/pdf_text.h"

#include "base/clock.h"
#include "base/limits.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::repo {

namespace {

constexpr std::string_view cannot_run = "pdftotext cannot be run";
constexpr int not_started = 127;

class File {
public:
    explicit File(int fd) : fd_(fd) {}
    ~File() { close(); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
        if (wrote <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return ::lseek(fd, 0, SEEK_SET) == 0;
}

bool limit(__rlimit_resource_t what, std::uint64_t most) {
    const rlimit both{most, most};
    return ::setrlimit(what, &both) == 0;
}

// In the child: system calls only, for this process may have had threads.
[[noreturn]] void become(const char* program, int in, int out) {
    // In the order of the file (-raw): guessing columns from the page, as it does else, mixes them. Of a paper in two columns that makes 92 %
    // of its runs of 60 characters instead of 19 %.
    static constexpr auto arguments =
        std::to_array<const char*>({"pdftotext", "-q", "-raw", "-enc", "UTF-8", "-eol", "unix", "-nopgbrk", "-", "-"});
    std::array<char*, arguments.size() + 1> argv{};
    std::ranges::transform(arguments, argv.begin(), [](const char* one) { return const_cast<char*>(one); });
    char* environment = nullptr;
    // A gain where it is granted: without, the limits below still hold.
    static_cast<void>(::unshare(CLONE_NEWUSER | CLONE_NEWNET));
    const int nowhere = ::open("/dev/null", O_WRONLY);
    const bool ready = ::dup2(in, STDIN_FILENO) == STDIN_FILENO && ::dup2(out, STDOUT_FILENO) == STDOUT_FILENO &&
                       ::dup2(nowhere, STDERR_FILENO) == STDERR_FILENO && ::close_range(3, ~0U, 0) == 0 &&
                       ::chdir("/") == 0 && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                       ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0) &&
                       limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 32) && limit(RLIMIT_CPU, limits::pdf_cpu_s_max) &&
                       limit(RLIMIT_AS, limits::pdf_memory_bytes_max);
    if (ready) ::execve(program, argv.data(), &environment);
    ::_exit(not_started);
}

// glibc 2.36 declares pidfd_open() in a way that C++ cannot link.
int open_pid(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// One run of the program; ended at the latest where this object ends.
class Run {
public:
    Run(pid_t pid, std::int64_t ms_max) : pid_(pid), exit_(open_pid(pid)), ends_us_(monotonic_us() + ms_max * 1'000) {}
    ~Run() {
        if (!ended_) end();
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Reads until the other side closes. Empty reason: it did.
    std::string_view read(int from, std::string& text) {
        std::array<char, 64 * 1024> piece{};
        while (wait_for(from)) {
            const ssize_t got = ::read(from, piece.data(), piece.size());
            if (got < 0) return cannot_run;
            if (got == 0) return {};
            if (text.size() + static_cast<std::size_t>(got) > limits::index_document_bytes_max) return "too large";
            text.append(piece.data(), static_cast<std::size_t>(got));
        }
        return "takes too long";
    }
    // As waitpid says it; killed where it did not end in time.
    int status() {
        static_cast<void>(wait_for(exit_.get()));
        return end();
    }

private:
    bool wait_for(int fd) const {
        while (true) {
            const std::int64_t left_ms = (ends_us_ - monotonic_us()) / 1'000;
            pollfd one{fd, POLLIN, 0};
            const int ready = left_ms > 0 ? ::poll(&one, 1, static_cast<int>(left_ms)) : 0;
            if (ready < 0 && errno == EINTR) continue;
            return ready > 0;
        }
    }
    int end() {
        int status = 0;
        ended_ = true;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) return status;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status, 0);
        return status;
    }

    pid_t pid_;
    File exit_;
    std::int64_t ends_us_;
    bool ended_ = false;
};

std::string_view reason_of(int status, std::string_view content) {
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL ? "takes too long" : "damaged document";
    if (WEXITSTATUS(status) == 0) return {};
    if (WEXITSTATUS(status) == not_started) return cannot_run;
    return content.contains("/Encrypt") ? "encrypted" : "damaged document";
}

} // namespace

OrLeftOut<std::string> text_of_pdf(std::string_view content, const char* program, std::int64_t ms_max) {
    if (::access(program, X_OK) != 0) return std::unexpected("pdftotext is not installed");
    File in(::memfd_create("document", MFD_CLOEXEC));
    std::array<int, 2> ends{-1, -1};
    if (in.get() < 0 || !write_all(in.get(), content) || ::pipe2(ends.data(), O_CLOEXEC) != 0)
        return std::unexpected(cannot_run);
    const File out(ends[0]);
    File other(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) return std::unexpected(cannot_run);
    if (pid == 0) become(program, in.get(), other.get());
    Run run(pid, ms_max);
    other.close();
    std::string text;
    if (const std::string_view reason = run.read(out.get(), text); !reason.empty()) return std::unexpected(reason);
    if (const std::string_view reason = reason_of(run.status(), content); !reason.empty())
        return std::unexpected(reason);
    return text;
}

} // namespace sallyport::repo
