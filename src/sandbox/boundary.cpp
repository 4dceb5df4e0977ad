#include "sandbox/boundary.h"

#include "sandbox/dialer.h"
#include "sandbox/guards.h"
#include "sandbox/inside.h"
#include "sandbox/message.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace sallyport::sandbox {

namespace {

constexpr int could_not = 126; // exit code of what failed before the program ran

void die_with_parent(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(could_not);
}

std::string open_door(const Door& door, bool every_address, int& descriptor) {
    descriptor = ::socket(AF_INET, (door.datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return refused("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(door.port);
    address.sin_addr.s_addr = htonl(every_address ? INADDR_ANY : door.address);
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return refused("bind");
    if (!door.datagrams && ::listen(descriptor, SOMAXCONN) != 0) return refused("listen");
    return {};
}

// The program's own signals, as a shell would leave them.
void default_signals() {
    for (const int one : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH})
        ::signal(one, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_all_but(const std::vector<int>& kept) {
    std::vector<int> low = kept;
    std::ranges::sort(low);
    unsigned from = 3;
    for (const int one : low) {
        if (one < static_cast<int>(from)) continue;
        if (static_cast<unsigned>(one) > from) ::syscall(SYS_close_range, from, static_cast<unsigned>(one) - 1, 0);
        from = static_cast<unsigned>(one) + 1;
    }
    ::syscall(SYS_close_range, from, ~0u, 0);
}

std::string take_output(int output) {
    if (output < 0) return {};
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0)
        return refused("give the program its output");
    return {};
}

// The program: the last limits, then itself. `talk` closes with the exec, which says that it went well.
[[noreturn]] void become_program(const BoundarySpec& spec, int talk) {
    const auto stop = [&](const std::string& why) {
        send(talk, 'E', why);
        ::_exit(could_not);
    };
    default_signals();
    if (auto told = take_output(spec.output); !told.empty()) stop(told);
    if (::chdir(spec.directory.c_str()) != 0) stop(refused("enter " + spec.directory.string()));
    if (auto told = restrict_files(spec.places); !told.empty()) stop(told);
    if (auto told = restrict_calls(spec.may_debug); !told.empty()) stop(told);
    if (::prctl(PR_SET_DUMPABLE, 1) != 0)
        stop(refused("dumpable")); // it may look at itself in /proc, and be debugged within
    if (spec.instead) {
        close_all_but(spec.kept);
        ::_exit(spec.instead());
    }
    std::vector<char*> arguments, environment;
    for (const std::string& one : spec.command) arguments.push_back(const_cast<char*>(one.c_str()));
    for (const std::string& one : spec.environment) environment.push_back(const_cast<char*>(one.c_str()));
    arguments.push_back(nullptr);
    environment.push_back(nullptr);
    close_all_but({talk});
    ::execve(arguments[0], arguments.data(), environment.data());
    stop(refused("start " + spec.command[0]));
    ::_exit(could_not);
}

// Process 1 inside: waits for the program and for orphans. When it ends, the kernel ends all others. `dialled`: the dialer's end, or -1.
// `keeper`: it is told when there is a root.
[[noreturn]] void be_first(const BoundarySpec& spec, int talk, int dialled, int keeper) {
    const auto stop = [&](const std::string& why) {
        send(talk, 'E', why);
        ::_exit(could_not);
    };
    if (auto told = build_root(spec.places); !told.empty()) stop(told);
    if (!send(keeper, 'B', "")) ::_exit(could_not);
    if (const Message watched = receive(keeper); watched.letter != 'W') stop(watched.text);
    ::close(keeper);
    if (auto told = give_up_capabilities(); !told.empty()) stop(told);
    if (!send(talk, 'R', "")) ::_exit(could_not);
    if (receive(talk).letter != 'G') ::_exit(could_not);
    if (dialled >= 0) {
        const pid_t dialer = ::fork();
        if (dialer < 0) stop(refused("fork"));
        if (dialer == 0) {
            close_all_but({dialled});
            ::close(0), ::close(1), ::close(2);
            if (!restrict_calls(false).empty()) ::_exit(could_not);
            be_dialer(dialled);
        }
    }
    const pid_t program = ::fork();
    if (program < 0) stop(refused("fork"));
    if (program == 0) become_program(spec, talk);
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, program, 0));
    if (handle >= 0) send(talk, 'P', "", {handle});
    close_all_but({});
    ::close(0), ::close(1), ::close(2); // a pipe behind them ends with the program
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended == program) ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        if (ended < 0 && errno == ECHILD) ::_exit(could_not);
    }
}

