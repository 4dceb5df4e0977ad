// Opens plain files and nothing else: whoever reads a folder that came from elsewhere must not wait for the writer of a pipe, nor read a
// device for ever.
#pragma once

#include "base/error.h"

#include <filesystem>

namespace sallyport {

// A descriptor to read from; links are followed. Where it fails errno tells why, too: 0 where something is there that is no plain file.
Result<int> open_plain_file(const std::filesystem::path& path);

} // namespace sallyport
