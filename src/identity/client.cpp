#include "identity/client.h"

#include "base/text.h"

#include <array>

namespace sallyport::identity {

namespace {
// A product token of a user agent (RFC 9110 section 10.1.5) whose name begins with `product`, and the client's name for it.
struct Product {
    std::string_view product;
    std::string_view client;
};
constexpr std::array products = {
    Product{"claude-cli", "claude-code"},
    Product{"claude-code", "claude-code"},
    Product{"codex", "codex"},
    Product{"GeminiCLI", "gemini-cli"},
    Product{"CloudCodeVSCode", "gemini-cli"},
    Product{"QwenCode", "qwen-code"},
    Product{"opencode", "opencode"},
    Product{"pi", "pi"},
    Product{"GitHubCopilot", "copilot"},
    Product{"copilot", "copilot"},
};

bool ends_word(char c) { return c == '/' || c == ' ' || c == '-' || c == '_'; }

// "2.1.330", "0.170.0-alpha.3": 1 to 64 of the characters that versions are made of, beginning with a digit.
std::string_view version_at(std::string_view text) {
    const auto end = text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-");
    text = text.substr(0, end);
    const bool numeric = !text.empty() && text[0] >= '0' && text[0] <= '9';
    return numeric && text.size() <= 64 ? text : std::string_view();
}

// The version behind the first '/' of the first product token.
std::string_view first_version(std::string_view agent) {
    const auto slash = agent.find_first_of("/ ");
    return slash == std::string_view::npos || agent[slash] == ' ' ? std::string_view()
                                                                  : version_at(agent.substr(slash + 1));
}
} // namespace

Client identify_client(const ClientHeaders& headers) {
    const std::string_view agent = headers.user_agent;
    for (const auto& [product, client] : products) {
        if (!agent.starts_with(product)) continue;
        if (agent.size() > product.size() && !ends_word(agent[product.size()])) continue;
        return {client, first_version(agent), false};
    }
    // Codex names itself in a header of its own as well, also where a wrapper changed the user agent.
    if (headers.originator.starts_with("codex")) return {"codex", {}, true};
    // Copilot sends its HTTP library's name and version ("OpenAI/JS 5.20.1"), which are not its own.
    // x-initiator is on every call; x-interaction-type only on the first one of a prompt.
    if (!headers.initiator.empty()) return {"copilot", {}, true};
    return {};
}

} // namespace sallyport::identity
