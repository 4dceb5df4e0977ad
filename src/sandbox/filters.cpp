#include "sandbox/inside.h"

#include <seccomp.h>

#include <cerrno>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/tiocl.h>
#include <memory>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

// Newer than Debian 12's header (linux/landlock.h of Linux 6.13); the kernel says by its ABI number which it knows.
constexpr std::uint64_t access_truncate = 1ULL << 14;                              // ABI 3
constexpr std::uint64_t access_ioctl_dev = 1ULL << 15;                             // ABI 5
constexpr std::uint64_t scope_abstract_unix = 1ULL << 0, scope_signal = 1ULL << 1; // ABI 6
struct RulesetAttributes {
    std::uint64_t handled_access_fs = 0, handled_access_net = 0, scoped = 0;
};

constexpr std::uint64_t reading =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// Making device files is nobody's right.
constexpr std::uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr std::uint64_t devices = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;
constexpr std::uint64_t file_rights = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                      LANDLOCK_ACCESS_FS_WRITE_FILE | access_truncate | access_ioctl_dev;

std::string permit(int ruleset, const std::filesystem::path& path, std::uint64_t rights) {
    const int parent = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (parent < 0) return errno == ENOENT ? std::string() : refused("look at " + path.string());
    struct stat status{};
    if (::fstat(parent, &status) == 0 && !S_ISDIR(status.st_mode)) rights &= file_rights;
    const landlock_path_beneath_attr rule{rights, parent};
    const bool added = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    const std::string out = added ? std::string() : refused("a Landlock rule for " + path.string());
    ::close(parent);
    return out;
}

struct Denied {
    int call;
    int reason;
};

// ENOSYS where programs then take another way, EPERM where they should say so.
constexpr Denied denied[] = {
    // Ways around every filter of calls: rings of calls that the kernel makes for us.
    {SCMP_SYS(io_uring_setup), ENOSYS},
    {SCMP_SYS(io_uring_enter), ENOSYS},
    {SCMP_SYS(io_uring_register), ENOSYS},
    // Mounts and namespaces: what was covered would come to light.
    {SCMP_SYS(mount), EPERM},
    {SCMP_SYS(umount2), EPERM},
    {SCMP_SYS(pivot_root), EPERM},
    {SCMP_SYS(chroot), EPERM},
    {SCMP_SYS(open_tree), EPERM},
    {SCMP_SYS(move_mount), EPERM},
    {SCMP_SYS(fsopen), EPERM},
    {SCMP_SYS(fsconfig), EPERM},
    {SCMP_SYS(fsmount), EPERM},
    {SCMP_SYS(fspick), EPERM},
    {SCMP_SYS(mount_setattr), EPERM},
    {SCMP_SYS(setns), EPERM},
    {SCMP_SYS(unshare), EPERM},
    // Files by handle, around all paths.
    {SCMP_SYS(open_by_handle_at), EPERM},
    {SCMP_SYS(name_to_handle_at), EPERM},
    // The kernel itself: keys of the session, programs in it, its measurements, its clock, its modules.
    {SCMP_SYS(keyctl), EPERM},
    {SCMP_SYS(add_key), EPERM},
    {SCMP_SYS(request_key), EPERM},
    {SCMP_SYS(bpf), EPERM},
    {SCMP_SYS(perf_event_open), EPERM},
    {SCMP_SYS(userfaultfd), EPERM},
    {SCMP_SYS(kexec_load), EPERM},
    {SCMP_SYS(kexec_file_load), EPERM},
    {SCMP_SYS(init_module), EPERM},
    {SCMP_SYS(finit_module), EPERM},
    {SCMP_SYS(delete_module), EPERM},
    {SCMP_SYS(reboot), EPERM},
    {SCMP_SYS(swapon), EPERM},
    {SCMP_SYS(swapoff), EPERM},
    {SCMP_SYS(syslog), EPERM},
    {SCMP_SYS(acct), EPERM},
    {SCMP_SYS(settimeofday), EPERM},
    {SCMP_SYS(clock_settime), EPERM},
    {SCMP_SYS(clock_adjtime), EPERM},
    {SCMP_SYS(adjtimex), EPERM},
    {SCMP_SYS(iopl), EPERM},
    {SCMP_SYS(ioperm), EPERM},
    {SCMP_SYS(quotactl), EPERM},
    {SCMP_SYS(nfsservctl), EPERM},
    {SCMP_SYS(vhangup), EPERM},
    {SCMP_SYS(fanotify_init), EPERM},
    // Memory of others (the namespace holds only our own, this is on top).
    {SCMP_SYS(process_madvise), EPERM},
    {SCMP_SYS(kcmp), EPERM},
    {SCMP_SYS(migrate_pages), EPERM},
    {SCMP_SYS(move_pages), EPERM},
};

constexpr Denied debugging[] = {
    {SCMP_SYS(ptrace), EPERM}, {SCMP_SYS(process_vm_readv), EPERM}, {SCMP_SYS(process_vm_writev), EPERM}};

