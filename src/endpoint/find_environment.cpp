// discover.h: variables: of whoever calls, in shell start files, in files of the system, in .env files of workspaces.
#include "base/encoding.h"
#include "endpoint/discover.h"
#include "endpoint/settings_facts.h"
#include "endpoint/vendor_keys.h"

#include <algorithm>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr const char* home_files[] = {".profile",
                                      ".bash_profile",
                                      ".bash_login",
                                      ".bashrc",
                                      ".bash_aliases",
                                      ".zshenv",
                                      ".zprofile",
                                      ".zshrc",
                                      ".zlogin",
                                      ".kshrc",
                                      ".cshrc",
                                      ".tcshrc",
                                      ".pam_environment",
                                      ".config/fish/config.fish",
                                      ".config/fish/fish_variables",
                                      ".config/fish/conf.d/*.fish",
                                      ".config/environment.d/*.conf",
                                      ".gemini/.env",
                                      ".qwen/.env",
                                      ".codex/.env",
                                      ".claude/.env",
                                      ".env"};
constexpr const char* system_files[] = {
    "/etc/environment", "/etc/profile",   "/etc/profile.d/*.sh",   "/etc/bash.bashrc",
    "/etc/zsh/zshenv",  "/etc/zsh/zshrc", "/etc/fish/config.fish", "/etc/environment.d/*.conf"};
constexpr const char* workspace_files[] = {".env", ".env.*", ".envrc", ".gemini/.env", ".qwen/.env"};

// Where keys come to lie besides: what was typed, copies that clients keep, other assistants' settings. Read for keys alone.
constexpr const char* key_files[] = {".bash_history",
                                     ".zsh_history",
                                     ".local/share/fish/fish_history",
                                     ".python_history",
                                     ".node_repl_history",
                                     ".claude/backups/*",
                                     ".claude/shell-snapshots/*.sh",
                                     ".claude/history.jsonl",
                                     ".codex/history.jsonl",
                                     ".claude-code-router/config.json",
                                     ".cli-proxy-api/config.yaml",
                                     ".config/io.datasette.llm/keys.json",
                                     ".config/goose/config.yaml",
                                     ".config/crush/crush.json",
                                     ".local/share/crush/crush.json",
                                     ".pi/agent/models.json",
                                     ".pi/agent/auth.json",
                                     ".continue/.env",
                                     ".config/openai/auth.json"};

void look_at(Look& look, const fs::path& path, const std::string& known_by) {
    const std::string name = path.filename().string();
    if (name.ends_with(".example") || name.ends_with(".sample") || name.ends_with(".template")) return;
    const auto text = look.tree.read(path);
    if (!text) return;
    const std::string place = look.tree.shown(path);
    find_keys(look, *text, place, "", true);
    const ShellText shell = read_shell(*text);
    if (shell.cut) look.tree.tell_unread(path, "lines of it are too long, or too many");
    const std::size_t before = look.facts.size();
    for (const Assignment& one : shell.assignments)
        add_variable_fact(look, one.name, one.value, one.computed, place, one.line, known_by);
    // Gemini CLI and its fork load .env files by themselves; to the others it is a file of the workspace's own programs.
    if (name == ".env" || name.starts_with(".env."))
        for (std::size_t i = before; i < look.facts.size(); ++i)
            if (FoundFact& fact = look.facts[i];
                fact.kind == FactKind::base_url && fact.client != "gemini-cli" && fact.client != "qwen-code")
                fact.effective = false;
    add_invocation_facts(look, shell.invocations, place);
}

} // namespace

void find_keys(Look& look, std::string_view text, const std::string& place, const std::string& client, bool sign_ins) {
    std::size_t line = 1, counted = 0;
    const std::vector<FoundKey> keys = vendor_keys_in(text);
    if (keys.size() >= vendor_keys_max)
        look.tree.tell_unread(place, "it holds more than " + std::to_string(vendor_keys_max) +
                                         " keys: the first ones are told");
    for (const FoundKey& key : keys) {
        line += static_cast<std::size_t>(std::ranges::count(text.substr(counted, key.begin - counted), '\n'));
        counted = key.begin;
        if (key.sign_in && !sign_ins) continue;
        add_key(look, key.kind, text.substr(key.begin, key.end - key.begin), place, line, client, "its shape");
    }
}

void add_key(Look& look, std::string_view kind, std::string_view value, const std::string& place, std::size_t line,
             const std::string& client, std::string known_by) {
    const std::string digest = "k_" + to_hex(crypto::bytes(look.mac.of("vendor key\0", value)).substr(0, 12));
    if (!look.seen_keys.insert(digest + "@" + place + ":" + std::to_string(line)).second) return;
    if (vendor_keys_in(value).empty()) look.key_values.emplace_back(std::string(value));
    FoundFact fact{.kind = FactKind::key, .client = client, .what = std::string(kind)};
    fact.place = place;
    fact.line = line;
    fact.known_by = std::move(known_by);
    fact.digest = digest;
    look.add(std::move(fact));
}

void find_environment(Look& look) {
    for (const auto& [name, value] : look.options.environment) {
        for (const FoundKey& key : vendor_keys_in(value))
            add_key(look, key.kind, std::string_view(value).substr(key.begin, key.end - key.begin),
                    "environment " + without_keys(name), 0, "", "its shape");
        add_variable_fact(look, name, value, false, "environment " + without_keys(name), 0,
                          "the environment of this command");
    }
    for (const fs::path& home : look.tree.homes())
        for (const char* pattern : home_files)
            for (const fs::path& path : look.tree.find(home, pattern)) look_at(look, path, "a start file");
    for (const fs::path& home : look.tree.homes())
        for (const char* pattern : key_files)
            for (const fs::path& path : look.tree.find(home, pattern))
                if (const auto text = look.tree.read(path)) find_keys(look, *text, look.tree.shown(path), "", true);
    for (const char* pattern : system_files)
        for (const fs::path& path : look.tree.find(look.tree.root(), pattern))
            look_at(look, path, "a file of the system");
    for (const fs::path& workspace : look.workspaces)
        for (const char* pattern : workspace_files)
            for (const fs::path& path : look.tree.find(workspace, pattern))
                look_at(look, path, "a file of the workspace");
}

} // namespace sallyport::endpoint
