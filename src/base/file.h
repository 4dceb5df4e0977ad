// Whole small files: configuration, keys, certificates.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport {

// Fails with a sentence that names the path; `bytes_max` guards against a device or a log named by mistake.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);

// Writes beside the target, syncs, renames: readers see the old content or the new one, also after a crash.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode);

// The same for a file that is there: the mode stays, the owner where that is allowed; a link stays one.
Result<void> rewrite_file(const std::filesystem::path& path, std::string_view content);

} // namespace sallyport
