// discover.h: settings files of clients and editors: which there are, and who reads them.
#include "endpoint/discover.h"
#include "endpoint/settings_facts.h"
#include "endpoint/vendor_keys.h"

#include <algorithm>
#include <set>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

enum class Where : std::uint8_t { home, machine, workspace };
enum Kind : std::uint8_t { plain, servers, states_only, hooks };
struct Place {
    Where where;
    const char* pattern;
    const char* client; // "": an editor's
    Form form = Form::json;
    Kind kind = plain;
};

using enum Where;
constexpr Place places[] = {
    {home, ".claude.json", "claude-code"},
    {home, ".claude/settings.json", "claude-code"},
    {home, ".claude/settings.local.json", "claude-code"},
    {machine, "/etc/claude-code/managed-settings.json", "claude-code"},
    {machine, "/etc/claude-code/managed-settings.d/*.json", "claude-code"},
    {machine, "/etc/claude-code/managed-mcp.json", "claude-code"},
    {workspace, ".claude/settings.json", "claude-code"},
    {workspace, ".claude/settings.local.json", "claude-code"},
    {workspace, ".mcp.json", "claude-code"},
    {home, ".codex/config.toml", "codex", Form::toml},
    {home, ".codex/hooks.json", "codex", Form::json, hooks},
    {machine, "/etc/codex/config.toml", "codex", Form::toml},
    {machine, "/etc/codex/managed_config.toml", "codex", Form::toml},
    {machine, "/etc/codex/requirements.toml", "codex", Form::toml, states_only},
    {workspace, ".codex/config.toml", "codex", Form::toml},
    {workspace, ".codex/hooks.json", "codex", Form::json, hooks},
    {home, ".gemini/settings.json", "gemini-cli"},
    {machine, "/etc/gemini-cli/settings.json", "gemini-cli"},
    {machine, "/etc/gemini-cli/system-defaults.json", "gemini-cli"},
    {workspace, ".gemini/settings.json", "gemini-cli"},
    {home, ".qwen/settings.json", "qwen-code"},
    {machine, "/etc/qwen-code/settings.json", "qwen-code"},
    {workspace, ".qwen/settings.json", "qwen-code"},
    {home, ".config/opencode/opencode.json", "opencode"},
    {home, ".config/opencode/opencode.jsonc", "opencode"},
    {home, ".config/opencode/config.json", "opencode"},
    {machine, "/etc/opencode/opencode.json", "opencode"},
    {machine, "/etc/opencode/opencode.jsonc", "opencode"},
    {workspace, "opencode.json", "opencode"},
    {workspace, "opencode.jsonc", "opencode"},
    {workspace, ".opencode/opencode.json", "opencode"},
    {home, ".copilot/config.json", "copilot"},
    {home, ".copilot/settings.json", "copilot"},
    {home, ".copilot/mcp-config.json", "copilot"},
    {home, ".copilot/hooks/*.json", "copilot", Form::json, hooks},
    {machine, "/etc/github-copilot/managed-settings.json", "copilot", Form::json, states_only},
    {workspace, ".github/mcp.json", "copilot"},
    {workspace, ".github/hooks/*.json", "copilot", Form::json, hooks},
    {home, ".cursor/mcp.json", ""},
    {home, ".cursor/hooks.json", "", Form::json, hooks},
    {home, ".config/Cursor/User/settings.json", ""},
    {workspace, ".cursor/mcp.json", ""},
    {home, ".codeium/windsurf/mcp_config.json", ""},
    {home, ".config/Windsurf/User/settings.json", ""},
    {home, ".config/Code/User/settings.json", ""},
    {home, ".config/Code - Insiders/User/settings.json", ""},
    {home, ".config/Code/User/mcp.json", "", Form::json, servers},
    {home, ".config/*/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json", ""},
    {home, ".config/*/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json", ""},
    {home, ".config/*/User/globalStorage/kilocode.kilo-code/settings/mcp_settings.json", ""},
    {home, ".cline/data/settings/cline_mcp_settings.json", ""},
    {home, ".continue/config.json", ""},
    {home, ".continue/config.yaml", "", Form::yaml},
    {home, ".config/amp/settings.json", ""},
    {home, ".config/zed/settings.json", ""},
    {home, ".config/Claude/claude_desktop_config.json", ""},
    {home, ".aider.conf.yml", "", Form::yaml},
    {workspace, ".aider.conf.yml", "", Form::yaml},
    {workspace, ".vscode/mcp.json", "", Form::json, servers},
    {workspace, ".vscode/settings.json", ""},
};

// Extensions of Gemini CLI and its fork: a manifest each, with servers of its own.
constexpr Place manifests[] = {
    {home, ".gemini/extensions/*/gemini-extension.json", "gemini-cli"},
    {workspace, ".gemini/extensions/*/gemini-extension.json", "gemini-cli"},
    {home, ".qwen/extensions/*/qwen-extension.json", "qwen-code"},
    {workspace, ".qwen/extensions/*/qwen-extension.json", "qwen-code"},
};

