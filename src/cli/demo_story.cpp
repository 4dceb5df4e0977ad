#include "cli/demo_story.h"

namespace sallyport::cli {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* claude_system =
    R"([{"type":"text","text":"You help with code."},{"type":"text","text":"Primary working directory: /home/dev/site"}])";
constexpr const char* claude_tools =
    R"([{"name":"Read","description":"Reads a file","input_schema":{"type":"object","properties":{"file_path":{"type":"string"}},"required":["file_path"]}}])";

std::string claude_body(const std::string& messages) {
    return std::string(R"({"model":"claude-opus-5-5","messages":)") + messages + R"(,"system":)" + claude_system +
           R"(,"tools":)" + claude_tools +
           R"(,"metadata":{"user_id":"{\"device_id\":\"0\",\"session_id\":\"5d1c\"}"},"max_tokens":4096,"stream":true})";
}

Headers claude(const std::string& version, const std::string& key, const std::string& session,
               const std::string& repository) {
    return {{"User-Agent", "claude-cli/" + version + " (external, cli)"},
            {"X-Claude-Code-Session-Id", session},
            {"anthropic-version", "2023-06-01"},
            {"x-api-key", key},
            {"x-sallyport-repository", repository}};
}

Headers codex(const std::string& key, const std::string& remote) {
    return {{"User-Agent", "codex_exec/0.169.0 (Debian 12.0.0; x86_64)"},
            {"originator", "codex_exec"},
            {"Authorization", "Bearer " + key},
            {"x-codex-turn-metadata",
             R"({"workspaces":{"/home/dev/engine":{"associated_remote_urls":{"origin":")" + remote + R"("}}}})"}};
}

std::string codex_body(const std::string& model) {
    return R"({"model":")" + model +
           R"(","instructions":"You help with code.","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Explain the scheduler."}]}],"stream":true})";
}

} // namespace

std::vector<Scene> demo_scenes(const std::string& key) {
    const std::string site = "github.com/acme/website";
    const std::string engine = "git.acme.example/core/engine";
    const std::string question = R"([{"role":"user","content":"vendor:read(index.html) and say what it is"}])";
    const std::string with_result =
        R"([{"role":"user","content":"vendor:read(index.html) and say what it is"},)"
        R"({"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Read","input":{"file_path":"/home/dev/site/index.html"}}]},)"
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"1\t<h1>Acme</h1>\n"}]}])";
    const std::string hello = R"([{"role":"user","content":"Say hello."}])";
    Headers with_vendor_key = {{"User-Agent", "GeminiCLI-tui/0.61.0/gemini-3.8-flash (linux; x64; terminal)"},
                               {"x-goog-api-key", "AIzaDEMO0000000000000000000000000000000"},
                               {"x-sallyport-key", key},
                               {"x-sallyport-repository", site}};
    return {
        {"Claude Code 2.1.330 asks about the open-source website; the model wants to read a file",
         {"/v1/messages?beta=true", claude("2.1.330", key, "a1", site), claude_body(question)},
         true},
        {"… the file comes back as a tool result, and the conversation goes on",
         {"/v1/messages?beta=true", claude("2.1.330", key, "a1", site), claude_body(with_result)},
         true},
        {"Codex tells in its own metadata that it works in core/engine, a trade secret",
         {"/v1/responses", codex(key, "git@git.acme.example:core/engine.git"), codex_body("gpt-6.1-sol")},
         false},
        {"… the same question to the company's own model is fine",
         {"/v1/responses", codex(key, "git@git.acme.example:core/engine.git"), codex_body("local-coder")},
         true},
        {"Claude Code 2.1.90, a version that nobody approved",
         {"/v1/messages?beta=true", claude("2.1.90", key, "b2", site), claude_body(hello)},
         false},
        {"Gemini CLI brings a personal vendor key along",
         {"/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse", with_vendor_key,
          R"({"contents":[{"role":"user","parts":[{"text":"Say hello."}]}]})"},
         false},
        {"Claude Code in core/engine is refused …",
         {"/v1/messages?beta=true", claude("2.1.330", key, "c3", engine), claude_body(hello)},
         false},
        {"… and claiming the website in the same conversation does not loosen it",
         {"/v1/messages?beta=true", claude("2.1.330", key, "c3", site), claude_body(hello)},
         false},
        {"Qwen Code works on a customer's repository, to the vendor whose contract allows that",
         {"/v1/chat/completions",
          {{"User-Agent", "QwenCode/0.24.4 (linux; x64)"},
           {"Authorization", "Bearer " + key},
           {"x-sallyport-repository", "git.acme.example/clients/globex"}},
          R"({"model":"qwen-coder","messages":[{"role":"user","content":"Say hello."}],"stream":true})"},
         true},
    };
}

} // namespace sallyport::cli