constexpr std::uint64_t low_half = 0xFFFF'FFFF; // of an argument that the kernel takes as 32 bits

std::string load(scmp_filter_ctx filter, bool may_debug) {
    const auto told = [](int code, const char* what) {
        errno = -code;
        return code == 0 ? std::string() : refused(what);
    };
    const auto deny = [&](const Denied& one) {
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(one.reason)), one.call, 0);
    };
    for (const Denied& one : denied)
        if (int code = deny(one); code != 0 && code != -EDOM) return told(code, "a seccomp rule");
    if (!may_debug)
        for (const Denied& one : debugging)
            if (int code = deny(one); code != 0) return told(code, "a seccomp rule");
    const auto when = [&](int reason, int call, const scmp_arg_cmp& condition) {
        return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(reason)), call, 1, &condition);
    };
    const auto masked = [](unsigned argument, std::uint64_t mask, std::uint64_t value) {
        return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value};
    };
    int code = 0;
    // Typing into the terminal for the person, and what else a terminal does for its owner.
    for (const std::uint64_t request :
         {std::uint64_t{TIOCSTI}, std::uint64_t{TIOCLINUX}, std::uint64_t{TIOCSETD}, std::uint64_t{TIOCCONS}})
        if (code == 0) code = when(EPERM, SCMP_SYS(ioctl), masked(1, low_half, request));
    // Of families, only what stays on this machine's own loopback: others (vsock, Bluetooth, packet, kernel crypto) know no network
    // namespace, or only root's. Netlink is needed to list one's own interfaces; it is that of the namespace.
    for (std::uint64_t family = 0; family < 64 && code == 0; ++family)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
            code = when(EAFNOSUPPORT, SCMP_SYS(socket), masked(0, low_half, family));
    if (code == 0) code = when(EAFNOSUPPORT, SCMP_SYS(socket), {0, SCMP_CMP_GT, 63, 0});
    // Multipath TCP takes other ways than TCP's rules see (kernel commit 854277e).
    constexpr std::uint64_t mptcp = 262;
    if (code == 0) code = when(EPROTONOSUPPORT, SCMP_SYS(socket), masked(2, low_half, mptcp));
    // New namespaces for users, by which capabilities come back. clone3 hides its flags in memory: libc then takes clone.
    for (const std::uint64_t flag : {std::uint64_t{CLONE_NEWUSER}, std::uint64_t{CLONE_NEWNS},
                                     std::uint64_t{CLONE_NEWNET}, std::uint64_t{CLONE_NEWPID}})
        if (code == 0) code = when(EPERM, SCMP_SYS(clone), masked(0, flag, flag));
    if (code == 0) code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (code != 0) return told(code, "a seccomp rule");
    return told(seccomp_load(filter), "seccomp");
}

} // namespace

std::string restrict_files(const std::vector<Place>& places) {
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) return {}; // the mounts alone hold
    std::uint64_t newer = 0;
    RulesetAttributes attributes;
    if (abi >= 2) newer |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) newer |= access_truncate;
    if (abi >= 6) attributes.scoped = scope_abstract_unix | scope_signal;
    attributes.handled_access_fs = reading | writing | devices | newer;
    const std::size_t known = abi >= 6 ? sizeof attributes : sizeof attributes.handled_access_fs;
    const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, known, 0));
    if (ruleset < 0) return refused("Landlock");
    std::string told = permit(ruleset, "/", reading);
    for (const Place& place : places)
        if (told.empty() && (place.kind == Place::Kind::read_write || place.kind == Place::Kind::fresh))
            told = permit(ruleset, place.at, reading | writing | newer);
    for (const char* path : {"/dev", "/proc/self"}) // their own, by name: terminals, memory, oom_score_adj
        if (told.empty()) told = permit(ruleset, path, reading | writing | newer);
    // What the program was given as its own input and output, by name too (/dev/stderr): a terminal or a file of the person's. Pipes and
    // sockets are in no file system (EBADFD), and need no rule.
    for (int standard = 0; standard <= 2 && told.empty(); ++standard) {
        struct stat status{};
        const int mode = ::fcntl(standard, F_GETFL);
        if (mode < 0 || ::fstat(standard, &status) != 0 || S_ISDIR(status.st_mode)) continue;
        std::uint64_t rights = 0; // as it was opened, and no more
        if ((mode & O_ACCMODE) != O_WRONLY) rights |= LANDLOCK_ACCESS_FS_READ_FILE;
        if ((mode & O_ACCMODE) != O_RDONLY) rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | (newer & access_truncate);
        const landlock_path_beneath_attr rule{rights, standard};
        [[maybe_unused]] const auto added =
            ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    if (told.empty() && ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) told = refused("Landlock");
    ::close(ruleset);
    return told;
}

std::string restrict_calls(bool may_debug) {
    const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
    errno = ENOMEM;
    return filter ? load(filter.get(), may_debug) : refused("seccomp");
}

} // namespace sallyport::sandbox
