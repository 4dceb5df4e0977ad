// What a restore prepared takes the place of an installation's data, whole or not at all, wherever the process or the machine ends.
//
// DATA/restore.new holds what comes. DATA/restoring is the journal: once it is on the disk the change is decided, and whoever opens the
// directory next carries it through to the end (Installation::open does). Before, nothing was touched. What was there goes to
// DATA/replaced-<mark>/ and is for people to delete.
#pragma once

#include "base/error.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace sallyport::identity {

std::filesystem::path prepared_directory(const std::filesystem::path& directory);
std::filesystem::path replaced_directory(const std::filesystem::path& directory, const std::string& mark);

// `mark`: letters and digits. The prepared directory must be synced, whoever calls have the directory's lock.
Result<void> swap_in(const std::filesystem::path& directory, const std::string& mark);
// Nothing where there is no journal. The caller holds setup.lock. `steps_max`: for tests, after how many changes to stop.
Result<void> finish_swap(const std::filesystem::path& directory, std::size_t steps_max = SIZE_MAX);

} // namespace sallyport::identity
