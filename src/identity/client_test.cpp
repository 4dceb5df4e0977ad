#include "identity/client.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

// User agents as measured (docs/clients.md).
TEST(Client, IsToldByItsUserAgent) {
    struct Case {
        std::string_view agent, name, version;
    };
    const Case cases[] = {
        {"claude-cli/2.1.330 (external, sdk-cli)", "claude-code", "2.1.330"},
        {"claude-cli/2.1.196 (external, cli)", "claude-code", "2.1.196"},
        {"codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm-256color (codex_exec; 0.169.0)", "codex", "0.169.0"},
        {"codex_cli_rs/0.170.0-alpha.3 (Mac OS 15)", "codex", "0.170.0-alpha.3"},
        {"codex-tui/0.169.0", "codex", "0.169.0"},
        {"GeminiCLI-tui/0.61.0/gemini-3.1-pro-preview (linux; x64; terminal)", "gemini-cli", "0.61.0"},
        {"GeminiCLI/0.61.0/gemini-3.1-pro-preview (linux; x64)", "gemini-cli", "0.61.0"},
        {"CloudCodeVSCode/0.61.0 (aidev_client; os_type=linux)", "gemini-cli", "0.61.0"},
        {"QwenCode/0.24.4 (linux; x64)", "qwen-code", "0.24.4"},
        {"opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14", "opencode", "1.18.33"},
        {"pi (linux 6.18.1; x64)", "pi", ""},
        {"pip/24.0 (linux)", "unknown", ""},
        {"OpenAI/JS 5.20.1", "unknown", ""},
        {"curl/8.5.0", "unknown", ""},
        {"claude-clip/1.0", "unknown", ""},
        {"claude-cli/", "claude-code", ""},
        {"claude-cli/<script>", "claude-code", ""},
        {"claude-cli", "claude-code", ""},
        {"", "unknown", ""},
    };
    for (const Case& c : cases) {
        const Client client = identify_client({.user_agent = c.agent});
        EXPECT_EQ(client.name, c.name) << c.agent;
        EXPECT_EQ(client.version, c.version) << c.agent;
        EXPECT_FALSE(client.inferred);
    }
    EXPECT_EQ(identify_client({.user_agent = "claude-cli/" + std::string(65, '1')}).version, "");
}

TEST(Client, CopilotIsInferredFromItsOwnHeaders) {
    const Client client = identify_client(
        {.user_agent = "OpenAI/JS 5.20.1", .interaction_type = "conversation-agent", .initiator = "user"});
    EXPECT_EQ(client.name, "copilot");
    EXPECT_EQ(client.version, "") << "5.20.1 is its library's";
    EXPECT_TRUE(client.inferred);
    EXPECT_EQ(identify_client({.user_agent = "OpenAI/JS 5.20.1", .initiator = "agent"}).name, "copilot")
        << "its later calls";
    EXPECT_EQ(identify_client({.user_agent = "OpenAI/JS 5.20.1"}).name, "unknown") << "anybody's library";
}

TEST(Client, CodexBehindAWrapperIsInferredFromItsOriginator) {
    const Client client = identify_client({.user_agent = "wrapper/1.0", .originator = "codex_exec"});
    EXPECT_EQ(client.name, "codex");
    EXPECT_EQ(client.version, "");
    EXPECT_TRUE(client.inferred);
}

} // namespace
} // namespace sallyport::identity
