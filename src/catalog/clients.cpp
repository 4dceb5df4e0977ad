#include "catalog/clients.h"

#include <algorithm>
#include <array>

namespace sallyport::catalog {

namespace {
constexpr std::array table = {
    Client{"claude-code", "@anthropic-ai/claude-code", "@anthropic-ai/claude-code-"},
    Client{"codex", "@openai/codex", "@openai/codex-"},
    Client{"copilot", "@github/copilot", "@github/copilot-"},
    Client{"gemini-cli", "@google/gemini-cli", "@google/gemini-cli-"},
    Client{"opencode", "opencode-ai", "opencode-"},
    Client{"qwen-code", "@qwen-code/qwen-code", "@qwen-code/qwen-code-"},
};
constexpr std::array<std::string_view, 4> systems = {"linux-", "darwin-", "win32-", "windows-"};

bool begins_with_system(std::string_view text) {
    return std::ranges::any_of(systems, [&](std::string_view system) { return text.starts_with(system); });
}
} // namespace

bool Client::is_published_as(std::string_view package_name) const {
    return package_name == package ||
           (package_name.starts_with(program) && begins_with_system(package_name.substr(program.size())));
}

std::span<const Client> clients() { return table; }
const Client* client_named(std::string_view name) {
    const auto* const one = std::ranges::find(table, name, &Client::name);
    return one == table.end() ? nullptr : one;
}
const Client* client_of_package(std::string_view package) {
    const auto* const one = std::ranges::find_if(table, [&](const Client& it) { return it.is_published_as(package); });
    return one == table.end() ? nullptr : one;
}

std::string_view version_without_platform(std::string_view version) {
    for (std::size_t dash = version.find('-'); dash != std::string_view::npos; dash = version.find('-', dash + 1))
        if (begins_with_system(version.substr(dash + 1))) return version.substr(0, dash);
    return version;
}

} // namespace sallyport::catalog