constexpr Place skills[] = {
    {home, ".claude/skills/*/SKILL.md", "claude-code"},  {workspace, ".claude/skills/*/SKILL.md", "claude-code"},
    {home, ".codex/skills/*/SKILL.md", "codex"},         {home, ".agents/skills/*/SKILL.md", ""},
    {workspace, ".agents/skills/*/SKILL.md", ""},        {home, ".gemini/skills/*/SKILL.md", "gemini-cli"},
    {home, ".qwen/skills/*/SKILL.md", "qwen-code"},      {home, ".copilot/skills/*/SKILL.md", "copilot"},
    {workspace, ".github/skills/*/SKILL.md", "copilot"},
};

std::vector<fs::path> files_of(Look& look, const Place& place) {
    std::vector<fs::path> out;
    const auto in = [&](const fs::path& base) {
        for (fs::path& path : look.tree.find(base, place.pattern)) out.push_back(std::move(path));
    };
    if (place.where == machine) in(look.tree.root());
    if (place.where == home)
        for (const fs::path& one : look.tree.homes()) in(one);
    if (place.where == workspace)
        for (const fs::path& one : look.workspaces) in(one);
    return out;
}

std::vector<FileSetting> settings_of(Look& look, const fs::path& path, Form form, const std::string& client) {
    const auto text = look.tree.read(path);
    if (!text) return {};
    find_keys(look, *text, look.tree.shown(path), client, true);
    auto settings = read_settings(*text, form);
    if (!settings) {
        // What is wrong is told by its place alone: a sentence about the text could hold some of it.
        const std::string& message = settings.error().message;
        const auto digits = std::min(message.find_first_not_of("0123456789:"), message.size());
        look.tree.tell_unread(path, settings.error().kind == ErrorKind::too_large ? message
                                    : message.starts_with("line ")
                                        ? message
                                        : "it is no JSON that can be read" +
                                              (digits > 1 ? " (" + message.substr(0, digits) + ")" : std::string()));
        return {};
    }
    return std::move(*settings);
}

void find_installed_plugins(Look& look) {
    for (const fs::path& base : look.tree.homes())
        for (const fs::path& path : look.tree.find(base, ".claude/plugins/installed_plugins.json")) {
            std::set<std::string> told;
            for (const FileSetting& one : settings_of(look, path, Form::json, "claude-code")) {
                if (one.path.size() < 2 || one.path[0] != "plugins" || !told.insert(one.path[1]).second) continue;
                const auto enabled = [&](const FoundFact& fact) {
                    return fact.kind == FactKind::plugin && fact.what == one.path[1];
                };
                if (std::ranges::any_of(look.facts, enabled)) continue;
                FoundFact fact{.kind = FactKind::plugin,
                               .client = "claude-code",
                               .what = without_keys(one.path[1]).substr(0, 100)};
                fact.way = "plugin, installed";
                fact.place = look.tree.shown(path);
                fact.line = one.line;
                fact.known_by = "the client's list of them";
                look.add(std::move(fact));
            }
        }
}

} // namespace

void find_settings(Look& look) {
    for (const Place& place : places)
        for (const fs::path& path : files_of(look, place)) {
            const auto settings = settings_of(look, path, place.form, place.client);
            add_settings_facts(look, settings,
                               {place.client, look.tree.shown(path), place.kind == servers, place.kind == states_only,
                                place.kind == hooks});
        }
    find_installed_plugins(look);
    for (const Place& place : manifests)
        for (const fs::path& path : files_of(look, place)) {
            const auto settings = settings_of(look, path, place.form, place.client);
            FoundFact fact{
                .kind = FactKind::plugin, .client = place.client, .what = path.parent_path().filename().string()};
            for (const FileSetting& one : settings) {
                if (one.path.size() == 1 && one.path[0] == "version") fact.value = one.value.substr(0, 64);
                if (one.path.size() == 1 && one.path[0] == "name" && !one.value.empty())
                    fact.what = without_keys(one.value).substr(0, 100);
            }
            fact.way = "extension";
            fact.place = look.tree.shown(path);
            fact.known_by = "its manifest";
            look.add(std::move(fact));
            add_settings_facts(look, settings, {place.client, look.tree.shown(path)});
        }
    for (const Place& place : skills)
        for (const fs::path& path : files_of(look, place)) {
            FoundFact fact{
                .kind = FactKind::plugin, .client = place.client, .what = path.parent_path().filename().string()};
            fact.way = "skill";
            fact.place = look.tree.shown(path);
            fact.known_by = "the folder of skills";
            look.add(std::move(fact));
        }
}

} // namespace sallyport::endpoint
