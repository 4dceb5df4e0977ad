// What a working copy is of: its remote, the commit that HEAD names, and the first commit that one goes back to. Shallow clones and
// linked worktrees too. Nothing of the repository is run.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string>

namespace sallyport::repo {

struct Checkout {
    std::string remote; // as written, credentials and all; empty: none
    std::string commit; // hex digits; empty where HEAD names none yet
    std::string root;   // by first parents; empty where the history is not here, or longer than root_commits_max
};
inline constexpr std::size_t root_commits_max = 50'000;

// Errors: it is no git repository that can be read.
Result<Checkout> look_at_checkout(const std::filesystem::path& folder);

} // namespace sallyport::repo