// Until process 1 ended. What is put in the place of guarded files meanwhile is covered, and told to `changes`.
void keep(int first, Guards& guards, int changes) {
    const auto tell = [&](Guards::Told what, const std::filesystem::path& path) {
        send(changes, static_cast<char>(what), path.string().substr(0, message_bytes_max));
    };
    for (;;) {
        pollfd ready[] = {{first, POLLIN, 0}, {guards.descriptor(), POLLIN, 0}};
        if (::poll(ready, std::size(ready), -1) < 0 && errno != EINTR) return;
        if (ready[0].revents != 0) return guards.look_at_last(tell);
        if ((ready[1].revents & POLLIN) == 0 || guards.look(tell)) continue;
        ::syscall(SYS_pidfd_send_signal, first, SIGKILL, nullptr, 0);
        return;
    }
}

[[noreturn]] void be_keeper(const BoundarySpec& spec, int talk, int dialled, int changes) {
    const auto stop = [&](const std::string& why) {
        send(talk, 'E', why);
        ::_exit(could_not);
    };
    // Nothing of other boundaries of this process: their doors would stay open, and what it watches would never be gone.
    std::vector<int> needed = spec.kept;
    needed.insert(needed.end(), {talk, spec.output, dialled, changes});
    close_all_but(needed);
    if (auto told = leave_namespaces(spec.host_name); !told.empty()) stop(told);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // other credentials may have cleared it
    if (auto told = raise_loopback(spec.every_address); !told.empty()) stop(told);
    std::vector<int> doors;
    for (const Door& door : spec.doors) {
        doors.push_back(-1);
        if (auto told = open_door(door, spec.every_address, doors.back()); !told.empty())
            stop(told + " (a door of the boundary)");
    }
    if (!send(talk, 'D', "", doors)) ::_exit(could_not);
    for (const int door : doors) ::close(door);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) stop(refused("socketpair"));
    const pid_t first = ::fork();
    if (first < 0) stop(refused("fork"));
    if (first == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(pair[0]);
        ::close(changes);
        be_first(spec, talk, dialled, pair[1]);
    }
    ::close(pair[1]);
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, first, 0));
    if (handle < 0) stop(refused("watch process 1"));
    if (!send(talk, 'F', "", {handle})) ::_exit(could_not);
    Guards guards;
    if (receive(pair[0]).letter == 'B') {
        std::string told = ::chdir("/") != 0 ? refused("enter the new root") : guards.watch(spec.places);
        send(pair[0], told.empty() ? 'W' : 'E', told);
    }
    close_all_but({handle, guards.descriptor(), changes});
    ::close(0), ::close(1), ::close(2);
    keep(handle, guards, changes);
    int status = 0;
    while (::waitpid(first, &status, 0) < 0 && errno == EINTR) {
    }
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

std::string door_port(int descriptor, std::uint16_t& port) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return refused("getsockname");
    port = ntohs(address.sin_port);
    return {};
}

} // namespace

