// What is read-only within a place that can be written (a guarded file) is covered by a mount. The kernel takes that mount away when somebody
// outside puts another file in its place, as git does with .git/config at each change: from then on the program inside could write it. So the
// keeper, which waits outside of the limits and may still mount, watches the folders of guarded files and covers anew what is put there.
//
// Between the two lies a moment, and git writes the new file beside the old one before that. What is open for writing then is found (a read
// lease is given for a file only that nobody holds so; fcntl(2), F_SETLEASE), a second name of it (link(2)), and each later write, which is an
// event (inotify(7)); then all inside is ended. Of a `sealed` file also a change that no event tells of (mmap(2)): by its content, at the end. Not
// found is what was changed before it was covered in a way that no event tells, or another file put there in that moment: so `changed`
// tells of all that was put there.
//
// Runs in the keeper, after the root was built; paths are those inside. No links are followed on any of them.
#pragma once

#include "sandbox/boundary.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sandbox {

class Guards {
public:
    Guards() = default;
    ~Guards();
    Guards(const Guards&) = delete;
    Guards& operator=(const Guards&) = delete;

    // Returns "" or what the kernel refused. Where nothing is guarded there is nothing to wait for: descriptor() is -1.
    std::string watch(const std::vector<Place>& places);
    int descriptor() const { return events_; }
    // Once there are events. False: somebody inside used the moment, and all must be ended.
    enum class Told : char { changed = 'C', used = 'U' };
    using Tell = std::function<void(Told, const std::filesystem::path&)>;
    bool look(const Tell& tell);
    void look_at_last(const Tell& tell); // when nothing runs inside any more

private:
    struct Guard {
        std::filesystem::path at;
        bool read_only = true; // else a folder in whose place another one could be put
        bool is_fresh = false; // put there, and what came behind it is not read yet
        bool is_told = false;  // that it was replaced
        bool is_sealed = false;
        std::string content; // of a sealed file that was replaced, as it was covered
    };
    bool watch_folder(const std::filesystem::path& folder);
    enum class How : std::uint8_t { moved, made };
    bool arrived(std::size_t number, How how);
    bool used(const Guard& guard);
    bool all_arrived();
    bool read_events();

    int events_ = -1;
    std::size_t covered_ = 0; // so far, anew
    std::vector<Guard> guards_;
    std::map<int, std::filesystem::path> folders_; // by watch
    std::vector<std::pair<Told, std::filesystem::path>> told_;
};

} // namespace sallyport::sandbox
