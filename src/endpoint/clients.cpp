#include "endpoint/clients.h"

#include "base/buffer.h"
#include "base/file.h"
#include "json/document.h"
#include "json/writer.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

// Clients insist on a key; the company's own is added outside, where no client sees it.
constexpr const char* no_key = "sallyport";
constexpr const char* some_model =
    "default"; // for clients that cannot choose one: the gateway's policy says what it may be

std::string object(auto&& fill) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    fill(writer);
    writer.end_object();
    return out;
}

Setting claude_code(const Way& way) {
    Setting out;
    if (!way.model.empty()) out.arguments = {"--model", way.model};
    out.environment = {{"ANTHROPIC_BASE_URL", way.root},
                       {"ANTHROPIC_AUTH_TOKEN", no_key},
                       {"DISABLE_UPDATES", "1"},
                       {"DISABLE_AUTOUPDATER", "1"},
                       {"CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"},
                       {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"}};
    // Company settings come first: a repository's or a person's file cannot name another address.
    out.files.emplace_back("/etc/claude-code/managed-settings.json", object([&](json::Writer& writer) {
                               writer.begin_object("env");
                               writer.member("ANTHROPIC_BASE_URL", way.root);
                               writer.member("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
                               writer.member("DISABLE_UPDATES", "1");
                               writer.end_object();
                           }));
    return out;
}

Setting codex(const Way& way) {
    Setting out;
    const auto set = [&](std::string text) {
        out.arguments.push_back("-c");
        out.arguments.push_back(std::move(text));
    };
    // The environment's OPENAI_BASE_URL is not read by it.
    set("model_provider=\"sallyport\"");
    set("model_providers.sallyport={name=\"sallyport\",base_url=\"" + way.root +
        "/v1\",env_key=\"SALLYPORT_CODEX_KEY\",wire_api=\"responses\"}");
    set("check_for_update_on_startup=false");
    set("analytics.enabled=false");
    set("features.plugins=false");
    set("features.apps=false");
    set("web_search=\"disabled\""); // run by the vendor: the gateway refuses it but where a policy allows that
    // Its own sandbox needs namespaces, which the boundary denies to all within: the boundary stands in its place. (The kind that says so,
    // externalSandbox, can only be asked for by its app server.)
    set("sandbox_mode=\"danger-full-access\"");
    if (!way.model.empty()) set("model=\"" + way.model + "\"");
    out.environment = {{"SALLYPORT_CODEX_KEY", no_key}};
    return out;
}

Setting gemini_cli(const Way& way) {
    Setting out;
    if (!way.model.empty()) out.arguments = {"-m", way.model};
    // The address in the environment alone selects a kind of sign-in that it then refuses: the settings have to name one.
    out.environment = {
        {"GOOGLE_GEMINI_BASE_URL", way.root}, {"GEMINI_API_KEY", no_key}, {"GEMINI_CLI_TRUST_WORKSPACE", "true"}};
    out.files.emplace_back("/etc/gemini-cli/settings.json", object([](json::Writer& writer) {
                               writer.begin_object("general");
                               writer.member("enableAutoUpdate", false);
                               writer.member("enableAutoUpdateNotification", false);
                               writer.end_object();
                               writer.begin_object("privacy");
                               writer.member("usageStatisticsEnabled", false);
                               writer.end_object();
                               writer.begin_object("security");
                               writer.begin_object("auth");
                               writer.member("selectedType", "gemini-api-key");
                               writer.end_object();
                               writer.end_object();
                           }));
    return out;
}

Setting qwen_code(const Way& way) {
    Setting out;
    out.environment = {{"OPENAI_BASE_URL", way.root + "/v1"},
                       {"OPENAI_API_KEY", no_key},
                       {"OPENAI_MODEL", way.model.empty() ? some_model : way.model}};
    out.files.emplace_back("/etc/qwen-code/settings.json", object([](json::Writer& writer) {
                               writer.begin_object("privacy");
                               writer.member("usageStatisticsEnabled", false);
                               writer.end_object();
                           }));
    return out;
}

Setting opencode(const Way& way) {
    Setting out;
    const std::string model = way.model.empty() ? some_model : way.model;
    out.environment = {{"SALLYPORT_OPENCODE_KEY", no_key},
                       {"OPENCODE_DISABLE_MODELS_FETCH", "1"},
                       {"OPENCODE_DISABLE_AUTOUPDATE", "1"}};
    out.files.emplace_back("/etc/opencode/opencode.json", object([&](json::Writer& writer) {
                               writer.member("autoupdate", false);
                               writer.begin_array("enabled_providers");
                               writer.element("sallyport");
                               writer.end_array();
                               writer.member("model", "sallyport/" + model);
                               writer.begin_object("provider");
                               writer.begin_object("sallyport");
                               writer.begin_object("models");
                               writer.begin_object(model);
                               writer.member("name", model);
                               writer.end_object();
                               writer.end_object();
                               writer.member("name", "sallyport");
                               writer.member("npm", "@ai-sdk/openai-compatible");
                               writer.begin_object("options");
                               writer.member("apiKey", "{env:SALLYPORT_OPENCODE_KEY}");
                               writer.member("baseURL", way.root + "/v1");
                               writer.end_object();
                               writer.end_object();
                               writer.end_object();
                               writer.member("share", "disabled");
                           }));
    return out;
}

Setting copilot(const Way& way) {
    Setting out;
    out.environment = {{"COPILOT_PROVIDER_BASE_URL", way.root + "/v1"},
                       {"COPILOT_PROVIDER_API_KEY", no_key},
                       {"COPILOT_MODEL", way.model.empty() ? some_model : way.model},
                       {"COPILOT_OFFLINE", "true"}};
    return out;
}

constexpr std::array<Client, 6> known{{
    {"claude", "claude-code", "claude", "@anthropic-ai/claude-code", claude_code},
    {"codex", "codex", "codex", "@openai/codex", codex},
    {"gemini", "gemini-cli", "gemini", "@google/gemini-cli", gemini_cli},
    {"qwen", "qwen-code", "qwen", "@qwen-code/qwen-code", qwen_code},
    {"opencode", "opencode", "opencode", "opencode-ai", opencode},
    {"copilot", "copilot", "copilot", "@github/copilot", copilot},
}};

constexpr std::size_t package_file_bytes_max = 1u << 20;

struct Package {
    std::string name, version;
};
std::optional<Package> read_package(const fs::path& folder) {
    const auto text = read_file(folder / "package.json", package_file_bytes_max);
    if (!text) return std::nullopt;
    const Buffer raw(*text);
    json::Document document;
    if (text->empty() || !document.parse(raw.view())) return std::nullopt;
    const auto member = [&](std::string_view key) {
        const auto node = document.find_once(document.root(), key);
        std::string scratch;
        return node && *node != json::no_node && document[*node].kind == json::Kind::string
                   ? std::string(document.text(*node, scratch))
                   : std::string();
    };
    return Package{member("name"), member("version")};
}

// The nearest package.json above the file with that name, or with one that begins so (of a platform).
std::string version_of(const Client& client, const fs::path& file) {
    for (fs::path folder = file.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
        if (const auto package = read_package(folder); package && package->name.starts_with(client.package))
            return package->version;
    return {};
}

// The folder with all that a program needs: the outermost node_modules, the folder above its "bin", else its own.
fs::path root_of(const fs::path& file) {
    fs::path out = file.parent_path();
    if (out.filename() == "bin") out = out.parent_path();
    for (fs::path folder = file.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
        if (folder.filename() == "node_modules") out = folder;
    return out;
}

// "#!/usr/bin/env node" of a script: node; empty for a program of its own.
std::string interpreter_of(const fs::path& file) {
    std::string line;
    std::getline(std::ifstream(file), line);
    if (!line.starts_with("#!") || line.size() > 256) return {};
    std::string word;
    for (std::istringstream words(line.substr(2)); words >> word;)
        if (!word.starts_with('-') && !word.ends_with("/env")) return word;
    return {};
}

void show(Installed& found, const fs::path& program) {
    std::error_code error;
    const fs::path file = fs::canonical(program, error);
    if (error) return;
    found.roots.push_back(root_of(file));
    found.roots.push_back(program.parent_path());
}

} // namespace

std::span<const Client> clients() { return known; }

const Client* find_client(std::string_view word) {
    const auto found =
        std::ranges::find_if(known, [&](const Client& one) { return one.word == word || one.name == word; });
    return found == known.end() ? nullptr : &*found;
}

fs::path find_in_path(std::string_view program, std::string_view path) {
    if (program.contains('/')) return fs::absolute(program);
    while (!path.empty()) {
        const auto end = path.find(':');
        const fs::path file = fs::path(path.substr(0, end)) / program;
        std::error_code error;
        if (file.is_absolute() && ::access(file.c_str(), X_OK) == 0 && fs::is_regular_file(file, error)) return file;
        path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    }
    return {};
}

Result<Installed> find_installed(const Client& client, std::string_view path) {
    Installed out;
    out.program = find_in_path(client.program, path);
    if (out.program.empty())
        return fail(ErrorKind::unavailable, std::string(client.program) +
                                                " is not found in PATH; install it with npm install -g " +
                                                std::string(client.package));
    std::error_code error;
    out.file = fs::canonical(out.program, error);
    if (error) return fail(ErrorKind::io, "cannot look at " + out.program.string() + ": " + error.message());
    out.version = version_of(client, out.file);
    show(out, out.program);
    if (const std::string interpreter = interpreter_of(out.file); !interpreter.empty())
        if (const fs::path found = find_in_path(interpreter, path); !found.empty()) show(out, found);
    return out;
}

} // namespace sallyport::endpoint
