#include "endpoint/settings_facts.h"

#include "base/text.h"
#include "endpoint/known_hosts.h"
#include "endpoint/vendor_keys.h"

#include <algorithm>
#include <map>

namespace sallyport::endpoint {

namespace {

using Path = std::vector<std::string>;

// "permissions.defaultMode"; names with dots in them (VS Code) come out alike.
std::string joined(const Path& path) {
    std::string out;
    for (const std::string& part : path) out += (out.empty() ? "" : ".") + part;
    return out;
}

constexpr std::string_view base_url_names[] = {
    "baseURL",       "baseUrl",          "base_url",        "openai_base_url",    "chatgpt_base_url",
    "apiBase",       "api_base",         "openai-api-base", "anthropic-api-base", "forceLoginGatewayUrl",
    "openAiBaseUrl", "anthropicBaseUrl", "ollamaBaseUrl",   "apiBaseUrl",         "enterprise_url",
};

struct BypassSetting {
    std::string_view client, path, value, says;
};
// "*" in a path: any one name; a value "*": anything but false, null and the empty text.
constexpr BypassSetting bypasses[] = {
    {"claude-code", "permissions.defaultMode", "bypassPermissions", "nothing is asked"},
    {"claude-code", "bypassPermissionsModeAccepted", "true", "the warning before asking nothing was accepted"},
    {"claude-code", "skipDangerousModePermissionPrompt", "true", "the warning before asking nothing is skipped"},
    {"claude-code", "enableAllProjectMcpServers", "true", "every MCP server that a project names is started"},
    {"claude-code", "permissions.allow.*", "Bash", "every command is allowed"},
    {"claude-code", "permissions.allow.*", "Bash(*)", "every command is allowed"},
    {"codex", "approval_policy", "never", "nothing is asked"},
    {"codex", "sandbox_mode", "danger-full-access", "its own sandbox is off"},
    {"codex", "profiles.*.approval_policy", "never", "nothing is asked in this profile"},
    {"codex", "profiles.*.sandbox_mode", "danger-full-access", "its own sandbox is off in this profile"},
    {"gemini-cli", "general.defaultApprovalMode", "yolo", "nothing is asked"},
    {"gemini-cli", "tools.autoAccept", "true", "tools that are held safe are not asked for"},
    {"gemini-cli", "autoAccept", "true", "tools that are held safe are not asked for"},
    {"gemini-cli", "mcpServers.*.trust", "true", "tools of this server are not asked for"},
    {"qwen-code", "tools.approvalMode", "yolo", "nothing is asked"},
    {"qwen-code", "mcpServers.*.trust", "true", "tools of this server are not asked for"},
    {"opencode", "permission", "allow", "nothing is asked"},
    {"opencode", "permission.bash", "allow", "every command is allowed"},
    {"copilot", "allow_all_tools", "true", "every tool is allowed"},
    {"copilot", "allowAllTools", "true", "every tool is allowed"},
    {"", "chat.tools.autoApprove", "true", "tools are not asked for"},
    {"", "chat.tools.global.autoApprove", "true", "tools are not asked for"},
    {"", "claudeCode.allowDangerouslySkipPermissions", "true", "nothing is asked"},
    {"", "claudeCode.initialPermissionMode", "bypassPermissions", "nothing is asked"},
    {"", "yes-always", "true", "nothing is asked"},
};

struct TelemetrySetting {
    std::string_view path;
    bool switches_on; // true means on
};
constexpr TelemetrySetting telemetry[] = {
    {"telemetry.enabled", true}, {"privacy.usageStatisticsEnabled", true}, {"usageStatisticsEnabled", true},
    {"analytics.enabled", true}, {"telemetry.logPrompts", true},           {"allowAnonymousTelemetry", true},
    {"analytics", true},         {"cody.telemetry.level", true},
};

// Programs that a client runs beside its hooks.
constexpr std::string_view helpers[] = {
    "apiKeyHelper",           "proxyAuthHelper",        "otelHeadersHelper",  "awsAuthRefresh",
    "awsCredentialExport",    "gcpAuthRefresh",         "statusLine.command", "notify.0",
    "fileSuggestion.command", "tools.discoveryCommand", "tools.callCommand",  "policyHelper"};

bool path_matches(std::string_view pattern, const Path& path) {
    const std::string whole = joined(path);
    if (!pattern.contains('*')) return whole == pattern;
    std::size_t part = 0;
    while (true) {
        const auto end = pattern.find('.');
        if (part >= path.size()) return false;
        if (pattern.substr(0, end) != "*" && pattern.substr(0, end) != path[part]) return false;
        ++part;
        if (end == std::string_view::npos) return part == path.size();
        pattern.remove_prefix(end + 1);
    }
}

struct Server {
    std::size_t line = 0;
    std::vector<std::string> command;
    std::string url, type;
    bool enabled = true, in_project = false;
};

// Where a server's name stands in a path; npos: nowhere.
std::size_t server_at(const Path& path, const SettingsSource& source) {
    if (path.size() >= 2 && source.servers && path[0] == "servers") return 1;
    if (path.size() >= 2 && source.client == "opencode" && path[0] == "mcp") return 1;
    if (path.size() >= 3 && path[0] == "mcp" && path[1] == "servers") return 2;
    for (std::size_t i = 0; i + 1 < path.size() && i < 4; ++i)
        if (path[i] == "mcpServers" || path[i] == "mcp_servers" || path[i] == "amp.mcpServers") return i + 1;
    return std::string::npos;
}

void add_servers(Look& look, const std::vector<FileSetting>& settings, const SettingsSource& source) {
    std::map<std::string, std::pair<std::string, Server>> servers; // by the path to it
    std::vector<std::string> order;
    for (const FileSetting& one : settings) {
        const std::size_t at = server_at(one.path, source);
        if (at == std::string::npos) continue;
        const std::string key = joined(Path(one.path.begin(), one.path.begin() + static_cast<std::ptrdiff_t>(at) + 1));
        auto [found, fresh] = servers.try_emplace(key);
        Server& server = found->second.second;
        if (fresh) {
            found->second.first = one.path[at];
            server.line = at < one.lines.size() ? one.lines[at] : one.line;
            server.in_project = at > 1 && one.path[0] == "projects";
            order.push_back(key);
        }
        const Path rest(one.path.begin() + static_cast<std::ptrdiff_t>(at) + 1, one.path.end());
        if (rest.empty()) continue;
        const std::string& name = rest.front();
        // Continue lists its servers: the name stands within.
        if (name == "name" && rest.size() == 1 && !found->second.first.empty() &&
            std::ranges::all_of(found->second.first, [](char c) { return c >= '0' && c <= '9'; }))
            found->second.first = one.value;
        if (name == "command")
            server.command.insert(rest.size() == 1 ? server.command.begin() : server.command.end(), one.value);
        else if (name == "args" && rest.size() == 2)
            server.command.push_back(one.value);
        else if ((name == "url" || name == "httpUrl" || name == "serverUrl") && rest.size() == 1) {
            server.url = one.value;
            if (server.type.empty()) server.type = name == "httpUrl" ? "http" : "";
        } else if (name == "type" && rest.size() == 1)
            server.type = one.value;
        else if (name == "enabled" && one.value == "false")
            server.enabled = false;
        else if (name == "disabled" && one.value == "true")
            server.enabled = false;
    }
    for (const std::string& key : order) {
        const auto& [name, server] = servers[key];
        FoundFact fact{.kind = FactKind::plugin, .client = source.client, .what = without_keys(name).substr(0, 100)};
        fact.value = server.url.empty() ? shown_command(server.command) : shown_address(server.url);
        fact.way = "MCP server, ";
        if (server.type == "sse" || server.type == "http" || server.type == "streamable-http")
            fact.way += server.type;
        else
            fact.way += server.url.empty() ? "stdio" : (server.url.contains("/sse") ? "sse" : "http");
        if (!server.enabled) fact.way += ", switched off";
        fact.place = source.place;
        fact.line = server.line;
        fact.known_by = server.in_project ? "the settings of a project in it" : "its settings";
        look.add(std::move(fact));
    }
}

bool is_proxy(const Path& path) {
    const std::string whole = joined(path);
    return whole == "http.proxy" || whole == "network.proxy" || whole == "general.proxy" ||
           (path.size() == 1 && whole == "proxy");
}

// Extensions take variables as a list: [{"name": "ANTHROPIC_BASE_URL", "value": …}].
void add_listed_variables(Look& look, const std::vector<FileSetting>& settings, const SettingsSource& source) {
    std::map<std::string, std::pair<const FileSetting*, const FileSetting*>> pairs;
    for (const FileSetting& one : settings)
        if (one.path.size() >= 3 && (one.path.back() == "name" || one.path.back() == "value") &&
            one.path[one.path.size() - 3].ends_with("nvironmentVariables")) {
            auto& [name, value] = pairs[joined(Path(one.path.begin(), one.path.end() - 1))];
            (one.path.back() == "name" ? name : value) = &one;
        }
    for (const auto& [path, pair] : pairs)
        if (pair.first != nullptr && pair.second != nullptr)
            add_variable_fact(look, pair.first->value, pair.second->value, false, source.place, pair.second->line,
                              "variables that the editor gives to a client");
}

// Base URLs, proxies, and variables in blocks of environment.
void add_addresses(Look& look, const std::vector<FileSetting>& settings, const SettingsSource& source) {
    std::string chosen; // of Codex
    for (const FileSetting& one : settings)
        if (joined(one.path) == "model_provider") chosen = one.value;
    for (const FileSetting& one : settings) {
        const std::string& name = one.path.back();
        const bool in_block = one.path.size() >= 2 && (one.path[one.path.size() - 2] == "env" ||
                                                       one.path[one.path.size() - 2] == "environment");
        const bool in_server = server_at(one.path, source) != std::string::npos;
        if (in_block || base_url_variable(name) != nullptr) {
            const std::size_t before = look.facts.size();
            add_variable_fact(look, name, one.value, false, source.place, one.line,
                              in_server ? "the environment of an MCP server" : "an environment block in it");
            for (std::size_t i = before; i < look.facts.size(); ++i) {
                // A variable in a client's settings is that client's.
                if (look.facts[i].kind == FactKind::base_url && !source.client.empty() &&
                    look.facts[i].client != source.client)
                    look.facts[i].effective = false;
                if (in_server) look.facts[i].effective = false;
                if (look.facts[i].kind == FactKind::key) look.facts[i].client = source.client;
            }
            continue;
        }
        if (one.kind != FileSetting::Kind::text || one.value.empty()) continue;
        FoundFact fact{.kind = FactKind::base_url, .client = source.client, .what = joined(one.path)};
        fact.place = source.place;
        fact.line = one.line;
        fact.known_by = "its settings";
        if (is_proxy(one.path)) {
            fact.kind = FactKind::proxy;
            fact.value = shown_address(one.value);
            fact.way = one.value.contains('@') ? "with a user's name or password in it" : "";
            look.add(std::move(fact));
        } else if (!in_server && std::ranges::find(base_url_names, name) != std::end(base_url_names) &&
                   !host_of(one.value).empty() && !one.value.starts_with("${") && !one.value.starts_with("{env")) {
            fact.value = shown_address(one.value);
            if (source.client == "codex" && one.path.front() == "model_providers" && one.path.size() >= 2)
                fact.effective = one.path[1] == chosen;
            fact.what = without_keys(fact.what).substr(0, 100);
            look.add(std::move(fact));
        } else if (!in_server && !key_variable(name).empty() && is_literal_key(one.value)) {
            const auto shapes = vendor_keys_in(one.value);
            add_key(look, shapes.empty() ? key_variable(name) : shapes.front().kind, one.value, source.place, one.line,
                    source.client, "it is given to " + name);
        }
    }
}

void add_hook(Look& look, const SettingsSource& source, const FileSetting& one, std::string what) {
    FoundFact fact{.kind = FactKind::hook, .client = source.client, .what = std::move(what)};
    const std::string_view text = one.value;
    const std::string_view first = text.substr(0, text.find_first_of(" \t\n;|&"));
    fact.value = shown_command({std::string(first)});
    if (first.size() < text.size()) fact.value += " …";
    fact.place = source.place;
    fact.line = one.line;
    fact.known_by = "its settings";
    look.add(std::move(fact));
}

void add_switches(Look& look, const std::vector<FileSetting>& settings, const SettingsSource& source) {
    for (const FileSetting& one : settings) {
        const std::string whole = joined(one.path);
        FoundFact fact{.client = source.client, .what = without_keys(whole).substr(0, 100)};
        fact.place = source.place;
        fact.line = one.line;
        fact.known_by = "its settings";
        for (const BypassSetting& bypass : bypasses) {
            if (!bypass.client.empty() && bypass.client != source.client) continue;
            if (!path_matches(bypass.path, one.path) || one.value != bypass.value) continue;
            fact.kind = FactKind::bypass;
            fact.value = bypass.says;
            look.add(fact);
            break;
        }
        for (const TelemetrySetting& setting : telemetry) {
            if (whole != setting.path || one.kind != FileSetting::Kind::boolean) continue;
            fact.kind = FactKind::telemetry;
            fact.value = (one.value == "true") == setting.switches_on ? "on" : "off";
            look.add(fact);
        }
        if (whole == "telemetry.telemetryLevel" || whole == "otel.exporter" || whole == "telemetry.target") {
            fact.kind = FactKind::telemetry;
            fact.value = one.value == "off" || one.value == "none" ? "off" : "on";
            look.add(fact);
        }
        if (whole == "telemetry.otlpEndpoint" || whole == "telemetry.endpoint") {
            fact.kind = FactKind::telemetry;
            fact.value = "to " + shown_address(one.value);
            look.add(fact);
        }
        const bool is_text = one.kind == FileSetting::Kind::text && !one.value.empty();
        if (is_text && std::ranges::find(helpers, whole) != std::end(helpers)) add_hook(look, source, one, whole);
        const bool in_hooks = source.hooks || one.path.front() == "hooks";
        const std::string& name = one.path.back();
        if (is_text && in_hooks && (name == "command" || name == "bash" || name == "url") && one.path.size() >= 2)
            add_hook(look, source, one, without_keys(one.path[one.path.front() == "hooks" ? 1 : 0]));
    }
}

void add_enabled_plugins(Look& look, const std::vector<FileSetting>& settings, const SettingsSource& source) {
    for (const FileSetting& one : settings) {
        FoundFact fact{.kind = FactKind::plugin, .client = source.client};
        fact.place = source.place;
        fact.line = one.line;
        fact.known_by = "its settings";
        const bool on = one.value != "false";
        if (one.path.size() == 2 && one.path[0] == "enabledPlugins" && on)
            fact.what = one.path[1];
        else if (one.path.size() == 3 && one.path[0] == "plugins" && one.path[2] == "enabled" &&
                 source.client == "codex" && on)
            fact.what = one.path[1];
        else if (source.client == "opencode" && one.path.size() == 2 && one.path[0] == "plugin")
            fact.what = one.value;
        else
            continue;
        fact.what = without_keys(fact.what).substr(0, 100);
        fact.way = "plugin, enabled";
        look.add(std::move(fact));
    }
}

} // namespace

void add_settings_facts(Look& look, const std::vector<FileSetting>& settings, const SettingsSource& source) {
    if (!source.states_only && !source.hooks) {
        add_servers(look, settings, source);
        add_enabled_plugins(look, settings, source);
    }
    if (!source.hooks) {
        add_addresses(look, settings, source);
        add_listed_variables(look, settings, source);
    }
    add_switches(look, settings, source);
}

} // namespace sallyport::endpoint
