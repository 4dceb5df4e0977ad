// What a coding client sees of the file system: the machine's programs, the person's tools, its workspace, a home folder of its own.
// The rest of the home folder is not there: no keys, no other repositories, no history.
#pragma once

#include "base/error.h"
#include "sandbox/boundary.h"

#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::endpoint {

struct ViewOptions {
    std::filesystem::path workspace;             // the repository, or a folder; absolute
    std::filesystem::path home;                  // as the client is told it: the person's own path
    std::filesystem::path state;                 // outside; what the client keeps between runs, shown as its home
    std::vector<std::filesystem::path> programs; // further places with programs, such as a client's package
    std::vector<std::pair<std::string, std::string>> files; // path inside and text: settings for this run
};

// What lies in a repository and is run or obeyed outside of any boundary: by git (git_guards.h), by editors, by clients started later.
// Seen, not changed by a client. Relative to the workspace. Errors: as guarded_by_git().
Result<std::vector<std::filesystem::path>> guarded_files(const std::filesystem::path& workspace);

// Errors: the workspace is not a folder, or would show what has to stay hidden (the home folder itself, "/").
Result<std::vector<sandbox::Place>> view(const ViewOptions& options);

} // namespace sallyport::endpoint
