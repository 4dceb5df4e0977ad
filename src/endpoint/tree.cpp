#include "endpoint/tree.h"

#include "base/plain_file.h"
#include "base/text.h"
#include "endpoint/vendor_keys.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t unread_max = 1'000;
constexpr int links_max = 40;

constexpr int workspace_depth_max = 4;
constexpr std::size_t workspace_folders_max = 2'000;
// Others' code and what is built: no client is started there.
constexpr std::string_view passed_over[] = {"node_modules", "vendor", "third_party", "target",     "build",
                                            "dist",         "out",    "venv",        "__pycache__"};

bool is_below(const fs::path& path, const fs::path& root) {
    return root == "/" || path == root || path.native().starts_with(root.native() + "/");
}

std::string home_word(std::size_t index) { return index == 0 ? "~" : "~" + std::to_string(index + 1); }

} // namespace

Tree::Tree(const fs::path& root, std::vector<fs::path> homes)
    : root_(root.lexically_normal()), homes_(std::move(homes)) {
    if (root_.has_relative_path() && root_.filename().empty()) root_ = root_.parent_path();
    for (fs::path& home : homes_) {
        home = home.lexically_normal();
        if (home.has_relative_path() && home.filename().empty()) home = home.parent_path();
    }
}

fs::path Tree::system(std::string_view path) const { return root_ / fs::path(path).relative_path(); }

std::string Tree::shown(const fs::path& path) const {
    const std::string text = path.string();
    for (std::size_t i = 0; i < homes_.size(); ++i) {
        const std::string& home = homes_[i].native();
        if (text == home) return home_word(i);
        if (home.size() > 1 && text.starts_with(home) && text[home.size()] == '/')
            return without_keys(home_word(i) + text.substr(home.size()));
    }
    if (root_ != "/" && text.starts_with(root_.native()) && text.size() > root_.native().size())
        return without_homes(without_keys(text.substr(root_.native().size())));
    return without_homes(without_keys(text));
}

std::string Tree::without_homes(std::string text) const {
    for (std::size_t i = 0; i < homes_.size(); ++i)
        for (const std::string& home : {homes_[i].native(), "/" + homes_[i].lexically_relative(root_).native()}) {
            if (home.size() < 3 || home.starts_with("/..")) continue;
            for (auto at = text.find(home); at != std::string::npos; at = text.find(home, at + 1))
                if (at + home.size() == text.size() || text[at + home.size()] == '/')
                    text.replace(at, home.size(), home_word(i));
        }
    return text;
}

void Tree::tell_unread(const fs::path& path, std::string why) {
    if (unread_.size() > unread_max) return;
    FoundFact fact{.kind = FactKind::unread};
    fact.place = shown(path);
    if (unread_.size() == unread_max) {
        fact.what = "further places";
        fact.value = "more than " + std::to_string(unread_max) +
                     " places cannot be looked at; this is the first that is not told";
        fact.known_by = "it was tried";
        unread_.push_back(std::move(fact));
        return;
    }
    if (std::ranges::any_of(unread_, [&](const FoundFact& one) { return one.place == fact.place; })) return;
    fact.what = path.filename().string();
    fact.value = std::move(why);
    fact.known_by = "it was tried";
    unread_.push_back(std::move(fact));
}

