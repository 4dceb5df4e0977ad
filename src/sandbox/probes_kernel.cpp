#include "sandbox/probes.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <linux/tiocl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

Verdict of(bool done) { return done ? Verdict::open : Verdict::closed; }
template <class... Arguments> Verdict call(long number, Arguments... arguments) {
    const long result = ::syscall(number, arguments...);
    return result >= 0 ? Verdict::open : Verdict::closed;
}

bool opens(const char* path, int flags) { return ::open(path, flags) >= 0; }

std::string text_of(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

Verdict new_user_namespace_by_clone(const Bait&) {
    const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) ::_exit(0);
    if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, 0);
    return of(child > 0);
}

Verdict new_user_namespace_by_clone3(const Bait&) {
    struct Arguments {
        std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments{CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
    const long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) ::_exit(0);
    if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, 0);
    return of(child > 0);
}

// Process 1 inside holds nothing, but is ours to keep.
Verdict traces_first(const Bait&) {
    if (::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr) != 0) return Verdict::closed;
    ::ptrace(PTRACE_DETACH, 1, nullptr, nullptr);
    return Verdict::open;
}

Verdict reads_memory_of_first(const Bait&) {
    char byte = 0;
    const iovec mine{&byte, 1}, theirs{reinterpret_cast<void*>(&text_of), 1};
    return of(::process_vm_readv(1, &mine, 1, &theirs, 1, 0) == 1 || opens("/proc/1/mem", O_RDWR));
}

// Typed into the terminal, a command runs in the person's shell after the client ended.
Verdict types_into_terminal(const Bait&) {
    const int terminal = ::open("/dev/tty", O_RDWR);
    const int to = terminal >= 0 ? terminal : 0;
    const char key = '\0';
    return of(::ioctl(to, TIOCSTI, &key) == 0 || (errno != EPERM && terminal >= 0));
}

Verdict
terminal_by_high_half(const Bait&) { // the kernel takes 32 bits of the request; a filter that compares 64 misses this
    const char key = '\0';
    const long result = ::syscall(SYS_ioctl, 0, 0x1'0000'0000ULL | TIOCSTI, &key);
    return of(result == 0 || errno != EPERM);
}

Verdict paste_into_terminal(const Bait&) {
    const char request[] = {TIOCL_PASTESEL};
    return of(::ioctl(0, TIOCLINUX, request) == 0 || errno != EPERM);
}

