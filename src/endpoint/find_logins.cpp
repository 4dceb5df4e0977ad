// discover.h: sign-ins of clients, told from the files that clients keep them in: which kind of account, where the file says so. Tokens
// are looked at only where they say the kind themselves (the middle part of a JWT), and leave nothing behind.
#include "base/encoding.h"
#include "endpoint/discover.h"
#include "endpoint/settings.h"
#include "endpoint/vendor_keys.h"

#include <algorithm>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

using Settings = std::vector<FileSetting>;

std::string value_of(const Settings& settings, std::initializer_list<std::string_view> path) {
    for (const FileSetting& one : settings)
        if (std::ranges::equal(one.path, path) && one.kind != FileSetting::Kind::nothing) return one.value;
    return {};
}

// A word of a file that goes into a report: letters, digits, '-', '_'.
std::string word(std::string_view text) {
    const bool fits =
        !text.empty() && text.size() <= 40 && vendor_keys_in(text).empty() &&
        std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
    return fits ? std::string(text) : std::string();
}

// A claim of a JWT, unverified: it says what kind of account this is.
std::string claim(std::string_view token, std::initializer_list<std::string_view> path) {
    const auto first = token.find('.');
    const auto second = token.find('.', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) return {};
    const auto text = from_base64url(token.substr(first + 1, second - first - 1));
    if (!text) return {};
    const auto settings = read_settings(*text, Form::json);
    return settings ? value_of(*settings, path) : std::string();
}

struct Visit {
    Look& look;
    fs::path path;
    Settings settings;

    void add(std::string client, std::string way, std::string known_by, std::size_t line = 0) {
        FoundFact fact{.kind = FactKind::login, .client = client, .what = std::move(client)};
        fact.way = std::move(way);
        fact.place = look.tree.shown(path);
        fact.line = line;
        fact.known_by = std::move(known_by);
        look.add(std::move(fact));
    }
};

void claude_code(Visit& visit) {
    if (value_of(visit.settings, {"claudeAiOauth", "accessToken"}).empty()) return;
    const std::string kind = word(value_of(visit.settings, {"claudeAiOauth", "subscriptionType"}));
    visit.add("claude-code", "claude.ai subscription" + (kind.empty() ? std::string() : ": " + kind),
              "its file of credentials");
}
void claude_state(Visit& visit) {
    const auto found =
        std::ranges::find_if(visit.settings, [](const FileSetting& one) { return one.path[0] == "oauthAccount"; });
    if (found == visit.settings.end()) return;
    const std::string role = word(value_of(visit.settings, {"oauthAccount", "organizationRole"}));
    const std::string type = word(value_of(visit.settings, {"oauthAccount", "billingType"}));
    visit.add("claude-code",
              "account" + (role.empty() ? std::string() : ", role " + role) +
                  (type.empty() ? std::string() : ", billing " + type),
              "the client's state", found->line);
}
void codex(Visit& visit) {
    const std::string token = value_of(visit.settings, {"tokens", "id_token"});
    if (token.empty() && value_of(visit.settings, {"tokens", "access_token"}).empty()) return;
    const std::string plan = word(claim(token, {"https://api.openai.com/auth", "chatgpt_plan_type"}));
    visit.add("codex", "ChatGPT account" + (plan.empty() ? std::string() : ": " + plan), "its file of credentials");
}
void gemini(Visit& visit) {
    if (value_of(visit.settings, {"refresh_token"}).empty() && value_of(visit.settings, {"access_token"}).empty())
        return;
    const std::string domain = claim(value_of(visit.settings, {"id_token"}), {"hd"});
    visit.add("gemini-cli", domain.empty() ? "Google account" : "Google account of an organisation",
              "its file of credentials");
}
void qwen(Visit& visit) {
    if (value_of(visit.settings, {"access_token"}).empty() && value_of(visit.settings, {"refresh_token"}).empty())
        return;
    visit.add("qwen-code", "Qwen account", "its file of credentials");
}
void opencode(Visit& visit) {
    std::vector<std::string> told;
    for (const FileSetting& one : visit.settings) {
        if (one.path.size() != 2 || one.path[1] != "type") continue;
        const std::string provider = word(one.path[0]), type = word(one.value);
        if (type != "api")
            visit.add("opencode",
                      (type.empty() ? "sign-in" : type) + " at " + (provider.empty() ? "a provider" : provider),
                      "its file of credentials", one.line);
    }
    for (const FileSetting& one : visit.settings) // keys that were given to it
        if (one.path.size() == 2 && one.path[1] == "key" && value_of(visit.settings, {one.path[0], "type"}) == "api" &&
            is_literal_key(one.value)) {
            const auto shapes = vendor_keys_in(one.value);
            add_key(visit.look, shapes.empty() ? std::string_view("vendor-key") : shapes.front().kind, one.value,
                    visit.look.tree.shown(visit.path), one.line, "opencode", "it is given to a provider");
        }
}
void copilot_app(Visit& visit) {
    for (const FileSetting& one : visit.settings)
        if (one.path.size() == 2 && one.path[1] == "oauth_token" && !one.value.empty())
            visit.add("copilot",
                      "GitHub account" + (one.path[0].starts_with("github.com") ? std::string() : " of another host"),
                      "its file of credentials", one.line);
}
void copilot_cli(Visit& visit) {
    for (const FileSetting& one : visit.settings)
        if (one.path.size() == 3 && (one.path[0] == "logged_in_users" || one.path[0] == "loggedInUsers") &&
            one.path[2] == "login")
            visit.add("copilot", "GitHub account", "the client's state", one.line);
}

struct Place {
    const char* pattern;
    const char* client;
    void (*read)(Visit&);
};
constexpr Place places[] = {
    {".claude/.credentials.json", "claude-code", claude_code},
    {".claude.json", "claude-code", claude_state},
    {".codex/auth.json", "codex", codex},
    {".gemini/oauth_creds.json", "gemini-cli", gemini},
    {".qwen/oauth_creds.json", "qwen-code", qwen},
    {".local/share/opencode/auth.json", "opencode", opencode},
    {".config/github-copilot/apps.json", "copilot", copilot_app},
    {".config/github-copilot/hosts.json", "copilot", copilot_app},
    {".copilot/config.json", "copilot", copilot_cli},
};

} // namespace

void find_logins(Look& look) {
    for (const fs::path& home : look.tree.homes())
        for (const Place& place : places)
            for (const fs::path& path : look.tree.find(home, place.pattern)) {
                const auto text = look.tree.read(path);
                if (!text) continue;
                find_keys(look, *text, look.tree.shown(path), place.client, false);
                auto settings = read_settings(*text, Form::json);
                if (!settings) {
                    look.tree.tell_unread(path, "it is no JSON that can be read");
                    continue;
                }
                Visit visit{look, path, std::move(*settings)};
                std::erase_if(visit.settings, [](const FileSetting& one) { return one.path.empty(); });
                place.read(visit);
            }
}

} // namespace sallyport::endpoint
