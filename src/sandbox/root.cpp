#include "sandbox/inside.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

constexpr const char* base = "/tmp"; // of the old root: covered by us, in our mount namespace only
constexpr const char* old_root = "/old";
constexpr const char* new_root = "/new";

// Device files of the machine that hold nothing.
constexpr const char* devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

std::string make_folders(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    return error ? "make " + path.string() + ": " + error.message() : std::string();
}

std::string make_file(const std::filesystem::path& path, std::string_view text, mode_t mode) {
    if (auto told = make_folders(path.parent_path()); !told.empty()) return told;
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0) return refused("make " + path.string());
    std::string out;
    for (std::string_view rest = text; !rest.empty() && out.empty();) {
        const ssize_t count = ::write(file, rest.data(), rest.size());
        if (count < 0)
            out = refused("write " + path.string());
        else
            rest.remove_prefix(static_cast<std::size_t>(count));
    }
    ::close(file);
    return out;
}

std::string restrict(const std::filesystem::path& path, bool read_only, bool devices_work) {
    mount_attr attributes{};
    attributes.attr_set =
        MOUNT_ATTR_NOSUID | (read_only ? MOUNT_ATTR_RDONLY : 0) | (devices_work ? 0 : MOUNT_ATTR_NODEV);
    if (::mount_setattr(AT_FDCWD, path.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) != 0)
        return refused("limit the mount " + path.string());
    return {};
}

std::string show(const std::filesystem::path& from, const std::filesystem::path& to, bool read_only,
                 bool devices_work) {
    struct stat status{};
    if (::stat(from.c_str(), &status) != 0) return refused("look at " + from.string());
    if (auto told = S_ISDIR(status.st_mode)
                        ? make_folders(to)
                        : (::access(to.c_str(), F_OK) == 0 ? std::string() : make_file(to, "", 0600));
        !told.empty())
        return told;
    if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
        return refused("show " + from.string());
    return restrict(to, read_only, devices_work);
}

std::string memory(const std::filesystem::path& at, const char* options) {
    if (auto told = make_folders(at); !told.empty()) return told;
    if (::mount("tmpfs", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options) != 0)
        return refused("mount memory at " + at.string());
    return {};
}

// So that there is room for more beside what a folder of the machine holds.
std::string show_entries(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (auto told = memory(to, "mode=0755"); !told.empty()) return told;
    std::error_code error;
    for (const auto& one : std::filesystem::directory_iterator(from, error)) {
        const auto at = to / one.path().filename();
        if (one.is_symlink(error)) {
            if (::symlink(std::filesystem::read_symlink(one.path(), error).c_str(), at.c_str()) != 0)
                return refused("link " + at.string());
        } else if (one.is_directory(error) || one.is_regular_file(error)) {
            if (auto told = show(one.path(), at, true, false); !told.empty()) return told;
        }
    }
    return error ? "list " + from.string() + ": " + error.message() : std::string();
}

std::string put(const Place& place) {
    // "new" + "/usr": operator/ of a path would take the absolute one alone.
    const std::filesystem::path at = new_root + place.at.string();
    const std::string source = place.source.empty() ? place.at.string() : place.source;
    std::error_code error;
    switch (place.kind) {
    case Place::Kind::read_only:
    case Place::Kind::read_write:
        if (place.optional && !std::filesystem::exists(old_root + source, error)) return {};
        return show(old_root + source, at, place.kind == Place::Kind::read_only, false);
    case Place::Kind::entries: return show_entries(old_root + source, at);
    case Place::Kind::fresh:
        return memory(at, place.source.empty() ? "mode=0755" : ("mode=0755,size=" + place.source).c_str());
    case Place::Kind::written: return make_file(at, place.source, 0644);
    case Place::Kind::text:
        // Made beside and bound, so that it also covers a file of a place that is read-only.
        if (auto told = make_file(std::string("/texts") + place.at.string(), place.source, 0444); !told.empty())
            return told;
        return show(std::string("/texts") + place.at.string(), at, true, false);
    case Place::Kind::link:
        if (auto told = make_folders(at.parent_path()); !told.empty()) return told;
        if (::symlink(source.c_str(), at.c_str()) != 0 && errno != EEXIST) return refused("link " + place.at.string());
        return {};
    }
    return {};
}

std::string make_devices() {
    const std::string dev = std::string(new_root) + "/dev";
    if (auto told = memory(dev, "mode=0755"); !told.empty()) return told;
    for (const char* name : devices)
        if (auto told = show(std::string(old_root) + "/dev/" + name, dev + "/" + name, false, true); !told.empty())
            return told;
    for (const auto& [name, to] : {std::pair{"fd", "/proc/self/fd"},
                                   {"stdin", "/proc/self/fd/0"},
                                   {"stdout", "/proc/self/fd/1"},
                                   {"stderr", "/proc/self/fd/2"},
                                   {"ptmx", "pts/ptmx"}})
        if (::symlink(to, (dev + "/" + name).c_str()) != 0) return refused(std::string("link /dev/") + name);
    if (auto told = make_folders(dev + "/pts"); !told.empty()) return told;
    if (::mount("devpts", (dev + "/pts").c_str(), "devpts", MS_NOSUID | MS_NOEXEC,
                "newinstance,ptmxmode=0666,mode=620") != 0)
        return refused("mount /dev/pts");
    return memory(dev + "/shm", "mode=1777");
}

// What even the machine's own root (as whom a container may run) shall not reach through /proc.
constexpr const char* guarded[] = {"sys", "sysrq-trigger", "irq", "bus"};

std::string make_proc() {
    const std::string proc = std::string(new_root) + "/proc";
    if (auto told = make_folders(proc); !told.empty()) return told;
    if (::mount("proc", proc.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
        return refused("mount /proc");
    for (const char* name : guarded) {
        const std::string path = proc + "/" + name;
        if (::access(path.c_str(), F_OK) != 0) continue;
        if (auto told = show(path, path, true, false); !told.empty()) return told;
    }
    return {};
}

} // namespace

std::string build_root(const std::vector<Place>& places) {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return refused("make mounts private");
    if (::mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) return refused("mount memory");
    if (::chdir(base) != 0 || ::mkdir("old", 0755) != 0 || ::mkdir("new", 0755) != 0) return refused("make folders");
    // A mount of its own, since only such can become a root.
    if (::mount("tmpfs", "new", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) return refused("mount memory");
    if (::syscall(SYS_pivot_root, ".", "old") != 0) return refused("pivot_root");
    if (::chdir("/") != 0) return refused("enter the new root");
    for (const Place& place : places)
        if (auto told = put(place); !told.empty()) return told;
    for (const Place& place : places)
        if (place.kind == Place::Kind::entries &&
            ::mount(nullptr, (new_root + place.at.string()).c_str(), nullptr,
                    MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != 0)
            return refused("make " + place.at.string() + " read-only");
    if (auto told = make_devices(); !told.empty()) return told;
    if (auto told = make_proc(); !told.empty()) return told;
    if (::umount2(old_root, MNT_DETACH) != 0) return refused("leave the old root");
    if (::chdir(new_root) != 0) return refused("enter the new root");
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return refused("pivot_root");
    if (::umount2(".", MNT_DETACH) != 0) return refused("leave the old root");
    if (::chdir("/") != 0) return refused("enter the new root");
    // The root itself holds only what was put there.
    if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != 0)
        return refused("make the root read-only");
    return {};
}

} // namespace sallyport::sandbox