Result<Boundary> Boundary::prepare(const BoundarySpec& spec) {
    if (spec.doors.size() > descriptors_max) return fail(ErrorKind::invalid, "a boundary has at most 16 doors");
    int pair[2], changes[2], dial[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return fail_errno("cannot make a socket");
    Boundary out;
    out.talk_ = pair[0];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, changes) != 0) {
        ::close(pair[1]);
        return fail_errno("cannot make a socket");
    }
    out.changes_ = changes[0];
    if (spec.is_reached) {
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, dial) != 0) {
            ::close(pair[1]), ::close(changes[1]);
            return fail_errno("cannot make a socket");
        }
        out.dialer_ = std::make_unique<Dialer>(dial[0]);
    }
    const pid_t self = ::getpid();
    out.keeper_ = ::fork();
    if (out.keeper_ < 0) {
        ::close(pair[1]), ::close(changes[1]);
        if (dial[1] >= 0) ::close(dial[1]);
        return fail_errno("cannot start a process");
    }
    if (out.keeper_ == 0) {
        ::close(pair[0]), ::close(changes[0]);
        if (dial[0] >= 0) ::close(dial[0]);
        die_with_parent(self);
        be_keeper(spec, pair[1], dial[1], changes[1]);
    }
    ::close(pair[1]), ::close(changes[1]);
    if (dial[1] >= 0) ::close(dial[1]);
    out.pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, out.keeper_, 0));
    if (out.pidfd_ < 0) return fail_errno("cannot watch a process");
    for (bool ready = false; !ready || out.first_ < 0;) { // told by two processes, in either order
        Message told = receive(out.talk_);
        if (told.letter == 'F' && !told.descriptors.empty())
            out.first_ = told.descriptors.front();
        else
            for (const int descriptor : told.descriptors) out.doors_.push_back({descriptor, 0});
        if (told.letter == 'E' || told.letter == 0)
            return fail(ErrorKind::unavailable, "this machine gives no boundary of tier A: " +
                                                    (told.letter == 0 ? "its process ended" : told.text) +
                                                    "; sallyport doctor says what mends it");
        ready = ready || told.letter == 'R';
    }
    for (OpenDoor& door : out.doors_)
        if (auto told = door_port(door.descriptor, door.port); !told.empty()) return fail(ErrorKind::io, told);
    return out;
}

Boundary::Boundary(Boundary&& other) noexcept
    : keeper_(std::exchange(other.keeper_, -1)), pidfd_(std::exchange(other.pidfd_, -1)),
      first_(std::exchange(other.first_, -1)), program_(std::exchange(other.program_, -1)),
      talk_(std::exchange(other.talk_, -1)), changes_(std::exchange(other.changes_, -1)),
      dialer_(std::move(other.dialer_)), doors_(std::exchange(other.doors_, {})) {}

Boundary::~Boundary() {
    if (keeper_ > 0) {
        // Process 1 is dead only when all inside are (pid_namespaces(7)), and then the keeper ends. A killed keeper would take
        // it along as well, but nobody could wait for that.
        if (first_ < 0 || ::syscall(SYS_pidfd_send_signal, first_, SIGKILL, nullptr, 0) != 0) ::kill(keeper_, SIGKILL);
        while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    for (const int one : {pidfd_, first_, program_, talk_, changes_})
        if (one >= 0) ::close(one);
    for (const OpenDoor& door : doors_) ::close(door.descriptor);
}

Result<void> Boundary::begin() {
    if (!send(talk_, 'G', "")) return fail_errno("the boundary ended before its program began");
    for (;;) {
        Message told = receive(talk_);
        if (told.letter == 'E') return fail(ErrorKind::unavailable, "inside the boundary: " + told.text);
        if (told.letter == 0) return {}; // the exec closed it
        if (told.letter == 'P' && !told.descriptors.empty()) program_ = told.descriptors.front();
    }
}

void Boundary::signal(int number) const {
    if (program_ >= 0) ::syscall(SYS_pidfd_send_signal, program_, number, nullptr, 0);
}

std::vector<Boundary::Changed> Boundary::changed() const {
    std::vector<Changed> out;
    for (Message told = receive(changes_); told.letter != 0; told = receive(changes_)) {
        const bool was_used = told.letter == static_cast<char>(Guards::Told::used);
        auto known = std::ranges::find(out, told.text, &Changed::path);
        if (known == out.end()) known = out.insert(out.end(), {std::move(told.text), false});
        known->was_used = known->was_used || was_used;
    }
    return out;
}

int Boundary::wait() {
    int status = 0;
    while (::waitpid(keeper_, &status, 0) < 0)
        if (errno != EINTR) return could_not;
    keeper_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace sallyport::sandbox