std::optional<std::string> Tree::read(const fs::path& path, std::size_t bytes_max) {
    const fs::path target = resolved(path);
    const auto opened = open_plain_file(target);
    if (!opened) {
        const int reason = errno;
        struct stat status{};
        const bool is_there = ::lstat(path.c_str(), &status) == 0;
        if (reason == 0 && S_ISDIR(status.st_mode) && is_there) return std::nullopt;
        if (reason == 0)
            tell_unread(path, "it is no plain file");
        else if (reason != ENOENT && reason != ENOTDIR)
            tell_unread(path, std::strerror(reason));
        else if (is_there && S_ISLNK(status.st_mode))
            tell_unread(path, "a link to nowhere");
        return std::nullopt;
    }
    std::string out;
    const auto end = [&, file = *opened](std::optional<std::string> result) {
        ::close(file);
        return result;
    };
    struct stat status{};
    if (::fstat(*opened, &status) != 0 || static_cast<std::uint64_t>(status.st_size) > bytes_max) {
        tell_unread(path, "it is larger than " + std::to_string(bytes_max >> 20) + " MiB");
        return end(std::nullopt);
    }
    char block[65'536];
    for (;;) {
        const auto got = ::read(*opened, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            tell_unread(path, std::strerror(errno));
            return end(std::nullopt);
        }
        if (got == 0) break;
        out.append(block, static_cast<std::size_t>(got));
        if (out.size() > bytes_max) {
            tell_unread(path, "it grows beyond " + std::to_string(bytes_max >> 20) + " MiB");
            return end(std::nullopt);
        }
    }
    if (out.contains('\0')) {
        tell_unread(path, "it is no text");
        return end(std::nullopt);
    }
    return end(std::move(out));
}

fs::path Tree::resolved(const fs::path& path) const {
    fs::path out = path;
    std::error_code error;
    for (int i = 0; i < links_max && fs::is_symlink(fs::symlink_status(out, error)); ++i) {
        const fs::path target = fs::read_symlink(out, error);
        if (error) break;
        out = target.is_absolute() && root_ != "/" && !target.native().starts_with(root_.native())
                  ? system(target.native())
                  : (target.is_absolute() ? target : out.parent_path() / target);
        out = out.lexically_normal();
        if (is_below(path, root_) && !is_below(out, root_)) return root_; // as far up as a prepared tree goes
    }
    return out;
}

std::vector<fs::path> Tree::folders_of(const fs::path& workspace) {
    std::vector<fs::path> out{workspace};
    std::size_t level_begin = 0;
    for (int depth = 0; depth < workspace_depth_max; ++depth) {
        const std::size_t level_end = out.size();
        for (std::size_t i = level_begin; i < level_end; ++i) {
            std::error_code error;
            std::vector<fs::path> below;
            for (auto at = fs::directory_iterator(out[i], error); !error && at != fs::directory_iterator();
                 at.increment(error)) {
                std::error_code ignored;
                if (!at->is_symlink(ignored) && at->is_directory(ignored) &&
                    std::ranges::find(passed_over, at->path().filename().native()) == std::end(passed_over) &&
                    !at->path().filename().native().starts_with('.'))
                    below.push_back(at->path());
                if (below.size() > workspace_folders_max) break;
            }
            std::ranges::sort(below);
            for (fs::path& folder : below) {
                if (out.size() >= workspace_folders_max) {
                    tell_unread(workspace, "it has more than " + std::to_string(workspace_folders_max) + " folders");
                    return out;
                }
                out.push_back(std::move(folder));
            }
        }
        level_begin = level_end;
    }
    return out;
}

std::vector<fs::path> Tree::find(const fs::path& base, std::string_view pattern) {
    std::vector<fs::path> found{base};
    std::error_code error;
    for (const fs::path& part : fs::path(pattern).relative_path()) {
        std::vector<fs::path> next;
        for (fs::path folder : found) {
            if (root_ != "/") folder = resolved(folder); // a link that is absolute means the tree's own root
            if (!part.native().contains('*')) {
                if (fs::exists(fs::symlink_status(folder / part, error))) next.push_back(folder / part);
                continue;
            }
            std::size_t seen = 0;
            for (auto at = fs::directory_iterator(resolved(folder), error); !error && at != fs::directory_iterator();
                 at.increment(error)) {
                if (++seen > listed_max || next.size() > listed_max) {
                    tell_unread(folder, "it holds more than " + std::to_string(listed_max) + " entries");
                    break;
                }
                if (glob_matches(part.native(), at->path().filename().native()))
                    next.push_back(folder / at->path().filename());
            }
            if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
                tell_unread(folder, error.message());
        }
        found = std::move(next);
    }
    std::ranges::sort(found);
    return found;
}

void Tree::walk(const fs::path& folder, const std::function<void(const fs::directory_entry&)>& told) {
    std::error_code error;
    std::size_t seen = 0;
    auto at = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (++seen > walked_max || at.depth() > 32) {
            tell_unread(folder, "it holds more than is looked at");
            return;
        }
        std::error_code ignored;
        if (at->is_regular_file(ignored) && !at->is_symlink(ignored)) told(*at);
    }
    if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
        tell_unread(folder, error.message());
}

} // namespace sallyport::endpoint
