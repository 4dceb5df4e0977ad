// A data directory and its key files: nobody but their owner may read them, and one process writes them.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string_view>
#include <sys/types.h>

namespace sallyport::identity {

inline constexpr mode_t private_file = 0600;
inline constexpr mode_t private_directory = 0700;

// With those above it; one that is there stays as it is.
Result<void> make_directory(const std::filesystem::path& directory);
// Refused, with the command that mends it, where others than the owner may read it; `wanted`: the mode to tell.
Result<void> require_private(const std::filesystem::path& path, mode_t wanted);
// Held as long as the descriptor is open. `how`: LOCK_EX, with LOCK_NB where waiting makes no sense; `who` ("gateway") has it else.
Result<int> lock_file(const std::filesystem::path& file, int how, std::string_view who);

} // namespace sallyport::identity
