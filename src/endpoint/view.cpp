#include "endpoint/view.h"

#include "endpoint/git_guards.h"

#include <algorithm>
#include <system_error>

namespace sallyport::endpoint {

namespace fs = std::filesystem;
using sandbox::Place;

namespace {

// Programs and what they need of the machine. /etc as a whole: what is secret in it no ordinary user reads; settings of
// coding clients there are covered by `files`.
constexpr const char* machine[] = {"/usr",   "/bin",    "/sbin", "/lib", "/lib32",
                                   "/lib64", "/libx32", "/opt",  "/nix", "/snap"};

// Only the machine's root reads these; where that is who calls, as in a container, they are covered.
constexpr const char* secrets[] = {"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers"};
constexpr const char* secret_folders[] = {"/etc/ssl/private", "/etc/sudoers.d", "/etc/ssh"};

// Tools that live in a home folder, and settings of tools without secrets. Not ~/.ssh, ~/.aws, ~/.netrc, ~/.npmrc, ~/.docker …
constexpr const char* tools[] = {".gitconfig", ".config/git", ".local/bin",  ".local/lib", ".local/share/mise",
                                 ".nvm",       ".pyenv",      ".rbenv",      ".cargo/bin", ".rustup",
                                 ".sdkman",    ".asdf",       ".volta",      ".bun",       ".deno/bin",
                                 "go/bin",     ".dotnet",     ".nix-profile"};

// Names that a machine gives to processes it starts; here they lead nowhere but to us.
constexpr const char* hosts = "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 sallyport\n";
constexpr const char* resolver = "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n";

constexpr const char* guarded[] = {
    ".mcp.json",     ".vscode",          ".idea",   ".envrc", ".claude/settings.json", ".claude/settings.local.json",
    ".claude/hooks", ".codex",           ".gemini", ".qwen",  "opencode.json",         "opencode.jsonc",
    ".opencode",     ".github/workflows"};

bool is_below(const fs::path& path, const fs::path& folder) {
    const auto [end, rest] = std::ranges::mismatch(folder, path);
    (void)rest;
    return end == folder.end();
}

} // namespace

Result<std::vector<fs::path>> guarded_files(const fs::path& workspace) {
    auto out = guarded_by_git(workspace);
    if (!out) return out;
    std::error_code error;
    for (const char* one : guarded) {
        if (fs::is_symlink(fs::symlink_status(workspace / one, error))) continue; // of what it leads to
        // Where a folder above it is a link, within the workspace it is there that it is guarded; elsewhere it is read-only or not there.
        const fs::path real = fs::canonical(workspace / one, error);
        if (error) continue;
        const fs::path within = real.lexically_relative(fs::canonical(workspace, error));
        if (!within.empty() && *within.begin() != "..") out->push_back(within);
    }
    for (const fs::path& one : *out)
        if (fs::is_regular_file(workspace / one, error) && fs::hard_link_count(workspace / one, error) > 1)
            return fail(ErrorKind::refused, (workspace / one).string() +
                                                " has another name (a hard link), by which it could be written inside; "
                                                "put a copy in its place: cp FILE COPY && mv COPY FILE");
    return out;
}

Result<std::vector<Place>> view(const ViewOptions& options) {
    std::error_code error;
    const fs::path workspace = fs::canonical(options.workspace, error);
    if (error || !fs::is_directory(workspace, error))
        return fail(ErrorKind::invalid, "the workspace " + options.workspace.string() + " is not a folder");
    const fs::path home = options.home.lexically_normal();
    const fs::path real_home = fs::weakly_canonical(home, error);
    for (const fs::path& hidden : {home, real_home, fs::path("/")})
        if (is_below(hidden, workspace))
            return fail(ErrorKind::refused, "the workspace " + workspace.string() + " holds the home folder " +
                                                hidden.string() +
                                                ", so that nothing of it would be hidden; start in a repository");
    std::vector<Place> out;
    const auto add = [&](Place::Kind kind, fs::path at, std::string source = {}, bool optional = false) {
        out.push_back({kind, std::move(at), std::move(source), optional});
    };
    for (const char* one : machine) {
        if (fs::is_symlink(one, error))
            add(Place::Kind::link, one, fs::read_symlink(one, error).string());
        else
            add(Place::Kind::read_only, one, {}, true);
    }
    add(Place::Kind::entries, "/etc");
    for (const char* one : secrets)
        if (fs::exists(one, error)) add(Place::Kind::text, one);
    for (const char* one : secret_folders)
        if (fs::exists(one, error)) add(Place::Kind::fresh, one);
    add(Place::Kind::fresh, "/tmp");
    add(Place::Kind::fresh, "/var/tmp");
    add(Place::Kind::fresh, "/run");
    add(Place::Kind::read_write, home, options.state.string());
    for (const char* one : tools) {
        const fs::path source = fs::canonical(home / one, error);
        if (!error) add(Place::Kind::read_only, home / one, source.string(), true);
    }
    for (const fs::path& one : options.programs)
        if (const fs::path source = fs::canonical(one, error); !error)
            add(Place::Kind::read_only, one, source.string());
    add(Place::Kind::read_write, workspace);
    const auto guarded = guarded_files(workspace);
    if (!guarded) return std::unexpected(guarded.error());
    const auto guard = [&](const fs::path& folder_with_git, const fs::path& one) {
        // A mount in a folder does not keep the folder itself from being renamed; being a mount does.
        for (fs::path folder = one.parent_path(); !folder.empty(); folder = folder.parent_path())
            if (std::ranges::none_of(out, [&](const Place& place) { return place.at == folder_with_git / folder; }))
                add(Place::Kind::read_write, folder_with_git / folder);
        add(Place::Kind::read_only, folder_with_git / one);
        out.back().sealed = *one.begin() == ".git";
    };
    for (const fs::path& one : *guarded) guard(workspace, one);
    // Of the repository that a linked worktree belongs to: its history and its refs, not its working copy.
    if (const fs::path repository = repository_of_worktree(workspace); !repository.empty()) {
        const auto of_git = guarded_by_git(repository);
        if (!of_git) return std::unexpected(of_git.error());
        add(Place::Kind::read_write, repository / ".git");
        for (const fs::path& one : *of_git)
            if (*one.begin() == ".git") guard(repository, one);
    }
    add(Place::Kind::text, "/etc/hosts", hosts);
    add(Place::Kind::text, "/etc/resolv.conf", resolver);
    for (const auto& [path, text] : options.files) add(Place::Kind::text, path, text);
    return out;
}

} // namespace sallyport::endpoint
