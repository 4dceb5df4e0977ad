#include "lab/recipes.h"

#include <algorithm>

namespace sallyport::lab {

namespace {

constexpr std::string_view gemini_settings = R"({"security":{"auth":{"selectedType":"gemini-api-key"}}})";
constexpr std::string_view opencode_settings =
    R"({"provider":{"gateway":{"npm":"@ai-sdk/openai-compatible","name":"gateway","options":{"baseURL":"{base}/v1",)"
    R"("apiKey":"{env:GATEWAY_KEY}"},"models":{"mock-model":{"name":"mock-model"}}}}})";
constexpr std::string_view codex_provider =
    R"(model_providers.gateway={name="gateway",base_url="{base}/v1",env_key="GATEWAY_KEY",wire_api="responses"})";
constexpr std::string_view no_statistics = R"({"privacy":{"usageStatisticsEnabled":false}})";

std::string text(std::string_view one) { return std::string(one); }

// Nothing is switched off here: what a client does by itself is what is asked.
const std::vector<Recipe>& table() {
    static const std::vector<Recipe> all = {
        {"claude-code",
         "@anthropic-ai/claude-code",
         "claude",
         {"-p", "{prompt}"},
         {{"ANTHROPIC_BASE_URL", "{base}"}, {"ANTHROPIC_API_KEY", "{key}"}},
         {}},
        {"codex",
         "@openai/codex",
         "codex",
         // Its own sandbox needs namespaces, which the boundary denies to all within.
         {"exec", "--skip-git-repo-check", "-c", "model_provider=\"gateway\"", "-c", text(codex_provider), "-c",
          "sandbox_mode=\"danger-full-access\"", "{prompt}"},
         {{"GATEWAY_KEY", "{key}"}},
         {}},
        {"gemini-cli",
         "@google/gemini-cli",
         "gemini",
         {"-p", "{prompt}"},
         {{"GOOGLE_GEMINI_BASE_URL", "{base}"}, {"GEMINI_API_KEY", "{key}"}, {"GEMINI_CLI_TRUST_WORKSPACE", "true"}},
         {{"/home/dev/.gemini/settings.json", text(gemini_settings)}}},
        {"qwen-code",
         "@qwen-code/qwen-code",
         "qwen",
         {"-p", "{prompt}"},
         {{"OPENAI_BASE_URL", "{base}/v1"}, {"OPENAI_API_KEY", "{key}"}, {"OPENAI_MODEL", "mock-model"}},
         {}},
        {"opencode",
         "opencode-ai",
         "opencode",
         {"run", "-m", "gateway/mock-model", "{prompt}"},
         {{"GATEWAY_KEY", "{key}"}},
         {{"/home/dev/.config/opencode/opencode.json", text(opencode_settings)}}},
        {"copilot",
         "@github/copilot",
         "copilot",
         {"-p", "{prompt}"},
         {{"COPILOT_PROVIDER_BASE_URL", "{base}/v1"},
          {"COPILOT_PROVIDER_API_KEY", "{key}"},
          {"COPILOT_MODEL", "mock-model"}},
         {}},
    };
    return all;
}

const std::vector<Switch>& switch_table() {
    constexpr std::string_view usage = "the vendor's page on data usage", settings = "the vendor's settings reference";
    static const std::vector<Switch> all = {
        {"claude-code", "DISABLE_TELEMETRY=1", usage, {{"DISABLE_TELEMETRY", "1"}}, {}, {}},
        {"claude-code", "DISABLE_ERROR_REPORTING=1", usage, {{"DISABLE_ERROR_REPORTING", "1"}}, {}, {}},
        {"claude-code", "DO_NOT_TRACK=1", usage, {{"DO_NOT_TRACK", "1"}}, {}, {}},
        {"claude-code", "DISABLE_AUTOUPDATER=1", settings, {{"DISABLE_AUTOUPDATER", "1"}}, {}, {}},
        {"claude-code", "DISABLE_GROWTHBOOK=1", settings, {{"DISABLE_GROWTHBOOK", "1"}}, {}, {}},
        {"claude-code",
         "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
         usage,
         {{"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"}},
         {},
         {}},
        {"claude-code",
         "CLAUDE_CODE_ATTRIBUTION_HEADER=0",
         "the vendor's page on gateways",
         {{"CLAUDE_CODE_ATTRIBUTION_HEADER", "0"}},
         {},
         {}},
        {"codex", "analytics.enabled=false", settings, {}, {"-c", "analytics.enabled=false"}, {}},
        {"codex", "features.plugins=false", settings, {}, {"-c", "features.plugins=false"}, {}},
        {"codex", "features.apps=false", settings, {}, {"-c", "features.apps=false"}, {}},
        {"codex", "check_for_update_on_startup=false", settings, {}, {"-c", "check_for_update_on_startup=false"}, {}},
        {"gemini-cli",
         "privacy.usageStatisticsEnabled=false",
         settings,
         {},
         {},
         {{"/etc/gemini-cli/settings.json", text(no_statistics)}}},
        {"gemini-cli", "GEMINI_TELEMETRY_ENABLED=false", settings, {{"GEMINI_TELEMETRY_ENABLED", "false"}}, {}, {}},
        {"qwen-code",
         "privacy.usageStatisticsEnabled=false",
         settings,
         {},
         {},
         {{"/etc/qwen-code/settings.json", text(no_statistics)}}},
        {"opencode", "OPENCODE_DISABLE_MODELS_FETCH=1", settings, {{"OPENCODE_DISABLE_MODELS_FETCH", "1"}}, {}, {}},
        {"opencode", "OPENCODE_DISABLE_AUTOUPDATE=1", settings, {{"OPENCODE_DISABLE_AUTOUPDATE", "1"}}, {}, {}},
        {"copilot", "COPILOT_OFFLINE=true", settings, {{"COPILOT_OFFLINE", "true"}}, {}, {}},
    };
    return all;
}

} // namespace

std::span<const Recipe> recipes() { return table(); }

const Recipe* find_recipe(std::string_view client_or_package) {
    for (const Recipe& one : table())
        if (one.client == client_or_package || one.program == client_or_package ||
            client_or_package.starts_with(one.package) ||
            (one.client == "opencode" && client_or_package.starts_with("opencode-")))
            return &one;
    return nullptr;
}

const Recipe& any_program() {
    static const Recipe any = {"",
                               "",
                               "",
                               {},
                               {{"SALLYPORT_INSPECT_BASE", "{base}"},
                                {"SALLYPORT_INSPECT_PROMPT", "{prompt}"},
                                {"ANTHROPIC_BASE_URL", "{base}"},
                                {"ANTHROPIC_API_KEY", "{key}"},
                                {"OPENAI_BASE_URL", "{base}/v1"},
                                {"OPENAI_API_KEY", "{key}"},
                                {"GOOGLE_GEMINI_BASE_URL", "{base}"},
                                {"GEMINI_API_KEY", "{key}"}},
                               {}};
    return any;
}

std::vector<const Switch*> switches_of(std::string_view client) {
    std::vector<const Switch*> out;
    for (const Switch& one : switch_table())
        if (one.client == client) out.push_back(&one);
    return out;
}

std::string filled(std::string_view form, const Conditions& conditions, std::string_view prompt) {
    std::string out(form);
    for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"{base}", conditions.base},
                                      {"{key}", conditions.key},
                                      {"{prompt}", prompt}})
        for (std::size_t at = out.find(name); at != std::string::npos; at = out.find(name, at + value.size()))
            out.replace(at, name.size(), value);
    return out;
}

} // namespace sallyport::lab