#if defined(__x86_64__)
// The 32-bit table of calls, by which a filter of the 64-bit one is passed: getpid. The kernel ends the process instead.
Verdict old_calls(const Bait&) {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return of(result > 0);
}
Verdict x32_calls(const Bait&) { return of(::syscall(0x4000'0000L | SYS_getpid) > 0); }
#else
Verdict old_calls(const Bait&) { return Verdict::not_here; }
Verdict x32_calls(const Bait&) { return Verdict::not_here; }
#endif

Verdict gains_rights(const Bait&) {
    // Of a program with the set-user-ID bit nothing may come: without no_new_privs it would.
    return of(text_of("/proc/self/status").find("NoNewPrivs:\t1") == std::string::npos);
}

Verdict has_capabilities(const Bait&) {
    const std::string status = text_of("/proc/self/status");
    for (const char* set : {"CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapBnd:\t", "CapAmb:\t"}) {
        const auto at = status.find(set);
        if (at == std::string::npos || status.substr(at + 8, 16) != "0000000000000000") return Verdict::open;
    }
    return Verdict::closed;
}

Verdict shared_memory(const Bait& bait) {
    const void* const seen = ::shmat(bait.shared_memory, nullptr, SHM_RDONLY);
    return of(seen != reinterpret_cast<void*>(-1));
}

} // namespace

std::vector<Probe> kernel_probes() {
    return {
        {"signal", "a signal to a process outside",
         [](const Bait& bait) { return of(bait.process > 64 && ::kill(bait.process, 0) == 0); }, true},
        {"see-processes", "the command lines of processes outside",
         [](const Bait& bait) {
             return of(!text_of(("/proc/" + std::to_string(bait.process) + "/cmdline").c_str()).empty());
         },
         true},
        {"trace-outside", "ptrace of a process outside",
         [](const Bait& bait) { return of(::ptrace(PTRACE_SEIZE, bait.process, nullptr, nullptr) == 0); }},
        {"trace-first", "ptrace of the process that keeps the boundary", traces_first},
        {"memory-of-first", "its memory", reads_memory_of_first},
        {"root-of-first", "the file system as it sees it",
         [](const Bait& bait) { return of(::access(("/proc/1/root" + bait.secret.string()).c_str(), F_OK) == 0); }},
        {"environment-of-first", "its environment",
         [](const Bait&) { return of(!text_of("/proc/1/environ").empty()); }},
        {"end-first", "ending it",
         [](const Bait&) {
             return of(::kill(1, SIGKILL) == 0 && ::kill(1, SIGSTOP) == 0 && text_of("/proc/1/stat").contains(") T "));
         }},
        {"type-into-terminal", "typing into the person's terminal", types_into_terminal},
        {"type-by-high-half", "the same with more bits in the request", terminal_by_high_half},
        {"paste-into-terminal", "pasting into the person's terminal", paste_into_terminal},
        {"io-uring", "calls made by the kernel, around all filters",
         [](const Bait&) {
             char room[256] = {};
             return call(SYS_io_uring_setup, 4, room);
         }},
        {"old-calls", "the calls of 32-bit programs", old_calls},
        {"x32-calls", "the calls of x32 programs", x32_calls},
        {"new-user-namespace", "a user namespace, in which one is root",
         [](const Bait&) { return call(SYS_unshare, CLONE_NEWUSER); }},
        {"namespace-by-clone", "the same by clone()", new_user_namespace_by_clone},
        {"namespace-by-clone3", "the same by clone3()", new_user_namespace_by_clone3},
        {"join-namespace", "the network of another process",
         [](const Bait& bait) {
             const int file = ::open(("/proc/" + std::to_string(bait.process) + "/ns/net").c_str(), O_RDONLY);
             return of(file >= 0 && ::syscall(SYS_setns, file, 0) == 0);
         }},
        {"take-descriptor", "a descriptor out of another process",
         [](const Bait&) {
             const long first = ::syscall(SYS_pidfd_open, 1, 0);
             return of(first >= 0 && ::syscall(SYS_pidfd_getfd, first, 0, 0) >= 0);
         }},
        {"capabilities", "any capability", has_capabilities},
        {"new-rights", "rights by a program with the set-user-ID bit", gains_rights},
        {"kernel-keys", "the keys of the person's session", [](const Bait&) { return call(SYS_keyctl, 0, -4, 0); },
         true},
        {"bpf", "a program in the kernel",
         [](const Bait&) {
             char room[128] = {};
             room[0] = 2, room[4] = 4, room[8] = 4, room[12] = 1;
             return call(SYS_bpf, 0, room, sizeof room);
         }},
        {"measure-kernel", "the kernel's measurements",
         [](const Bait&) {
             struct {
                 std::uint32_t type = 1, size = 112;
                 char rest[104] = {};
             } what;
             return call(SYS_perf_event_open, &what, 0, -1, -1, 0);
         }},
        {"fault-handler", "faults handled by a program (userfaultfd)",
         [](const Bait&) { return call(SYS_userfaultfd, O_CLOEXEC); }},
        {"kernel-log", "the kernel's log",
         [](const Bait&) {
             char room[16];
             return call(SYS_syslog, 3, room, sizeof room);
         }},
        {"core-pattern", "the program that the kernel runs at a crash",
         [](const Bait&) { return of(opens("/proc/sys/kernel/core_pattern", O_WRONLY)); }},
        {"sysrq", "the kernel's emergency keys",
         [](const Bait&) { return of(opens("/proc/sysrq-trigger", O_WRONLY)); }},
        {"set-clock", "the machine's clock",
         [](const Bait&) {
             const timespec now{1, 0};
             return of(::clock_settime(CLOCK_REALTIME, &now) == 0);
         }},
        {"system-files", "the settings of devices and cgroups",
         [](const Bait&) { return of(::access("/sys/kernel", F_OK) == 0 || ::access("/sys/fs/cgroup", F_OK) == 0); }},
        {"shared-memory", "System V shared memory of another program", shared_memory},
        {"shared-memory-by-name", "POSIX shared memory of another program",
         [](const Bait& bait) { return of(::shm_open(bait.shared_name.c_str(), O_RDONLY, 0) >= 0); }, true},
        {"host-name", "the machine's name, by which people and teams are told apart",
         [](const Bait&) {
             char name[256] = {};
             ::gethostname(name, sizeof name - 1);
             return of(std::string_view(name) != "sallyport");
         },
         true},
    };
}

} // namespace sallyport::sandbox
