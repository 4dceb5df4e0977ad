#include "endpoint/redirects.h"

#include "base/file.h"

#include <algorithm>
#include <cctype>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t file_bytes_max = 1u << 20;
constexpr std::size_t told_max = 100;

// Where clients look in a working folder.
constexpr const char* files[] = {".claude/settings.json",
                                 ".claude/settings.local.json",
                                 ".codex/config.toml",
                                 ".gemini/settings.json",
                                 ".gemini/.env",
                                 ".qwen/settings.json",
                                 ".qwen/.env",
                                 "opencode.json",
                                 "opencode.jsonc",
                                 ".opencode/opencode.json",
                                 ".opencode/opencode.jsonc",
                                 ".copilot/config.json",
                                 ".env"};

// Keys by which a client is sent elsewhere or made to give its key away. Environment variables are written in capitals.
constexpr std::string_view keys[] = {"ANTHROPIC_BASE_URL",
                                     "ANTHROPIC_BEDROCK_BASE_URL",
                                     "ANTHROPIC_VERTEX_BASE_URL",
                                     "ANTHROPIC_FOUNDRY_BASE_URL",
                                     "ANTHROPIC_CUSTOM_HEADERS",
                                     "ANTHROPIC_UNIX_SOCKET",
                                     "CLAUDE_CODE_USE_BEDROCK",
                                     "CLAUDE_CODE_USE_VERTEX",
                                     "OPENAI_BASE_URL",
                                     "OPENAI_API_BASE",
                                     "CODEX_BASE_URL",
                                     "GOOGLE_GEMINI_BASE_URL",
                                     "GOOGLE_VERTEX_BASE_URL",
                                     "CODE_ASSIST_ENDPOINT",
                                     "COPILOT_PROVIDER_BASE_URL",
                                     "COPILOT_API_URL",
                                     "HTTP_PROXY",
                                     "HTTPS_PROXY",
                                     "ALL_PROXY",
                                     "NODE_EXTRA_CA_CERTS",
                                     "NODE_TLS_REJECT_UNAUTHORIZED",
                                     "NODE_OPTIONS",
                                     "SSL_CERT_FILE",
                                     "SSL_CERT_DIR",
                                     "CODEX_CA_CERTIFICATE",
                                     "apiKeyHelper",
                                     "awsAuthRefresh",
                                     "awsCredentialExport",
                                     "otelHeadersHelper",
                                     "proxyAuthHelper",
                                     "forceLoginGatewayUrl",
                                     "base_url",
                                     "baseURL",
                                     "baseUrl",
                                     "openai_base_url",
                                     "chatgpt_base_url",
                                     "model_providers",
                                     "enterprise_url"};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The key stands as a name of its own, and something is given to it: "KEY": …, KEY=…, key = …, [model_providers.x].
bool names(std::string_view line, std::string_view key) {
    for (auto at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
        if (at > 0 && is_word(line[at - 1])) continue;
        std::string_view rest = line.substr(at + key.size());
        if (!rest.empty() && is_word(rest.front())) continue;
        rest.remove_prefix(std::min(rest.find_first_not_of("\"' \t"), rest.size()));
        if (!rest.empty() && (rest.front() == ':' || rest.front() == '=' || rest.front() == '.' || rest.front() == ']'))
            return true;
    }
    return false;
}

bool is_comment(std::string_view line) {
    const auto at = line.find_first_not_of(" \t");
    return at != std::string_view::npos && (line[at] == '#' || line.substr(at).starts_with("//"));
}

// In JSON a name may be written with escapes, which no client's reader minds.
bool hides(std::string_view line) { return line.contains("\\u00"); }

} // namespace

std::vector<Redirect> redirects_in(std::string_view text, const fs::path& file) {
    std::vector<Redirect> out;
    for (std::size_t line_number = 1; !text.empty() && out.size() < told_max; ++line_number) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (is_comment(line)) continue;
        for (const std::string_view key : keys)
            if (names(line, key)) {
                out.push_back({file, line_number, std::string(key)});
                break;
            }
        if (hides(line)) out.push_back({file, line_number, "a name written with escapes"});
    }
    return out;
}

std::vector<Redirect> find_redirects(const fs::path& workspace) {
    std::vector<Redirect> out;
    std::error_code error;
    for (const char* const name : files) {
        const fs::path path = workspace / name;
        if (!fs::exists(fs::symlink_status(path, error))) continue;
        if (!fs::is_regular_file(
                path, error)) { // a link to nowhere, a pipe, a folder: what a client makes of it is not known
            if (!fs::is_directory(path, error)) out.push_back({name, 0, "cannot be read"});
            continue;
        }
        const auto text = read_file(path, file_bytes_max);
        if (!text) {
            out.push_back({name, 0, "cannot be read"});
            continue;
        }
        for (Redirect& one : redirects_in(*text, name))
            if (out.size() < told_max) out.push_back(std::move(one));
    }
    return out;
}

} // namespace sallyport::endpoint
