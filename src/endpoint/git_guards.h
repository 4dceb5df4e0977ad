// What git obeys of a workspace's own files, so that a program inside could leave something behind that git runs outside, when the person
// types `git status`: settings (core.fsmonitor, filters), hooks, and files that say where those are. Guarded: seen, not changed.
// Sources: gitrepository-layout(5), git-config(1), githooks(5).
#pragma once

#include "base/error.h"

#include <filesystem>
#include <vector>

namespace sallyport::endpoint {

// Git's folders in the workspace, relative to it: .git, those of its submodules and of its linked worktrees.
// Errors: there are more than can be guarded.
Result<std::vector<std::filesystem::path>> git_folders(const std::filesystem::path& workspace);
// Files and folders to be guarded, as far as they are there; of a submodule also the file in its working copy that says where it is.
Result<std::vector<std::filesystem::path>> guarded_by_git(const std::filesystem::path& workspace);

// Of a linked worktree (git-worktree(1)) the folder with the `.git` that it belongs to. Empty: it is none, or that repository does not know it:
// a file says quickly that it belongs to somebody.
std::filesystem::path repository_of_worktree(const std::filesystem::path& workspace);

// What is not there could be made inside: for the time of a run it is there, and says what git takes for granted without it. Runs in the same
// workspace share it (`state`: a folder of the person's that none of them sees): it goes with the last of them, since what is taken away
// outside is guarded inside no more. Where that did not come to pass (a crash), it stays and says the same, until the next run's end.
class MadeForRun {
public:
    MadeForRun(const std::filesystem::path& workspace, const std::filesystem::path& state);
    ~MadeForRun();
    MadeForRun(const MadeForRun&) = delete;
    MadeForRun& operator=(const MadeForRun&) = delete;

private:
    void make(const std::filesystem::path& path, bool is_folder) const;
    std::filesystem::path workspace_;
    int list_ = -1; // of what was made by any of the runs, each with a zero byte behind it; locked, by all that run
};

} // namespace sallyport::endpoint
