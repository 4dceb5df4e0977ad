// What is read-only within a place that can be written (a guarded file) is covered by a mount. The kernel takes that mount away when somebody
// outside puts another file in its place, as git does with .git/config at each change: from then on the program inside could write it. So the
// keeper, which waits outside of the limits and may still mount, watches the folders of guarded files and covers anew what is put there.
//
// Between the two lies a moment (tens of microseconds). What was opened or changed in it is found: a read lease is given for a file only that
// nobody holds open for writing (fcntl(2), F_SETLEASE), and each change is an event in order behind the file's arrival (inotify(7)). Then all
// inside is ended. What remains, another file put there in that moment from inside, is told with all that was put there: `changed`.
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
    bool look(const std::function<void(Told, const std::filesystem::path&)>& tell);

private:
    struct Guard {
        std::filesystem::path at;
        bool read_only = true; // else a folder in whose place another one could be put
        bool is_fresh = false; // put there, and what came behind it is not read yet
        bool is_told = false;
    };
    bool watch_folder(const std::filesystem::path& folder);
    bool arrived(std::size_t number);
    bool all_arrived();
    bool read_events();

    int events_ = -1;
    std::vector<Guard> guards_;
    std::map<int, std::filesystem::path> folders_; // by watch
    std::vector<std::pair<Told, std::filesystem::path>> told_;
};

} // namespace sallyport::sandbox
