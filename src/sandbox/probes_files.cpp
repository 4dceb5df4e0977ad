#include "sandbox/probes.h"

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

Verdict of(bool done) { return done ? Verdict::open : Verdict::closed; }

bool holds_bait(const std::string& path) {
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return text.contains(bait_text);
}

bool writes(const std::string& path, int flags = 0) {
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | flags, 0600);
    return file >= 0 && ::write(file, "\n", 1) == 1;
}

bool sees(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0;
}

// Whether a folder can be put aside and another made in its place.
bool puts_aside(const std::filesystem::path& path) {
    const std::string aside = path.string() + ".aside";
    if (::rename(path.c_str(), aside.c_str()) != 0) return false;
    ::rename(aside.c_str(), path.c_str());
    return true;
}

bool follows_link(const Bait& bait, const std::string& to) {
    const std::string link = (bait.workspace / "link").string();
    ::unlink(link.c_str());
    const bool made = ::symlink(to.c_str(), link.c_str()) == 0;
    const bool read = made && (holds_bait(link) || writes(link));
    ::unlink(link.c_str());
    return read;
}

// A descriptor that came from outside lets everything relative to it through.
bool has_foreign_descriptor(const Bait& bait) {
    for (int one = 3; one < 256; ++one) {
        char path[64], target[4096];
        std::snprintf(path, sizeof path, "/proc/self/fd/%d", one);
        const ssize_t count = ::readlink(path, target, sizeof target - 1);
        if (count > 0 && std::string(target, static_cast<std::size_t>(count)).starts_with(bait.folder.string()))
            return true;
    }
    return false;
}

// The programs that a person runs next must be what they were.
bool changes_programs() {
    for (const char* path : {"/usr/bin/env", "/bin/sh", "/usr/lib/os-release"})
        if (writes(path)) return true;
    return writes("/usr/bin/sallyport-probe", O_CREAT) || writes("/etc/profile.d/sallyport-probe.sh", O_CREAT);
}

Verdict open_by_handle(const Bait& bait) {
    char room[sizeof(file_handle) + 128] = {};
    auto* const handle = reinterpret_cast<file_handle*>(room);
    handle->handle_bytes = 128;
    int mount = 0;
    if (::name_to_handle_at(AT_FDCWD, bait.workspace.c_str(), handle, &mount, 0) != 0) return Verdict::closed;
    const int place = ::open(bait.workspace.c_str(), O_RDONLY | O_DIRECTORY);
    return of(::open_by_handle_at(place, handle, O_RDONLY) >= 0);
}

} // namespace

