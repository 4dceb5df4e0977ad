#include "endpoint/native_limits.h"

#include "json/writer.h"

#include <fmt/format.h>

#include <string_view>

namespace sallyport::endpoint {

namespace {

// Measured: an empty list means "all" to Gemini CLI, so that one name that nobody has stands for none.
constexpr const char* no_server = "no-server-is-approved";

std::string object(auto&& fill) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    fill(writer);
    writer.end_object();
    return out + "\n";
}

void write_list(json::Writer& writer, std::string_view key, const std::vector<std::string>& texts) {
    writer.begin_array(key);
    for (const std::string& text : texts) writer.element(text);
    writer.end_array();
}

// Clients' patterns have one kind of star, which is our widest.
std::string one_star(std::string text) {
    for (std::size_t at; (at = text.find("**")) != std::string::npos;) text.erase(at, 1);
    return text;
}
bool is_exact(std::string_view text) { return text.find_first_of("*?") == std::string_view::npos; }

// The form of Claude Code, which Copilot took over: by name, and by URL where one is known.
void write_servers(json::Writer& writer, const NativeLimits& limits) {
    if (!limits.servers) return;
    writer.begin_array("allowedMcpServers");
    const auto one = [&](const char* key, const std::string& value) {
        writer.element_raw(object([&](json::Writer& inner) { inner.member(key, value); }));
    };
    for (const Server& server : *limits.servers) {
        one("serverName", server.name);
        for (const std::string& url : server.urls) one("serverUrl", one_star(url));
    }
    writer.end_array();
}

void claude_code(const NativeLimits& limits, Controls& out, Said& said) {
    if (!limits.gateway.empty()) said.address = "env.ANTHROPIC_BASE_URL";
    said.quiet = "env: updates off, nothing but model calls";
    if (limits.versions_exact) said.versions = "requiredMinimumVersion, requiredMaximumVersion";
    if (limits.models) said.models = "availableModels";
    if (!limits.denied.empty()) said.denied = "deniedModels";
    if (limits.servers) said.servers = "allowedMcpServers";
    if (!limits.vendor_tools) said.vendor_tools = "permissions.deny: WebSearch";
    out.files.emplace_back("/etc/claude-code/managed-settings.json", object([&](json::Writer& writer) {
                               write_servers(writer, limits);
                               if (limits.models) write_list(writer, "availableModels", *limits.models);
                               if (!limits.denied.empty()) write_list(writer, "deniedModels", limits.denied);
                               if (limits.models) writer.member("enforceAvailableModels", true);
                               writer.begin_object("env");
                               if (!limits.gateway.empty()) writer.member("ANTHROPIC_BASE_URL", limits.gateway);
                               writer.member("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
                               writer.member("DISABLE_UPDATES", "1");
                               writer.end_object();
                               if (!limits.vendor_tools) {
                                   writer.begin_object("permissions");
                                   write_list(writer, "deny", {"WebSearch"});
                                   writer.end_object();
                               }
                               if (!limits.most.empty()) writer.member("requiredMaximumVersion", limits.most);
                               if (!limits.least.empty()) writer.member("requiredMinimumVersion", limits.least);
                           }));
}

// A TOML basic string: a JSON string without its solidus.
std::string toml_text(std::string_view text) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    writer.element(text);
    writer.end_array();
    return out.substr(1, out.size() - 2);
}

// Codex lists servers with how they are reached, so that names alone cannot be told.
bool have_one_url_each(const std::vector<Server>& servers) {
    for (const Server& server : servers)
        if (server.urls.size() != 1 || !is_exact(server.urls.front())) return false;
    return true;
}

void codex(const NativeLimits& limits, Controls& out, Said& said) {
    std::string requirements;
    if (!limits.vendor_tools) {
        requirements += "allowed_web_search_modes = [\"disabled\"]\n";
        said.vendor_tools = "allowed_web_search_modes";
    }
    if (limits.servers && have_one_url_each(*limits.servers)) {
        if (limits.servers->empty()) requirements += "[mcp_servers]\n";
        for (const Server& server : *limits.servers)
            requirements += fmt::format("[mcp_servers.{}.identity]\nurl = {}\n", toml_text(server.name),
                                        toml_text(server.urls.front()));
        said.servers = "requirements.toml: mcp_servers";
    }
    if (!requirements.empty()) out.files.emplace_back("/etc/codex/requirements.toml", requirements);
    said.address = "config.toml: model_provider (a default that a person can change)";
    said.quiet = "config.toml: no update check, no analytics (defaults)";
    out.files.emplace_back(
        "/etc/codex/config.toml",
        fmt::format("model_provider = \"sallyport\"\ncheck_for_update_on_startup = false\n"
                    "[model_providers.sallyport]\nname = \"sallyport\"\nbase_url = {}\n"
                    "env_key = \"SALLYPORT_CODEX_KEY\"\nwire_api = \"responses\"\n[analytics]\nenabled = false\n"
                    "[features]\nplugins = false\napps = false\n",
                    toml_text(limits.gateway + "/v1")));
}

void write_allowed_servers(json::Writer& writer, const NativeLimits& limits) {
    if (!limits.servers) return;
    std::vector<std::string> names;
    for (const Server& server : *limits.servers) names.push_back(server.name);
    if (names.empty()) names.emplace_back(no_server);
    writer.begin_object("mcp");
    write_list(writer, "allowed", names);
    writer.end_object();
}

void gemini_cli(const NativeLimits& limits, Controls& out, Said& said) {
    said.quiet = "general.enableAutoUpdate, privacy.usageStatisticsEnabled, telemetry.enabled";
    if (limits.servers) said.servers = "mcp.allowed";
    if (!limits.vendor_tools) said.vendor_tools = "tools.exclude: google_web_search";
    if (!limits.personal_accounts) said.accounts = "security.auth.enforcedType";
    out.files.emplace_back("/etc/gemini-cli/settings.json", object([&](json::Writer& writer) {
                               writer.begin_object("general");
                               writer.member("enableAutoUpdate", false);
                               writer.member("enableAutoUpdateNotification", false);
                               writer.end_object();
                               write_allowed_servers(writer, limits);
                               writer.begin_object("privacy");
                               writer.member("usageStatisticsEnabled", false);
                               writer.end_object();
                               writer.begin_object("security");
                               writer.begin_object("auth");
                               if (!limits.personal_accounts) writer.member("enforcedType", "gemini-api-key");
                               writer.member("selectedType", "gemini-api-key");
                               writer.end_object();
                               writer.end_object();
                               writer.begin_object("telemetry");
                               writer.member("enabled", false);
                               writer.end_object();
                               if (limits.vendor_tools) return;
                               writer.begin_object("tools");
                               write_list(writer, "exclude", {"google_web_search"});
                               writer.end_object();
                           }));
}

void qwen_code(const NativeLimits& limits, Controls& out, Said& said) {
    said.quiet = "general.enableAutoUpdate, privacy.usageStatisticsEnabled";
    if (limits.servers) said.servers = "mcp.allowed";
    out.files.emplace_back("/etc/qwen-code/settings.json", object([&](json::Writer& writer) {
                               writer.begin_object("general");
                               writer.member("enableAutoUpdate", false);
                               writer.end_object();
                               write_allowed_servers(writer, limits);
                               writer.begin_object("privacy");
                               writer.member("usageStatisticsEnabled", false);
                               writer.end_object();
                           }));
}

void opencode(const NativeLimits& limits, Controls& out, Said& said) {
    said.address = "provider.sallyport, the only one of enabled_providers";
    said.quiet = "autoupdate, share";
    if (limits.models) said.models = "provider.sallyport.models";
    if (limits.models && !limits.denied.empty()) said.denied = said.models;
    if (!limits.denied_servers.empty()) said.servers_partly = "mcp: the named ones are off; others cannot be";
    out.files.emplace_back("/etc/opencode/opencode.json", object([&](json::Writer& writer) {
                               writer.member("autoupdate", false);
                               write_list(writer, "enabled_providers", {"sallyport"});
                               if (!limits.denied_servers.empty()) {
                                   writer.begin_object("mcp");
                                   for (const std::string& server : limits.denied_servers) {
                                       writer.begin_object(server);
                                       writer.member("enabled", false);
                                       writer.end_object();
                                   }
                                   writer.end_object();
                               }
                               writer.begin_object("provider");
                               writer.begin_object("sallyport");
                               writer.begin_object("models");
                               for (const std::string& model : limits.models.value_or(std::vector<std::string>{})) {
                                   writer.begin_object(model);
                                   writer.member("name", model);
                                   writer.end_object();
                               }
                               writer.end_object();
                               writer.member("name", "sallyport");
                               writer.member("npm", "@ai-sdk/openai-compatible");
                               writer.begin_object("options");
                               writer.member("apiKey", "{env:SALLYPORT_OPENCODE_KEY}");
                               writer.member("baseURL", limits.gateway + "/v1");
                               writer.end_object();
                               writer.end_object();
                               writer.end_object();
                               writer.member("share", "disabled");
                           }));
}

void copilot(const NativeLimits& limits, Controls& out, Said& said) {
    said.quiet = "telemetry.enabled";
    if (limits.servers) said.servers = "allowedMcpServers";
    out.files.emplace_back("/etc/github-copilot/managed-settings.json", object([&](json::Writer& writer) {
                               write_servers(writer, limits);
                               writer.begin_object("telemetry");
                               writer.member("enabled", false);
                               writer.end_object();
                           }));
}

} // namespace

Said write_controls(const Client& client, const NativeLimits& limits, Controls& out) {
    struct Row {
        std::string_view name;
        void (*write)(const NativeLimits&, Controls&, Said&);
    };
    static constexpr Row rows[] = {{"claude-code", claude_code}, {"codex", codex},       {"gemini-cli", gemini_cli},
                                   {"qwen-code", qwen_code},     {"opencode", opencode}, {"copilot", copilot}};
    Said said;
    for (const Row& row : rows)
        if (row.name == client.name) row.write(limits, out, said);
    return said;
}

} // namespace sallyport::endpoint
