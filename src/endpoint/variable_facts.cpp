// settings_facts.h: variables of the environment and words of command lines.
#include "base/text.h"
#include "endpoint/clients.h"
#include "endpoint/known_hosts.h"
#include "endpoint/settings_facts.h"
#include "endpoint/vendor_keys.h"

#include <algorithm>

namespace sallyport::endpoint {

namespace {

// Codex and Pi do not read the variables of their vendors (measured, docs/clients.md); OpenCode does.
constexpr BaseUrlVariable base_urls[] = {
    {"ANTHROPIC_BASE_URL", "claude-code"},
    {"ANTHROPIC_BEDROCK_BASE_URL", "claude-code"},
    {"ANTHROPIC_VERTEX_BASE_URL", "claude-code"},
    {"ANTHROPIC_FOUNDRY_BASE_URL", "claude-code"},
    {"OPENAI_BASE_URL", "qwen-code"},
    {"OPENAI_API_BASE", ""},
    {"OPENAI_API_BASE_URL", ""},
    {"GOOGLE_GEMINI_BASE_URL", "gemini-cli"},
    {"GOOGLE_VERTEX_BASE_URL", "gemini-cli"},
    {"CODE_ASSIST_ENDPOINT", "gemini-cli"},
    {"COPILOT_PROVIDER_BASE_URL", "copilot"},
    {"AZURE_OPENAI_ENDPOINT", ""},
    {"AZURE_API_BASE", ""},
    {"DASHSCOPE_BASE_URL", ""},
    {"OLLAMA_HOST", ""},
    {"OLLAMA_API_BASE", ""},
    {"OPENROUTER_BASE_URL", ""},
    {"LITELLM_PROXY_API_BASE", ""},
};

constexpr std::string_view proxies[] = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
                                        "http_proxy", "https_proxy", "all_proxy"};

struct TelemetryVariable {
    std::string_view name, client;
    bool switches_off; // set to anything true it is off, else on
};
constexpr TelemetryVariable telemetry[] = {
    {"DISABLE_TELEMETRY", "claude-code", true},
    {"DO_NOT_TRACK", "", true},
    {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "claude-code", true},
    {"DISABLE_ERROR_REPORTING", "claude-code", true},
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "claude-code", false},
    {"GEMINI_TELEMETRY_ENABLED", "gemini-cli", false},
    {"OPENCODE_DISABLE_MODELS_FETCH", "opencode", true},
    {"COPILOT_OFFLINE", "copilot", true},
};

struct BypassWord {
    std::string_view word, client;
};
constexpr BypassWord bypass_words[] = {
    {"--dangerously-skip-permissions", "claude-code"},
    {"--allow-dangerously-skip-permissions", "claude-code"},
    {"--dangerously-bypass-approvals-and-sandbox", "codex"},
    {"--yolo", ""},
    {"--allow-all-tools", "copilot"},
    {"--allow-all", "copilot"},
    {"--approval-mode=yolo", ""},
    {"--ask-for-approval=never", "codex"},
    {"--sandbox=danger-full-access", "codex"},
};
constexpr std::pair<std::string_view, std::string_view> bypass_pairs[] = {
    {"--permission-mode", "bypassPermissions"},
    {"--approval-mode", "yolo"},
    {"--ask-for-approval", "never"},
    {"-a", "never"},
    {"--sandbox", "danger-full-access"},
    {"-s", "danger-full-access"},
};

bool is_true(std::string_view value) { return !value.empty() && value != "0" && !equals_ignoring_case(value, "false"); }

std::string client_of_words(const std::vector<std::string>& words) {
    for (const std::string& word : words)
        for (const Client& client : clients())
            if (word == client.program || word.ends_with("/" + std::string(client.program)) ||
                word.starts_with(client.package))
                return std::string(client.name);
    return {};
}

} // namespace

const BaseUrlVariable* base_url_variable(std::string_view name) {
    const auto* found = std::ranges::find(base_urls, name, &BaseUrlVariable::name);
    return found == std::end(base_urls) ? nullptr : found;
}

