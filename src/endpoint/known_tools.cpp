#include "endpoint/known_tools.h"

namespace sallyport::endpoint {

namespace {

constexpr KnownTool tools[] = {
    {"cursor", "Cursor", "cursor cursor-agent", ".cursor .config/Cursor"},
    {"windsurf", "Windsurf", "windsurf", ".codeium/windsurf .config/Windsurf"},
    {"aider", "aider", "aider", ".aider .aider.conf.yml"},
    {"continue", "Continue", "", ".continue"},
    {"cline", "Cline", "", ".cline"},
    {"ollama", "Ollama", "ollama", ".ollama"},
    {"lm-studio", "LM Studio", "lms", ".lmstudio .cache/lm-studio"},
    {"amp", "Amp", "", ".config/amp .local/share/amp"},
    {"crush", "Crush", "", ".config/crush .local/share/crush"},
    {"droid", "Factory Droid", "", ".factory"},
    {"kiro", "Kiro", "kiro", ".kiro"},
    {"pi", "Pi", "", ".pi/agent"},
    {"goose", "Goose", "", ".config/goose"},
    {"zed", "Zed", "zed zeditor", ".config/zed"},
    {"llm", "llm", "", ".config/io.datasette.llm"},
    {"claude-desktop", "Claude Desktop", "claude-desktop", ".config/Claude"},
    {"tabnine", "Tabnine", "", ".config/TabNine .tabnine"},
    {"amazon-q", "Amazon Q", "", ".aws/amazonq .local/share/amazon-q"},
    {"jan", "Jan", "", ".config/Jan"},
    {"antigravity", "Antigravity", "antigravity", ".gemini/antigravity .antigravity"},
    {"claude-code-router", "Claude Code Router", "ccr", ".claude-code-router"},
    {"cliproxyapi", "CLIProxyAPI", "cliproxyapi cli-proxy-api", ".cli-proxy-api"},
};

constexpr KnownPart extensions[] = {
    {"anthropic.claude-code", "claude-code", true},
    {"openai.chatgpt", "codex-extension"},
    {"google.geminicodeassist", "gemini-code-assist"},
    {"google.gemini-cli-vscode-ide-companion", "gemini-cli-companion"},
    {"qwenlm.qwen-code-vscode-ide-companion", "qwen-code-companion"},
    {"sst-dev.opencode", "opencode-companion"},
    {"github.copilot", "github-copilot"},
    {"github.copilot-chat", "github-copilot-chat"},
    {"continue.continue", "continue"},
    {"saoudrizwan.claude-dev", "cline"},
    {"rooveterinaryinc.roo-cline", "roo-code"},
    {"kilocode.kilo-code", "kilo-code"},
    {"codeium.codeium", "codeium"},
    {"tabnine.tabnine-vscode", "tabnine"},
    {"sourcegraph.cody-ai", "cody"},
    {"sourcegraph.amp", "amp"},
    {"augment.vscode-augment", "augment"},
    {"amazonwebservices.amazon-q-vscode", "amazon-q"},
    {"supermaven.supermaven", "supermaven"},
};

constexpr KnownPart jetbrains_plugins[] = {
    {"claude-code-jetbrains-plugin", "claude-code-companion"},
    {"github-copilot-intellij", "github-copilot"},
    {"continue-intellij-extension", "continue"},
    {"ml-llm", "jetbrains-ai-assistant"},
    {"junie", "junie"},
    {"codeium", "codeium"},
    {"gemini-code-assist", "gemini-code-assist"},
    {"TabNine", "tabnine"},
    {"augment", "augment"},
    {"amazon-q", "amazon-q"},
};

constexpr Editor all_editors[] = {
    {".vscode", "VS Code"},
    {".vscode-insiders", "VS Code Insiders"},
    {".vscode-server", "VS Code Server"},
    {".vscode-oss", "VSCodium"},
    {".cursor", "Cursor"},
    {".cursor-server", "Cursor Server"},
    {".windsurf", "Windsurf"},
    {".windsurf-server", "Windsurf Server"},
    {".kiro", "Kiro"},
    {".antigravity", "Antigravity"},
};

} // namespace

std::span<const KnownTool> known_tools() { return tools; }
std::span<const KnownPart> known_extensions() { return extensions; }
std::span<const KnownPart> known_jetbrains_plugins() { return jetbrains_plugins; }
std::span<const Editor> editors() { return all_editors; }

} // namespace sallyport::endpoint
