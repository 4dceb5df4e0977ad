// The files of a client as it lies there: a folder, a package (tar or ZIP, through libarchive), or one program. Nothing is written, run or
// followed: a link is named, a name is only ever shown. A folder's files are mapped, a package's are held in memory one at a time.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

using OnFile = std::function<void(const std::string& path, std::string_view bytes)>;

struct Walked {
    std::string form; // "package", "folder", "file"
    std::vector<std::string>
        problems;      // one sentence each: links that lead out, names that do, what is missing at the end
    bool whole = true; // false: a limit or damage ended it early, after what was measured
};

// `on_file` in the order of the package, or sorted. Fails only where nothing could be measured.
Result<Walked> walk_client(const std::filesystem::path& path, const OnFile& on_file);
// The same of a package that lies in memory.
Result<Walked> walk_package(std::string_view package, const OnFile& on_file);

} // namespace sallyport::lab