void add_variable_fact(Look& look, std::string_view name, std::string_view value, bool computed,
                       const std::string& place, std::size_t line, const std::string& known_by) {
    FoundFact fact{.kind = FactKind::base_url, .what = std::string(name)};
    fact.place = place;
    fact.line = line;
    fact.known_by = known_by;
    if (value.empty() && !computed) return; // unset
    if (const BaseUrlVariable* one = base_url_variable(name)) {
        fact.client = one->client;
        fact.value = computed ? "(made by the shell)" : shown_address(value);
        look.add(std::move(fact));
    } else if (std::ranges::find(proxies, name) != std::end(proxies)) {
        fact.kind = FactKind::proxy;
        fact.value = computed ? "(made by the shell)" : shown_address(value);
        fact.way = value.contains('@') ? "with a user's name or password in it" : "";
        look.add(std::move(fact));
    } else if (name == "OTEL_EXPORTER_OTLP_ENDPOINT") {
        fact.kind = FactKind::telemetry;
        fact.value = computed ? "(made by the shell)" : "to " + shown_address(value);
        look.add(std::move(fact));
    } else if (name == "COPILOT_ALLOW_ALL" && is_true(value)) {
        fact.kind = FactKind::bypass;
        fact.client = "copilot";
        fact.value = "every tool is allowed";
        look.add(std::move(fact));
    } else if (const auto* report = std::ranges::find(telemetry, name, &TelemetryVariable::name);
               report != std::end(telemetry)) {
        fact.kind = FactKind::telemetry;
        fact.client = report->client;
        fact.value = is_true(value) == report->switches_off ? "off" : "on";
        look.add(std::move(fact));
    } else if (const std::string_view kind = key_variable(name); !kind.empty() && !computed && is_literal_key(value)) {
        const auto shapes = vendor_keys_in(value);
        add_key(look, shapes.empty() ? kind : shapes.front().kind, value, place, line, "",
                "it is given to " + std::string(name));
    }
}

void add_invocation_facts(Look& look, const std::vector<Invocation>& invocations, const std::string& place) {
    for (const Invocation& call : invocations) {
        const std::string client = client_of_words(call.words);
        if (client.empty()) continue;
        const std::string known_by = call.alias.empty() ? "a command in the file" : "an alias in the file";
        for (std::size_t i = 0; i < call.words.size(); ++i) {
            const auto* one = std::ranges::find(bypass_words, call.words[i], &BypassWord::word);
            const bool pair = i + 1 < call.words.size() && std::ranges::any_of(bypass_pairs, [&](const auto& both) {
                                  return both.first == call.words[i] && both.second == call.words[i + 1];
                              });
            if (one == std::end(bypass_words) && !pair) continue;
            FoundFact fact{.kind = FactKind::bypass, .client = client, .what = call.words[i]};
            if (pair && one == std::end(bypass_words)) fact.what += " " + call.words[i + 1];
            fact.value = "on a command line";
            fact.place = place;
            fact.line = call.line;
            fact.known_by = known_by;
            look.add(std::move(fact));
        }
        const auto run = std::ranges::find_if(
            call.words, [](const std::string& word) { return word == "sallyport" || word.ends_with("/sallyport"); });
        if (!call.alias.empty() && run != call.words.end() && run + 1 != call.words.end() && *(run + 1) == "run") {
            FoundFact fact{.kind = FactKind::base_url, .client = client, .what = "sallyport run"};
            fact.value = "through the launcher";
            fact.place = place;
            fact.line = call.line;
            fact.known_by = known_by;
            fact.governed = true;
            look.add(std::move(fact));
        }
    }
}

std::string shown_command(const std::vector<std::string>& words) {
    const auto plain = [](std::string_view word) {
        if (word.empty() || word.size() > 100 || !vendor_keys_in(word).empty()) return false;
        return std::ranges::all_of(word, [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '@' || c == '/' || c == '.' || c == '_' || c == ':' || c == '-';
        });
    };
    const auto base = [](std::string_view word) { return word.substr(word.find_last_of("/\\") + 1); };
    if (words.empty()) return {};
    const std::string_view program = base(words.front());
    std::string out(plain(program) ? program : std::string_view("…"));
    std::size_t shown = 1; // words
    // Only what starts packages is told with one: an argument of anything else may be a word that nobody should know.
    constexpr std::string_view launchers[] = {"npx",  "npm",    "pnpm",   "yarn", "bunx", "bun",    "uvx",    "uv",
                                              "pipx", "docker", "podman", "node", "deno", "python", "python3"};
    bool named = std::ranges::find(launchers, program) == std::end(launchers);
    constexpr std::string_view alone[] = {
        "-y", "--yes", "-i", "--rm",      "-q",     "--quiet",          "-it", "-t", "--init",
        "-m", "-p",    "-u", "--package", "--from", "--prefer-offline", "--",  "-e"};
    constexpr std::string_view verbs[] = {"run", "exec", "dlx", "x", "tool", "tsx", "node"};
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (named) break;
        if (word.starts_with('-')) {
            const bool takes_value = std::ranges::find(alone, word) == std::end(alone) && !word.contains('=');
            if (word == "-e" || takes_value) ++i; // what follows may be anything
        } else if (std::ranges::find(verbs, word) != std::end(verbs)) {
            out += ' ' + word;
            ++shown;
        } else if (plain(word) &&
                   !(word.size() >= 20 && !word.contains('/') && !word.contains('-') && !word.contains('.'))) {
            out += ' ' + std::string(word.starts_with('/') ? base(word) : std::string_view(word));
            ++shown;
            named = true;
        } else {
            named = true; // what comes behind it is not known to be a name either
        }
    }
    if (shown < words.size()) out += " (+" + std::to_string(words.size() - shown) + ")";
    return out;
}

} // namespace sallyport::endpoint
