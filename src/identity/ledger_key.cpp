#include "identity/ledger_key.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::identity {

namespace {

class Descriptor {
public:
    explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void take(int descriptor) {
        close();
        descriptor_ = descriptor;
    }
    void close() {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
    }
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

// Text that is wiped when it goes, read up to a limit.
struct Stream {
    Descriptor end;
    std::string text;
    std::size_t bytes_max;
    bool is_over = false; // the limit was passed

    // False at its end.
    bool read() {
        std::array<char, 4096> block;
        const ssize_t count = ::read(end.get(), block.data(), block.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
        if (count > 0) {
            const auto got = static_cast<std::size_t>(count);
            is_over = is_over || text.size() + got > bytes_max;
            text.append(block.data(), std::min(got, bytes_max - text.size()));
        }
        ::explicit_bzero(block.data(), block.size());
        return count > 0;
    }
};

// A process of its own session, killed with all of that where it is not waited for.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        if (pid_ > 0) kill();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    void kill() {
        ::kill(-pid_, SIGKILL);
        static_cast<void>(wait());
    }
    int wait() { // as waitpid says it
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return status;
    }
    // Whether it ended meanwhile.
    bool ended(int& status) {
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
        pid_ = -1;
        return true;
    }

private:
    pid_t pid_;
};

std::vector<std::string> environment_of(const LedgerKeySource& source) {
    std::vector<std::string> out{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
    for (const auto& [name, value] : source.environment) out.push_back(name + "=" + std::string(value.reveal()));
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

// errno of what failed; 0: it runs.
int spawn(const LedgerKeySource& source, int in, int out, int error, pid_t& pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none); // the gateway blocks and ignores some
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    std::vector<std::string> words = source.command, variables = environment_of(source);
    const int failed = ::posix_spawn(&pid, words.front().c_str(), &actions, &attributes, pointers(words).data(),
                                     pointers(variables).data());
    for (std::string& one : variables) ::explicit_bzero(one.data(), one.size());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

std::string last_words(const std::string& errors) {
    std::string out;
    for (const char c : errors) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    while (out.ends_with(' ')) out.pop_back();
    return out.empty() ? "it said nothing on standard error" : "it said: " + out;
}

// Until both have ended, or the time is over.
bool read_both(Stream& out, Stream& errors, std::int64_t ends_ms) {
    std::array<pollfd, 2> ends{{{out.end.get(), POLLIN, 0}, {errors.end.get(), POLLIN, 0}}};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        const std::int64_t left_ms = ends_ms - monotonic_ms();
        if (left_ms <= 0) return false;
        const int ready = ::poll(ends.data(), ends.size(), static_cast<int>(left_ms));
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        if (ends[0].fd >= 0 && ends[0].revents != 0 && !out.read()) ends[0].fd = -1;
        if (ends[1].fd >= 0 && ends[1].revents != 0 && !errors.read()) ends[1].fd = -1;
    }
    return true;
}

bool ends_in_time(Child& child, std::int64_t ends_ms, int& status) {
    while (!child.ended(status)) {
        if (monotonic_ms() >= ends_ms) return false;
        ::poll(nullptr, 0, 5);
    }
    return true;
}

// On standard input: what the file holds, or nothing.
Result<void> open_input(const LedgerKeySource& source, Descriptor& in) {
    if (source.file.empty()) {
        in.take(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        return in.get() < 0 ? Result<void>(fail_errno("cannot open /dev/null")) : Result<void>();
    }
    const auto content = read_file(source.file, limits::ledger_key_bytes_max * 16);
    if (!content) return std::unexpected(content.error());
    in.take(::memfd_create("sealed key", MFD_CLOEXEC));
    const bool is_there =
        in.get() >= 0 && ::write(in.get(), content->data(), content->size()) == static_cast<ssize_t>(content->size()) &&
        ::lseek(in.get(), 0, SEEK_SET) == 0;
    return is_there ? Result<void>() : Result<void>(fail_errno("cannot hand " + source.file.string() + " over"));
}

} // namespace

Result<Secret> key_by_command(const LedgerKeySource& source) {
    const std::string name = "the command that gives the ledger's key (" + source.command.front() + ") ";
    Descriptor in;
    if (auto opened = open_input(source, in); !opened) return std::unexpected(opened.error());
    Stream out{.end = Descriptor(), .text = {}, .bytes_max = limits::ledger_key_bytes_max};
    Stream errors{.end = Descriptor(), .text = {}, .bytes_max = limits::ledger_key_complaint_bytes_max};
    out.text.reserve(out.bytes_max); // so that no copy of it is left behind
    std::array<Descriptor, 2> theirs;
    for (Stream* const stream : {&out, &errors}) {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("cannot make a pipe for " + name);
        stream->end.take(ends[0]);
        theirs[stream == &out ? 0 : 1].take(ends[1]);
    }
    const std::int64_t ends_ms = monotonic_ms() + source.timeout_ms;
    pid_t pid = -1;
    if (const int failed = spawn(source, in.get(), theirs[0].get(), theirs[1].get(), pid); failed != 0)
        return fail(ErrorKind::io, name + "cannot be run: " + std::strerror(failed));
    for (Descriptor& one : theirs) one.close();
    Child child(pid);
    int status = 0;
    const bool in_time = read_both(out, errors, ends_ms) && ends_in_time(child, ends_ms, status);
    Secret key(std::move(out.text));
    if (!in_time)
        return fail(ErrorKind::timeout, name + "did not end within " + std::to_string(source.timeout_ms) +
                                            " ms and was killed; " + last_words(errors.text));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(ErrorKind::io, name +
                                       (WIFEXITED(status) ? "ended with code " + std::to_string(WEXITSTATUS(status))
                                                          : "was ended by signal " + std::to_string(WTERMSIG(status))) +
                                       "; " + last_words(errors.text));
    if (out.is_over)
        return fail(ErrorKind::too_large,
                    name + "printed more than " + std::to_string(out.bytes_max) + " bytes, which is no key");
    return key;
}

} // namespace sallyport::identity
