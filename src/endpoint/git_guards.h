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

// What is not there could be made inside: for the time of a run it is there, and says what git takes for granted without it. Goes with
// this; where that did not come to pass (a crash), it stays and says the same.
class MadeForRun {
public:
    explicit MadeForRun(const std::filesystem::path& workspace);
    ~MadeForRun();
    MadeForRun(const MadeForRun&) = delete;
    MadeForRun& operator=(const MadeForRun&) = delete;

private:
    std::vector<std::filesystem::path> files_, folders_;
};

} // namespace sallyport::endpoint
