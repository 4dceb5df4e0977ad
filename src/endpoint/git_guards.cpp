#include "endpoint/git_guards.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t folders_max = 200;
constexpr int depth_max = 8; // of submodules whose names have slashes, and of those within
constexpr std::size_t path_bytes_max = 8'192, list_bytes_max = 1u << 20;
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

std::string_view line_of(std::string_view text) { return trim(text.substr(0, text.find_first_of("\r\n"))); }

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

fs::path repository_of_worktree(const fs::path& workspace) {
    constexpr std::string_view begins = "gitdir: ";
    std::error_code error;
    const fs::path link = workspace / ".git";
    if (!fs::is_regular_file(fs::symlink_status(link, error))) return {};
    const auto text = read_file(link, path_bytes_max);
    if (!text || !text->starts_with(begins)) return {};
    const fs::path own = fs::canonical(workspace / line_of(std::string_view(*text).substr(begins.size())), error);
    if (error || own.parent_path().filename() != "worktrees") return {};
    const fs::path git = own.parent_path().parent_path();
    const auto back = read_file(own / "gitdir", path_bytes_max), common = read_file(own / "commondir", path_bytes_max);
    if (git.filename() != ".git" || !is_git_folder(git) || !back || !common || line_of(*common) != "../..") return {};
    const fs::path named = fs::canonical(own / line_of(*back), error);
    if (error || named != fs::canonical(link, error)) return {};
    return git.parent_path();
}

MadeForRun::MadeForRun(const fs::path& workspace, const fs::path& state) {
    std::error_code error;
    workspace_ = fs::weakly_canonical(workspace, error);
    const auto folders = git_folders(workspace_);
    if (!folders || folders->empty()) return; // what is wrong is told where the guarded ones are asked for
    fs::create_directories(state / "made", error);
    const std::string name = to_hex(crypto::bytes(crypto::sha256(workspace_.string())));
    list_ = ::open((state / "made" / name).c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    // Waits while the last of other runs takes away what it made.
    while (list_ >= 0 && ::flock(list_, LOCK_SH) != 0 && errno == EINTR) {
    }
    for (const fs::path& folder : *folders) {
        if (folder.string().starts_with(".git/worktrees/")) continue;
        make(folder / "commondir", false);
        make(folder / "hooks", true);
    }
}

void MadeForRun::make(const fs::path& path, bool is_folder) const {
    // On the list first: a crash leaves nothing that is on none.
    std::error_code error;
    if (fs::exists(fs::symlink_status(workspace_ / path, error))) return;
    const std::string line = (is_folder ? "d" : "f") + path.string() + '\0';
    if (list_ >= 0 && ::write(list_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return;
    if (is_folder) {
        fs::create_directory(workspace_ / path, error);
        return;
    }
    const int made = ::open((workspace_ / path).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (made < 0) return; // by another run, at this moment
    const bool whole =
        ::write(made, same_folder.data(), same_folder.size()) == static_cast<ssize_t>(same_folder.size());
    ::close(made);
    if (!whole) fs::remove(workspace_ / path, error); // the disk is full
}

MadeForRun::~MadeForRun() {
    if (list_ < 0) return;
    if (::flock(list_, LOCK_EX | LOCK_NB) == 0) { // nobody else runs here
        std::string all(list_bytes_max, '\0');
        const ssize_t count = ::pread(list_, all.data(), all.size(), 0);
        all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        std::error_code error;
        for (std::string_view rest = all; !rest.empty();) {
            const std::string_view line = rest.substr(0, rest.find('\0'));
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
            if (line.empty()) continue;
            const fs::path path = workspace_ / line.substr(1);
            if (line.front() == 'd')
                ::rmdir(path.c_str()); // empty, as it was guarded
            else if (const auto there = read_file(path, 16); there && *there == same_folder)
                fs::remove(path, error);
        }
        if (::ftruncate(list_, 0) != 0) { /* then what is on it is not there the next time */
        }
    }
    ::close(list_);
}

} // namespace sallyport::endpoint
