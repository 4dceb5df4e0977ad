// discover.h: clients, other assistants, and their parts in editors, as they are installed. Nothing of them is run.
#include "base/buffer.h"
#include "base/encoding.h"
#include "base/plain_file.h"
#include "base/text.h"
#include "endpoint/clients.h"
#include "endpoint/discover.h"
#include "endpoint/known_tools.h"
#include "json/document.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t program_bytes_max = 1ULL << 30;
constexpr std::size_t package_bytes_max = 1u << 20;

// Where programs of a person lie; "*" is a version.
constexpr const char* home_folders[] = {".local/bin",
                                        "bin",
                                        ".npm-global/bin",
                                        ".npm-packages/bin",
                                        ".opencode/bin",
                                        ".nvm/versions/node/*/bin",
                                        ".local/share/fnm/node-versions/*/installation/bin",
                                        ".fnm/node-versions/*/installation/bin",
                                        ".volta/tools/image/packages/*/bin",
                                        ".volta/tools/image/packages/*/*/bin",
                                        ".asdf/installs/nodejs/*/bin",
                                        ".local/share/mise/installs/node/*/bin",
                                        ".n/bin",
                                        ".bun/bin",
                                        ".yarn/bin",
                                        ".local/share/pnpm",
                                        ".linuxbrew/bin"};
constexpr const char* system_folders[] = {"/usr/local/bin",
                                          "/usr/bin",
                                          "/opt/homebrew/bin",
                                          ("/home"
                                           "/linuxbrew/.linuxbrew/bin"),
                                          "/snap/bin",
                                          "/usr/local/lib/nodejs/*/bin"};

struct Package {
    std::string name, version;
    fs::path file;
};

std::optional<Package> read_package(Look& look, const fs::path& file) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(file, error))) return std::nullopt;
    const auto text = look.tree.read(file, package_bytes_max);
    if (!text || text->empty()) return std::nullopt;
    const Buffer raw(*text);
    json::Document document;
    if (!document.parse(raw.view())) return std::nullopt;
    const auto member = [&](std::string_view key) {
        const auto node = document.find(document.root(), key);
        std::string scratch;
        return node != json::no_node && document[node].kind == json::Kind::string
                   ? std::string(document.text(node, scratch))
                   : std::string();
    };
    Package out{member("name"), member("version"), file};
    if (out.version.size() > 64 || out.version.find_first_of(" \n\t") != std::string::npos) out.version.clear();
    return out;
}

// The nearest package.json above a file whose name is that, or begins so (of a platform).
std::optional<Package> package_above(Look& look, const fs::path& file, std::string_view name) {
    int up = 0;
    for (fs::path folder = file.parent_path(); folder.has_relative_path() && up < 12;
         folder = folder.parent_path(), ++up)
        if (auto package = read_package(look, folder / "package.json");
            package && (package->name == name || package->name.starts_with(std::string(name) + "-")))
            return package;
    return std::nullopt;
}

struct Looked {
    std::string digest;
    bool names_client = false;
};
// Reads a program once: its digest, and whether its own package's name is in it.
std::optional<Looked> look_into(Look& look, const fs::path& file, std::string_view word) {
    const auto opened = open_plain_file(file);
    if (!opened) {
        look.tree.tell_unread(file, "it is no plain file, or not to be read");
        return std::nullopt;
    }
    struct stat status{};
    std::optional<Looked> out;
    if (::fstat(*opened, &status) == 0 && static_cast<std::uint64_t>(status.st_size) <= program_bytes_max) {
        out.emplace();
        crypto::Sha256 digest;
        std::string block;
        std::uint64_t read = 0;
        const std::size_t overlap = word.size();
        block.resize((1u << 20) + overlap);
        std::size_t kept = 0;
        for (;;) {
            const auto got = ::read(*opened, block.data() + kept, block.size() - kept);
            if (got <= 0) {
                if (got < 0) out.reset();
                break;
            }
            const auto bytes = static_cast<std::size_t>(got);
            digest.add(std::string_view(block).substr(kept, bytes));
            read += bytes;
            if (read > program_bytes_max) {
                out.reset();
                break;
            }
            if (look.options.progress) look.options.progress(bytes);
            const std::size_t held = kept + bytes;
            if (!out->names_client && ::memmem(block.data(), held, word.data(), word.size()) != nullptr)
                out->names_client = true;
            kept = std::min(overlap, held);
            std::memmove(block.data(), block.data() + held - kept, kept);
        }
        if (out) out->digest = "sha256:" + to_hex(crypto::bytes(digest.finish()));
    }
    ::close(*opened);
    if (!out) look.tree.tell_unread(file, "it is larger than a program may be, or cannot be read");
    return out;
}

