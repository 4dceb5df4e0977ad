#include "endpoint/vendor_keys.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace sallyport::endpoint {

namespace {

struct Shape {
    std::string_view prefix, kind;
    std::size_t least; // characters behind the prefix
    bool sign_in = false;
};
// The longer prefix first. "sk-" alone is OpenAI's and many others': it needs a digit and no word of small letters alone.
constexpr Shape shapes[] = {
    {"sk-ant-oat", "anthropic-sign-in", 24, true},
    {"sk-ant-ort", "anthropic-sign-in", 24, true},
    {"sk-ant-", "anthropic-key", 24},
    {"sk-or-v1-", "openrouter-key", 24},
    {"sk-proj-", "openai-key", 24},
    {"sk-svcacct-", "openai-key", 24},
    {"sk-admin-", "openai-key", 24},
    {"sk-", "openai-key", 32}, // also DeepSeek, Moonshot, Qwen …
    {"AIza", "google-key", 35},
    {"gsk_", "groq-key", 40},
    {"xai-", "xai-key", 40},
    {"pplx-", "perplexity-key", 40},
    {"hf_", "huggingface-key", 30},
    {"r8_", "replicate-key", 30},
    {"fw_", "fireworks-key", 22},
    {"nvapi-", "nvidia-key", 40},
    {"csk-", "cerebras-key", 32},
    {"ghu_", "github-sign-in", 36, true},
    {"gho_", "github-sign-in", 36, true},
};

constexpr std::size_t prefix_anywhere_min = 7; // "sk-ant-"

bool is_key_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

bool is_random(std::string_view text) {
    bool digit = false, letter = false;
    std::array<bool, 128> seen{};
    std::size_t distinct = 0;
    for (const char c : text) {
        digit = digit || (c >= '0' && c <= '9');
        letter = letter || std::isalpha(static_cast<unsigned char>(c)) != 0;
        bool& was = seen[static_cast<unsigned char>(c) & 127];
        distinct += was ? 0 : 1;
        was = true;
    }
    return digit && letter && distinct >= 8;
}

struct Variable {
    std::string_view name, kind;
};
constexpr Variable variables[] = {
    {"ANTHROPIC_API_KEY", "anthropic-key"},
    {"ANTHROPIC_AUTH_TOKEN", "anthropic-key"},
    {"CLAUDE_CODE_OAUTH_TOKEN", "anthropic-sign-in"},
    {"CLAUDE_API_KEY", "anthropic-key"},
    {"OPENAI_API_KEY", "openai-key"},
    {"CODEX_API_KEY", "openai-key"},
    {"AZURE_OPENAI_API_KEY", "azure-openai-key"},
    {"AZURE_API_KEY", "azure-openai-key"},
    {"GEMINI_API_KEY", "google-key"},
    {"GOOGLE_API_KEY", "google-key"},
    {"GOOGLE_GENERATIVE_AI_API_KEY", "google-key"},
    {"DASHSCOPE_API_KEY", "qwen-key"},
    {"QWEN_API_KEY", "qwen-key"},
    {"COPILOT_PROVIDER_API_KEY", "copilot-provider-key"},
    {"COPILOT_GITHUB_TOKEN", "github-sign-in"},
    {"OPENROUTER_API_KEY", "openrouter-key"},
    {"MISTRAL_API_KEY", "mistral-key"},
    {"CODESTRAL_API_KEY", "mistral-key"},
    {"DEEPSEEK_API_KEY", "deepseek-key"},
    {"GROQ_API_KEY", "groq-key"},
    {"XAI_API_KEY", "xai-key"},
    {"MOONSHOT_API_KEY", "moonshot-key"},
    {"ZHIPU_API_KEY", "zhipu-key"},
    {"ZAI_API_KEY", "zhipu-key"},
    {"COHERE_API_KEY", "cohere-key"},
    {"TOGETHER_API_KEY", "together-key"},
    {"FIREWORKS_API_KEY", "fireworks-key"},
    {"PERPLEXITY_API_KEY", "perplexity-key"},
    {"CEREBRAS_API_KEY", "cerebras-key"},
    {"AWS_BEARER_TOKEN_BEDROCK", "bedrock-key"},
    {"primaryApiKey", "anthropic-key"},
    {"apiKey", "vendor-key"},
    {"api_key", "vendor-key"},
    {"openai-api-key", "openai-key"},
    {"anthropic-api-key", "anthropic-key"},
    {"experimental_bearer_token", "vendor-key"},
};

// Words that stand where a key would.
constexpr std::string_view placeholders[] = {"your", "example", "placeholder", "changeme", "xxxx",   "dummy",    "todo",
                                             "<",    "...",     "…",           "***",      "insert", "sallyport"};

} // namespace

std::vector<FoundKey> vendor_keys_in(std::string_view text) {
    std::vector<FoundKey> out;
    for (std::size_t at = 0; at < text.size() && out.size() < vendor_keys_max;) {
        if (!is_key_character(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && is_key_character(text[end])) ++end;
        const std::string_view word = text.substr(at, end - at);
        const Shape* found = nullptr;
        std::size_t first = word.size();
        for (const Shape& shape : shapes) {
            // What only a key begins with is one behind anything; a short beginning has to stand at the front.
            const bool anywhere = shape.prefix.size() >= prefix_anywhere_min;
            const auto begin = anywhere                         ? word.find(shape.prefix)
                               : word.starts_with(shape.prefix) ? 0
                                                                : std::string_view::npos;
            if (begin >= first) continue;
            const std::string_view rest = word.substr(begin + shape.prefix.size());
            if (rest.size() < shape.least || !is_random(rest)) continue;
            found = &shape;
            first = begin;
        }
        if (found != nullptr) out.push_back({found->kind, at + first, end, found->sign_in});
        at = end;
    }
    return out;
}

std::string_view key_variable(std::string_view name) {
    for (const Variable& one : variables)
        if (one.name == name) return one.kind;
    return {};
}

bool is_literal_key(std::string_view value) {
    if (value.size() < 12 || value.size() > 4'096) return false;
    if (value.find_first_of(" \t$`{}()<>%") != std::string_view::npos) return false;
    if (value.starts_with("http://") || value.starts_with("https://") || value.starts_with("env:") ||
        value.starts_with("file:") || value.starts_with("op://") || value.starts_with('/') || value.starts_with('~'))
        return false;
    const std::string lower = to_lower(value);
    if (std::ranges::any_of(placeholders, [&](std::string_view word) { return lower.contains(word); })) return false;
    return std::ranges::any_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string without_keys(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    for (const FoundKey& key : vendor_keys_in(text)) {
        out += text.substr(done, key.begin - done);
        out += "…";
        done = key.end;
    }
    out += text.substr(done);
    return out;
}

} // namespace sallyport::endpoint
