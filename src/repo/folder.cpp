#include "repo/folder.h"

#include "base/file.h"
#include "base/limits.h"

#include <algorithm>

namespace sallyport::repo {

Result<Walked> walk_folder(const std::filesystem::path& folder, std::uint64_t file_bytes_max, const OnFile& on_file,
                           LeftOut left_out) {
    Walked walked;
    std::vector<std::filesystem::path> files;
    std::error_code code;
    for (std::filesystem::recursive_directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
        if (at->is_symlink())
            ++walked.left_out["symbolic link"];
        else if (at->is_regular_file())
            files.push_back(at->path());
    }
    if (code)
        return fail(ErrorKind::io, "the folder " + folder.string() + " cannot be read as a whole: " + code.message());
    std::ranges::sort(files);
    for (const auto& file : files) {
        const std::string path = file.lexically_relative(folder).generic_string();
        std::string_view reason = left_out(path);
        if (path.size() > limits::repository_path_bytes_max) reason = "too long a path";
        if (reason.empty() && std::filesystem::file_size(file, code) > file_bytes_max) reason = "too large";
        if (!reason.empty()) {
            ++walked.left_out[std::string(reason)];
            continue;
        }
        const auto content = read_file(file, file_bytes_max);
        if (!content) return std::unexpected(content.error());
        if (auto done = on_file(path, *content); !done) return std::unexpected(done.error());
        ++walked.blobs;
    }
    return walked;
}

} // namespace sallyport::repo
