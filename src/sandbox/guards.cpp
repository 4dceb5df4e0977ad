#include "sandbox/guards.h"

#include "sandbox/inside.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace sallyport::sandbox {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t watched = IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;
constexpr int lease_tries = 40, lease_tries_made = 400, lease_pause_us = 2'500; // somebody outside may be at it, too
constexpr std::size_t sealed_bytes_max = 4u << 20;

bool is_below(const fs::path& path, const fs::path& folder) {
    return path != folder && std::ranges::mismatch(folder, path).in1 == folder.end();
}

int open_at(const fs::path& path, std::uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
}

enum class Covered : std::uint8_t { already, now, gone, link, impossible };

Covered cover(const fs::path& at, bool read_only) {
    const int there = open_at(at, O_PATH);
    if (there < 0) {
        if (errno == ELOOP) return Covered::link;
        return errno == ENOENT || errno == ENOTDIR ? Covered::gone : Covered::impossible;
    }
    struct statx status{};
    Covered out = Covered::impossible;
    if (::statx(there, "", AT_EMPTY_PATH, STATX_TYPE | STATX_NLINK, &status) == 0 &&
        (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
        (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
        out = Covered::already;
    } else if (S_ISLNK(status.stx_mode)) {
        out = Covered::link;
    } else if (S_ISREG(status.stx_mode) && status.stx_nlink != 1) {
        out = Covered::impossible; // it has a name of which nobody knows
    } else if (S_ISREG(status.stx_mode) || S_ISDIR(status.stx_mode)) {
        mount_attr attributes{};
        attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0);
        const int tree = ::open_tree(there, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (tree >= 0 && ::mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 &&
            ::move_mount(tree, "", there, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
            out = Covered::now;
        else if (errno == ENOENT)
            out = Covered::gone; // another one was put there meanwhile, of which an event tells
        if (tree >= 0) ::close(tree);
    }
    ::close(there);
    return out;
}

// Of a file that nobody inside can open for writing any more. What cannot be found out counts as held.
bool is_held_for_writing(const fs::path& file, int tries) {
    for (int i = 0; i < tries; ++i) {
        const int there = open_at(file, O_RDONLY | O_NONBLOCK); // fails where somebody has a lease for writing
        if (there < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return false;
        bool held = there < 0;
        if (there >= 0) {
            const bool given = ::fcntl(there, F_SETLEASE, F_RDLCK) == 0;
            held = !given && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP; // unknown to this file system
            if (given) ::fcntl(there, F_SETLEASE, F_UNLCK);
            ::close(there);
        }
        if (!held) return false;
        ::usleep(lease_pause_us);
    }
    return true;
}

std::string content_of(const fs::path& file) {
    const int there = open_at(file, O_RDONLY | O_NONBLOCK);
    if (there < 0) return {};
    std::string out(sealed_bytes_max, '\0');
    const ssize_t count = ::read(there, out.data(), out.size());
    out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    ::close(there);
    return out;
}

} // namespace

Guards::~Guards() {
    if (events_ >= 0) ::close(events_);
}

std::string Guards::watch(const std::vector<Place>& places) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        const bool read_only = places[i].kind == Place::Kind::read_only;
        if (!read_only && places[i].kind != Place::Kind::read_write) continue;
        const bool is_within =
            std::ranges::any_of(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(i), [&](const Place& one) {
                return one.kind == Place::Kind::read_write && one.source.empty() && is_below(places[i].at, one.at);
            });
        if (is_within && places[i].source.empty()) {
            guards_.push_back({places[i].at, read_only});
            guards_.back().is_sealed = places[i].sealed;
        }
    }
    if (std::ranges::none_of(guards_, &Guard::read_only)) return {};
    events_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (events_ < 0) return refused("watch guarded files (fs.inotify.max_user_instances)");
    for (const Guard& guard : guards_)
        if (!watch_folder(guard.at.parent_path()) && errno != ENOENT)
            return refused("watch " + guard.at.parent_path().string() + " (fs.inotify.max_user_watches)");
    return {};
}

bool Guards::watch_folder(const fs::path& folder) {
    const int watch = ::inotify_add_watch(events_, folder.c_str(), watched);
    if (watch < 0) return false;
    folders_[watch] = folder;
    return true;
}

bool Guards::used(const Guard& guard) {
    told_.emplace_back(Told::used, guard.at);
    return false;
}

bool Guards::arrived(std::size_t number, How how) {
    Guard& guard = guards_[number];
    const Covered covered = cover(guard.at, guard.read_only);
    if (covered == Covered::gone || covered == Covered::already) return true;
    if (!std::exchange(guard.is_told, true)) told_.emplace_back(Told::changed, guard.at);
    if (covered == Covered::link && !guard.is_sealed)
        return true; // as one that was there from the beginning: not guarded
    if (covered != Covered::now) return used(guard);
    ++covered_;
    if (guard.read_only) {
        // Who made it where it stands is writing it: an editor, mostly.
        const bool is_checked = how == How::moved || guard.is_sealed;
        if (is_checked && is_held_for_writing(guard.at, how == How::moved ? lease_tries : lease_tries_made))
            return used(guard);
        if (guard.is_sealed) guard.content = content_of(guard.at);
        return true;
    }
    // A folder in the place of one that was watched: what it holds came with it.
    if (!watch_folder(guard.at)) return used(guard); // inside may have used up what the kernel gives
    for (std::size_t i = 0; i < guards_.size(); ++i)
        if (is_below(guards_[i].at, guard.at) && !arrived(i, How::moved)) return false;
    return true;
}

bool Guards::all_arrived() {
    for (std::size_t i = 0; i < guards_.size(); ++i)
        if (!arrived(i, How::moved)) return false;
    return true;
}

bool Guards::read_events() {
    alignas(inotify_event) char bytes[16 * 1024];
    for (;;) {
        const ssize_t count = ::read(events_, bytes, sizeof bytes);
        if (count <= 0) return true;
        for (ssize_t at = 0; at < count;) {
            const auto* const event = reinterpret_cast<const inotify_event*>(bytes + at);
            at += static_cast<ssize_t>(sizeof *event + event->len);
            if ((event->mask & IN_Q_OVERFLOW) != 0) { // what was written then, no event tells
                const std::size_t before = covered_;
                if (!all_arrived()) return false;
                if (covered_ != before) return used(guards_.front());
            }
            const auto folder = folders_.find(event->wd);
            if (folder == folders_.end() || event->len == 0) continue;
            const fs::path path = folder->second / event->name;
            const auto guard = std::ranges::find(guards_, path, &Guard::at);
            if (guard == guards_.end()) continue;
            if ((event->mask & IN_MODIFY) != 0) {
                // What is covered since the beginning only somebody outside can write; and git never writes a sealed one where it stands.
                if (guard->is_fresh || (guard->is_sealed && guard->is_told)) return used(*guard);
                continue;
            }
            // What is made where it stands is written by whoever made it; what is moved there is whole.
            const How how = (event->mask & IN_MOVED_TO) != 0 ? How::moved : How::made;
            guard->is_fresh = how == How::moved && guard->read_only;
            if (!arrived(static_cast<std::size_t>(guard - guards_.begin()), how)) return false;
        }
    }
}

void Guards::look_at_last(const Tell& tell) {
    read_events();
    for (const Guard& guard : guards_) {
        if (guard.content.empty()) continue;
        const int there = open_at(guard.at, O_PATH);
        if (there < 0) continue; // taken away outside
        ::close(there);
        if (content_of(guard.at) != guard.content) used(guard);
    }
    for (const auto& [what, path] : told_) tell(what, path);
    told_.clear();
}

bool Guards::look(const Tell& tell) {
    const bool fine = read_events();
    // All that came before it was covered was read now.
    for (Guard& guard : guards_) guard.is_fresh = false;
    for (const auto& [what, path] : told_) tell(what, path);
    told_.clear();
    return fine;
}

} // namespace sallyport::sandbox