std::string way_of(const std::string& path, bool has_package, bool in_workspace) {
    if (in_workspace) return "node_modules of a project";
    if (path.contains("/Cellar/") || path.contains("/Caskroom/") || path.contains("homebrew/")) return "Homebrew";
    if (path.contains("/.nvm/")) return "npm global (nvm)";
    if (path.contains("/fnm/") || path.contains("/.fnm/")) return "npm global (fnm)";
    if (path.contains("/.volta/")) return "npm global (volta)";
    if (path.contains("/.asdf/")) return "npm global (asdf)";
    if (path.contains("/mise/")) return "npm global (mise)";
    if (path.contains("/.bun/")) return "bun global";
    if (path.contains("/pnpm/")) return "pnpm global";
    if (path.contains("/.claude/local")) return "npm in ~/.claude/local";
    if (path.contains("/.local/share/claude/versions/")) return "native installer";
    if (path.contains("/.opencode/bin")) return "native installer";
    if (path.contains("/snap/")) return "snap";
    if (has_package) return "npm global";
    if (path.contains("/.local/bin") || path.contains("/usr/local/bin")) return "a program by itself";
    return "a program by itself";
}

// "…/Cellar/codex/0.169.0/bin/codex", "…/versions/2.1.330": the version that the path tells.
std::string version_in_path(const fs::path& file) {
    for (const std::string_view folder : {"/Cellar/", "/Caskroom/"})
        if (const auto at = file.native().find(folder); at != std::string::npos) {
            const auto name_end = file.native().find('/', at + folder.size());
            if (name_end == std::string::npos) return {};
            return file.native().substr(name_end + 1, file.native().find('/', name_end + 1) - name_end - 1);
        }
    if (file.parent_path().filename() == "versions") return file.filename().string();
    return {};
}

void add_client(Look& look, const Client& client, const fs::path& program, bool in_workspace,
                std::set<std::string>& seen) {
    std::error_code error;
    const fs::path file = look.tree.resolved(program);
    if (!fs::exists(file, error)) {
        if (fs::is_symlink(fs::symlink_status(program, error))) look.tree.tell_unread(program, "a link to nowhere");
        return;
    }
    if (fs::is_directory(file, error) || !seen.insert(std::string(client.name) + file.string()).second) return;
    FoundFact fact{.kind = FactKind::client, .client = std::string(client.name), .what = std::string(client.name)};
    fact.place = look.tree.shown(program);
    const auto package = package_above(look, file, client.package);
    const std::string from_path = version_in_path(file);
    std::optional<Looked> looked;
    if (look.options.digests) looked = look_into(look, file, client.package);
    if (looked) fact.digest = looked->digest;
    if (package) {
        fact.value = package->version;
        fact.known_by = "its package.json names " + std::string(client.package);
    } else if (!from_path.empty()) {
        fact.value = from_path;
        fact.known_by = "the folder that it is installed in";
    } else {
        fact.known_by = looked && looked->names_client
                            ? "its name, and its content names " + std::string(client.package)
                            : "its name alone";
    }
    fact.way = way_of(file.native() + " " + program.native(), package.has_value(), in_workspace);
    look.add(std::move(fact));
}

void add_tool_program(Look& look, const KnownTool& tool, const fs::path& program, std::set<std::string>& seen) {
    std::error_code error;
    const fs::path file = look.tree.resolved(program);
    if (!fs::is_regular_file(file, error) || !seen.insert(std::string(tool.name) + file.string()).second) return;
    FoundFact fact{.kind = FactKind::tool, .what = std::string(tool.name)};
    fact.place = look.tree.shown(program);
    fact.way = "a program";
    fact.known_by = "its name";
    look.add(std::move(fact));
}

