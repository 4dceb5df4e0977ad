#include "endpoint/git_guards.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t folders_max = 200;
constexpr int depth_max = 8; // of submodules whose names have slashes, and of those within
constexpr std::size_t config_bytes_max = 1u << 20;
constexpr std::string_view same_folder = ".\n"; // of commondir: where HEAD is, there is all the rest

constexpr const char* obeyed[] = {"config", "config.worktree", "commondir", "hooks", "info/attributes"};

bool is_plain(const fs::path& path) {
    std::error_code error;
    const auto kind = fs::symlink_status(path, error).type();
    return kind == fs::file_type::regular || kind == fs::file_type::directory;
}
bool is_git_folder(const fs::path& path) {
    std::error_code error;
    return fs::is_directory(fs::symlink_status(path, error)) && fs::exists(path / "HEAD", error);
}

// Those below `folder`, which lies in the workspace.
bool add_below(const fs::path& workspace, const fs::path& folder, int depth, std::vector<fs::path>& out) {
    std::error_code error;
    for (fs::directory_iterator at(workspace / folder, error), end; !error && at != end; at.increment(error)) {
        if (!fs::is_directory(at->symlink_status(error))) continue;
        const fs::path one = folder / at->path().filename();
        if (is_git_folder(at->path())) {
            if (out.size() == folders_max) return false;
            out.push_back(one);
            if (depth < depth_max && !add_below(workspace, one / "modules", depth + 1, out)) return false;
        } else if (depth < depth_max && !add_below(workspace, one, depth + 1, out)) {
            return false;
        }
    }
    return true;
}

// Of a submodule's settings: core.worktree, as git writes it ("\tworktree = ../../../lib"). Empty where there is none.
fs::path working_copy_of(const fs::path& git_folder) {
    const auto config = read_file(git_folder / "config", config_bytes_max);
    if (!config) return {};
    for (std::string_view rest = *config; !rest.empty();) {
        const std::string_view line = trim(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(
            std::min(rest.size(), rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n') + 1));
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || !equals_ignoring_case(trim(line.substr(0, equals)), "worktree"))
            continue;
        return (git_folder / trim(line.substr(equals + 1))).lexically_normal();
    }
    return {};
}

} // namespace

Result<std::vector<fs::path>> git_folders(const fs::path& workspace) {
    std::vector<fs::path> out;
    std::error_code error;
    if (!fs::is_directory(fs::symlink_status(workspace / ".git", error))) return out;
    out.emplace_back(".git");
    const bool all =
        add_below(workspace, ".git/modules", 0, out) && add_below(workspace, ".git/worktrees", depth_max, out);
    if (all) return out;
    return fail(ErrorKind::too_large, workspace.string() + " has more than " + std::to_string(folders_max) +
                                          " submodules and linked worktrees, which is more than can be guarded");
}

Result<std::vector<fs::path>> guarded_by_git(const fs::path& workspace) {
    auto folders = git_folders(workspace);
    if (!folders) return folders;
    std::vector<fs::path> out;
    std::error_code error;
    // The working copy of a linked worktree, or a submodule: where git finds its folder.
    if (folders->empty() && fs::is_regular_file(fs::symlink_status(workspace / ".git", error)))
        out.emplace_back(".git");
    for (const fs::path& folder : *folders) {
        for (const char* one : obeyed)
            if (is_plain(workspace / folder / one)) out.push_back(folder / one);
        const fs::path copy = working_copy_of(workspace / folder);
        const fs::path file = copy.lexically_relative(workspace.lexically_normal()) / ".git";
        if (!copy.empty() && *file.begin() != ".." && fs::is_regular_file(fs::symlink_status(workspace / file, error)))
            out.push_back(file);
    }
    return out;
}

MadeForRun::MadeForRun(const fs::path& workspace) {
    const auto folders = git_folders(workspace);
    if (!folders) return; // told where the guarded ones are asked for
    std::error_code error;
    for (const fs::path& folder : *folders) {
        const fs::path common = workspace / folder / "commondir", hooks = workspace / folder / "hooks";
        const bool is_linked = folder.string().starts_with(".git/worktrees/");
        const int made =
            is_linked ? -1 : ::open(common.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (made >= 0) {
            const bool whole =
                ::write(made, same_folder.data(), same_folder.size()) == static_cast<ssize_t>(same_folder.size());
            ::close(made);
            if (whole)
                files_.push_back(common);
            else
                fs::remove(common, error);
        } else if (const auto there = read_file(common, 16); !is_linked && there && *there == same_folder) {
            files_.push_back(common); // of a run before, which could not take it away
        }
        if (!is_linked && fs::create_directory(hooks, error)) folders_.push_back(hooks);
    }
}

MadeForRun::~MadeForRun() {
    std::error_code error;
    for (const fs::path& one : files_) fs::remove(one, error);
    for (const fs::path& one : folders_) ::rmdir(one.c_str()); // empty, as it was guarded
}

} // namespace sallyport::endpoint
