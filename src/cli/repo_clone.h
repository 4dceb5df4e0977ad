// The clones that `repo index ADDRESS` keeps in the data directory, one a repository, so that a later run fetches only what is new.
#pragma once

#include "base/error.h"
#include "repo/git_url.h"

#include <filesystem>
#include <string>

namespace sallyport::cli {

struct CloneSettings {
    std::string credential_file, host_key; // empty: none
};

// Below the folder of clones; made of the repository's name as the index has it.
std::filesystem::path clone_folder(const std::filesystem::path& clones, const std::string& name);

// Brings the clone up to date, with progress on a terminal. Ended by SIGINT, SIGTERM, SIGHUP and the limits of clones: an error then, and
// of a first clone nothing stays.
Result<void> clone_of(const repo::GitUrl& url, const std::filesystem::path& folder, const CloneSettings& settings);

} // namespace sallyport::cli