std::vector<Probe> file_probes() {
    return {
        {"read-outside", "reading a file outside of the workspace",
         [](const Bait& bait) { return of(holds_bait(bait.secret)); }, true},
        {"stat-outside", "seeing that it is there", [](const Bait& bait) { return of(sees(bait.secret)); }, true},
        {"chmod-outside", "changing its mode",
         [](const Bait& bait) { return of(::chmod(bait.secret.c_str(), 0644) == 0); }, true},
        {"list-outside", "listing its folder",
         [](const Bait& bait) { return of(::opendir(bait.secret.parent_path().c_str()) != nullptr); }, true},
        {"write-outside", "writing to a file outside",
         [](const Bait& bait) { return of(writes(bait.secret.string())); }, true},
        {"read-home", "reading a key in the home folder",
         [](const Bait& bait) { return of(holds_bait(bait.home_secret)); }, true},
        {"read-tmp", "reading a file in /tmp", [](const Bait& bait) { return of(holds_bait(bait.tmp_secret)); }, true},
        {"read-shadow", "reading /etc/shadow",
         [](const Bait&) { return of(std::ifstream("/etc/shadow").peek() != EOF); }},
        {"read-host-keys", "reading the machine's ssh keys",
         [](const Bait&) {
             return of(std::ifstream("/etc/ssh/ssh_host_ed25519_key").peek() != EOF ||
                       std::ifstream("/etc/ssh/ssh_host_rsa_key").peek() != EOF);
         }},
        {"change-programs", "changing what the person runs next", [](const Bait&) { return of(changes_programs()); }},
        {"dot-dot", "a path that climbs out of the workspace",
         [](const Bait& bait) {
             return of(holds_bait((bait.workspace / "../../../../../..").string() + bait.secret.string()) ||
                       holds_bait((bait.workspace / ".." / bait.secret.filename()).string()));
         },
         true},
        {"symbolic-link", "a link in the workspace to a file outside",
         [](const Bait& bait) { return of(follows_link(bait, bait.secret)); }, true},
        {"link-by-proc", "a link through /proc/self/root",
         [](const Bait& bait) { return of(follows_link(bait, "/proc/self/root" + bait.secret.string())); }, true},
        {"hard-link", "a hard link to a file outside",
         [](const Bait& bait) { return of(::link(bait.secret.c_str(), (bait.workspace / "hard").c_str()) == 0); },
         true},
        {"hard-link-of-programs", "a hard link to a program, to keep an old version of it",
         [](const Bait& bait) { return of(::link("/usr/bin/env", (bait.workspace / "hard").c_str()) == 0); }},
        {"inherited-descriptor", "a descriptor that was left open",
         [](const Bait& bait) {
             char room[64] = {};
             return of(::pread(bait.descriptor, room, sizeof room - 1, 0) > 0 &&
                       std::string_view(room).contains(bait_text));
         },
         true},
        {"any-descriptor", "any descriptor that leads outside",
         [](const Bait& bait) { return of(has_foreign_descriptor(bait)); }},
        {"open-by-handle", "opening a file by its handle, around all paths", open_by_handle},
        {"git-hook", "a git hook, which runs outside at the next commit",
         [](const Bait& bait) { return of(writes((bait.workspace / ".git/hooks/pre-commit").string(), O_CREAT)); },
         true},
        {"git-config", "git's settings, which name programs",
         [](const Bait& bait) { return of(writes((bait.workspace / ".git/config").string())); }, true},
        {"git-config-swap", "git's settings by renaming another file over them",
         [](const Bait& bait) {
             const auto made = bait.workspace / ".git/config.lock";
             writes(made.string(), O_CREAT);
             return of(::rename(made.c_str(), (bait.workspace / ".git/config").c_str()) == 0);
         }},
        {"git-hooks-aside", "another folder in place of the hooks",
         [](const Bait& bait) { return of(puts_aside(bait.workspace / ".git/hooks")); }, true},
        {"git-aside", "another folder in place of .git",
         [](const Bait& bait) { return of(puts_aside(bait.workspace / ".git")); }, true},
        {"workspace-aside", "another folder in place of the workspace",
         [](const Bait& bait) { return of(puts_aside(bait.workspace)); }},
        {"client-settings", "a client's own settings in the repository, hooks among them",
         [](const Bait& bait) { return of(writes((bait.workspace / ".claude/settings.json").string())); }, true},
        {"client-settings-aside", "another folder in place of .claude",
         [](const Bait& bait) { return of(puts_aside(bait.workspace / ".claude")); }},
        {"mcp-servers", "the repository's list of MCP servers",
         [](const Bait& bait) { return of(writes((bait.workspace / ".mcp.json").string())); }, true},
        {"mcp-servers-removed", "removing that list, to make another",
         [](const Bait& bait) { return of(::unlink((bait.workspace / ".mcp.json").c_str()) == 0); }},
        {"editor-tasks", "tasks that an editor runs",
         [](const Bait& bait) { return of(writes((bait.workspace / ".vscode/tasks.json").string(), O_CREAT)); }, true},
        {"shell-start", "what a shell runs at its start, in the person's home folder",
         [](const Bait& bait) {
             // The home folder inside is another one: writing there is no way out. The bait tells whether it is the person's.
             return of(sees((bait.home / ".bashrc-bait").string()));
         },
         true},
        {"mount", "a mount, to uncover what is hidden",
         [](const Bait& bait) {
             return of(::syscall(SYS_mount, "none", bait.workspace.c_str(), "tmpfs", 0, nullptr) == 0);
         }},
        {"unmount", "taking a mount off",
         [](const Bait& bait) { return of(::syscall(SYS_umount2, (bait.workspace / ".git/hooks").c_str(), 2) == 0); }},
        {"chroot", "another root", [](const Bait& bait) { return of(::chroot(bait.workspace.c_str()) == 0); }},
        {"device-file", "making a device file of the disk",
         [](const Bait& bait) { return of(::mknod((bait.workspace / "disk").c_str(), S_IFBLK | 0600, 0x800) == 0); }},
        {"devices", "the machine's memory, disks and log",
         [](const Bait&) {
             for (const char* one : {"/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse", "/dev/kvm",
                                     "/dev/net/tun", "/dev/uinput"})
                 if (::open(one, O_RDONLY) >= 0) return Verdict::open;
             return Verdict::closed;
         }},
    };
}

} // namespace sallyport::sandbox