template <class Each> void each_word(std::string_view words, const Each& each) {
    while (!words.empty()) {
        const auto end = std::min(words.find(' '), words.size());
        each(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
}

void look_in(Look& look, const fs::path& folder, bool in_workspace, std::set<std::string>& seen) {
    std::error_code error;
    const auto there = [&](std::string_view name) { return fs::exists(fs::symlink_status(folder / name, error)); };
    for (const Client& client : clients())
        if (there(client.program)) add_client(look, client, folder / client.program, in_workspace, seen);
    for (const KnownTool& tool : known_tools())
        each_word(tool.programs, [&](std::string_view program) {
            if (there(program)) add_tool_program(look, tool, folder / program, seen);
        });
}

// "anthropic.claude-code-2.1.330-linux-x64": the version behind the id.
std::string version_behind(std::string_view name) {
    std::string_view rest = name;
    const auto end = rest.find('-');
    rest = rest.substr(0, end);
    const bool fits =
        !rest.empty() && std::ranges::all_of(rest, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    return fits ? std::string(rest) : std::string();
}

void find_extensions(Look& look, const fs::path& home) {
    for (const Editor& editor : editors()) {
        const fs::path folder = home / editor.folder / "extensions";
        std::error_code error;
        if (!fs::is_directory(folder, error)) continue;
        std::string obsolete;
        if (fs::exists(folder / ".obsolete", error))
            obsolete = look.tree.read(folder / ".obsolete", 1u << 20).value_or("");
        for (const fs::path& path : look.tree.find(folder, "*-*")) {
            const std::string name = path.filename().string();
            if (obsolete.contains('"' + name + '"')) continue; // removed, and only not yet deleted
            for (const KnownPart& part : known_extensions()) {
                if (!to_lower(name).starts_with(std::string(part.id) + "-")) continue;
                const std::string version = version_behind(std::string_view(name).substr(part.id.size() + 1));
                if (version.empty()) continue;
                FoundFact fact{.kind = part.is_client ? FactKind::client : FactKind::tool,
                               .what = std::string(part.name)};
                if (part.is_client) fact.client = part.name;
                const auto package = read_package(look, path / "package.json");
                fact.value = package && !package->version.empty() ? package->version : version;
                fact.way = std::string(editor.name) + " extension";
                fact.place = look.tree.shown(path);
                fact.known_by = package && !package->version.empty() ? "its package.json" : "the name of its folder";
                look.add(std::move(fact));
            }
        }
    }
}

void find_jetbrains(Look& look, const fs::path& home) {
    for (const char* pattern : {".local/share/JetBrains/*/*", "Library/Application Support/JetBrains/*/plugins/*"})
        for (const fs::path& path : look.tree.find(home, pattern))
            for (const KnownPart& part : known_jetbrains_plugins()) {
                std::error_code error;
                if (path.filename() != part.id || !fs::is_directory(path, error)) continue;
                FoundFact fact{.kind = FactKind::tool, .what = std::string(part.name)};
                for (const fs::path& jar : look.tree.find(path, "lib/*.jar")) {
                    const std::string stem = jar.stem().string();
                    if (const auto dash = stem.find_last_of('-'); fact.value.empty() && dash != std::string::npos)
                        fact.value = version_behind(std::string_view(stem).substr(dash + 1));
                }
                fact.way = "plugin of " + path.parent_path().filename().string();
                if (path.parent_path().filename() == "plugins")
                    fact.way = "plugin of " + path.parent_path().parent_path().filename().string();
                fact.place = look.tree.shown(path);
                fact.known_by = "the name of its folder";
                look.add(std::move(fact));
            }
}

} // namespace

void find_clients(Look& look) {
    std::set<std::string> seen;
    for (const auto& [name, value] : look.options.environment)
        if (name == "PATH")
            for (std::string_view rest = value; !rest.empty();) {
                const auto end = std::min(rest.find(':'), rest.size());
                if (const fs::path folder = rest.substr(0, end); folder.is_absolute())
                    look_in(look, folder, false, seen);
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
    for (const fs::path& home : look.tree.homes()) {
        for (const char* pattern : home_folders)
            for (const fs::path& folder : look.tree.find(home, pattern)) look_in(look, folder, false, seen);
        for (const Client& client : clients()) // all versions that a native installer keeps
            for (const fs::path& file :
                 look.tree.find(home, ".local/share/" + std::string(client.program) + "/versions/*"))
                add_client(look, client, file, false, seen);
        look_in(look, home / ".claude/local/node_modules/.bin", false, seen);
        find_extensions(look, home);
        find_jetbrains(look, home);
    }
    for (const char* pattern : system_folders)
        for (const fs::path& folder : look.tree.find(look.tree.root(), pattern)) look_in(look, folder, false, seen);
    for (const fs::path& workspace : look.workspaces) look_in(look, workspace / "node_modules/.bin", true, seen);
    for (const fs::path& home : look.tree.homes()) // of what else is there, its settings tell
        for (const KnownTool& tool : known_tools()) {
            const auto is_known = [&](const FoundFact& fact) {
                return fact.kind == FactKind::tool && fact.what == tool.name;
            };
            if (std::ranges::any_of(look.facts, is_known)) continue;
            bool told = false;
            each_word(tool.folders, [&](std::string_view folder) {
                std::error_code error;
                if (told || !fs::exists(home / folder, error)) return;
                FoundFact fact{.kind = FactKind::tool, .what = std::string(tool.name)};
                fact.way = "its files in the home folder";
                fact.place = look.tree.shown(home / folder);
                fact.known_by = "the name of the folder";
                look.add(std::move(fact));
                told = true;
            });
        }
}

} // namespace sallyport::endpoint
