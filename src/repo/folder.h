// A folder of documents that is no git repository, file by file. Symbolic links are not followed.
#pragma once

#include "repo/walk.h"

namespace sallyport::repo {

using OnFile = std::function<Result<void>(std::string_view path, std::string_view content)>;
// Paths are below the folder, in their order. A file that cannot be read is an error.
Result<Walked> walk_folder(const std::filesystem::path& folder, std::uint64_t file_bytes_max, const OnFile& on_file,
                           LeftOut left_out = left_out_by_path);

} // namespace sallyport::repo
