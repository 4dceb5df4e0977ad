#include "identity/credential.h"

#include "identity/keys.h"

#include <array>
#include <utility>

namespace sallyport::identity {

namespace {
// The longest prefix first where one begins another.
constexpr std::array prefixes = {
    std::pair{std::string_view("sk-ant-oat"), CredentialKind::anthropic_oauth},
    std::pair{std::string_view("sk-ant-ort"), CredentialKind::anthropic_oauth},
    std::pair{std::string_view("sk-ant-"), CredentialKind::anthropic_key},
    std::pair{std::string_view("sk-"), CredentialKind::openai_key},
    std::pair{std::string_view("sess-"), CredentialKind::openai_key},
    std::pair{std::string_view("AIza"), CredentialKind::google_key},
    std::pair{std::string_view("AQ."), CredentialKind::google_key},
    std::pair{std::string_view("ya29."), CredentialKind::google_oauth},
    std::pair{std::string_view("github_pat_"), CredentialKind::github_token},
    std::pair{std::string_view("ghu_"), CredentialKind::github_token},
    std::pair{std::string_view("gho_"), CredentialKind::github_token},
    std::pair{std::string_view("ghp_"), CredentialKind::github_token},
    std::pair{std::string_view("ghs_"), CredentialKind::github_token},
    std::pair{std::string_view("ghr_"), CredentialKind::github_token},
};

// RFC 7519: base64url of '{"' begins with "eyJ".
bool is_jwt(std::string_view text) {
    if (!text.starts_with("eyJ")) return false;
    int dots = 0;
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '.')
            ++dots;
        else if (!letter && c != '-' && c != '_' && c != '=')
            return false;
    }
    return dots == 2 || dots == 4; // signed, or encrypted (RFC 7516)
}
} // namespace

std::string_view name(CredentialKind kind) {
    constexpr std::string_view names[] = {"company-key",  "anthropic-key", "anthropic-oauth",
                                          "openai-key",   "google-key",    "google-oauth",
                                          "github-token", "jwt",           "unknown"};
    return names[static_cast<std::size_t>(kind)];
}

CredentialKind classify_credential(std::string_view text) {
    if (is_company_key(text)) return CredentialKind::company_key;
    for (const auto& [prefix, kind] : prefixes)
        if (text.size() > prefix.size() && text.starts_with(prefix)) return kind;
    return is_jwt(text) ? CredentialKind::jwt : CredentialKind::unknown;
}

bool of_a_vendor(CredentialKind kind) { return kind != CredentialKind::company_key && kind != CredentialKind::unknown; }

} // namespace sallyport::identity
