#include "sim/file_tool.h"

#include "base/buffer.h"

#include <gtest/gtest.h>

namespace sallyport::sim {
namespace {

// The arguments of the call that reads notes.txt, or "" where no tool can.
std::string call(Dialect dialect, std::string_view body, std::string_view tool, std::string_view file = "notes.txt") {
    const Buffer bytes(body);
    json::Document doc;
    EXPECT_TRUE(doc.parse(bytes.view()));
    const std::optional<ToolCall> made = call_to_read(dialect, doc, file);
    if (!made) return {};
    EXPECT_EQ(made->name, tool);
    return made->arguments;
}

TEST(FileTool, OfEachClientGetsTheArgumentItsSchemaNames) {
    EXPECT_EQ(
        call(
            Dialect::anthropic_messages,
            R"({"tools":[{"name":"Bash","input_schema":{"properties":{"command":{}}}},{"name":"Read","input_schema":{"properties":{"file_path":{}}}}],
                       "messages":[{"role":"system","content":"# Env\n - Primary working directory: /home/dev/x\n - more"}]})",
            "Read"),
        R"({"file_path":"/home/dev/x/notes.txt"})");
    EXPECT_EQ(
        call(
            Dialect::gemini,
            R"({"contents":[{"parts":[{"text":"The project's temporary directory is: /tmp/t\n- **Workspace Directories:**\n  - /home/dev/x\n- end"}]}],
                       "tools":[{"functionDeclarations":[{"name":"read_file","parametersJsonSchema":{"properties":{"file_path":{}}}}]}]})",
            "read_file"),
        R"({"file_path":"/home/dev/x/notes.txt"})");
    EXPECT_EQ(
        call(
            Dialect::openai_chat,
            R"({"messages":[{"role":"user","content":[{"text":"I'm currently working in the directory: /home/dev/x"}]}],
                       "tools":[{"type":"function","function":{"name":"read_file","parameters":{"properties":{"absolute_path":{}}}}}]})",
            "read_file"),
        R"({"absolute_path":"/home/dev/x/notes.txt"})");
    EXPECT_EQ(call(Dialect::openai_chat,
                   R"({"messages":[{"role":"system","content":"Working directory: /home/dev/x/\n"}],
                       "tools":[{"type":"function","function":{"name":"read","parameters":{"properties":{"filePath":{}}}}}]})",
                   "read"),
              R"({"filePath":"/home/dev/x/notes.txt"})");
    EXPECT_EQ(call(Dialect::openai_chat,
                   R"({"messages":[{"role":"system","content":"* Current working directory: /home/dev/x\n"}],
                       "tools":[{"type":"function","function":{"name":"view","parameters":{"properties":{"path":{}}}}}]})",
                   "view"),
              R"({"path":"/home/dev/x/notes.txt"})");
}

TEST(FileTool, OfCodexIsAScriptOrACommand) {
    EXPECT_EQ(
        call(
            Dialect::openai_responses,
            R"({"input":[{"type":"additional_tools","tools":[{"type":"namespace","name":"functions","tools":[{"type":"custom","name":"exec"}]}]},
                       {"role":"user","content":[{"text":"<environment_context>\n  <cwd>/home/dev/x</cwd>"}]}]})",
            "exec"),
        "const r = await tools.exec_command({cmd: \"cat /home/dev/x/notes.txt\"});\ntext(r.output);");
    EXPECT_EQ(
        call(
            Dialect::openai_responses,
            R"({"input":"x","tools":[{"type":"function","name":"exec_command","parameters":{"properties":{"cmd":{"type":"string"}}}}]})",
            "exec_command"),
        R"({"cmd":"cat notes.txt"})");
    EXPECT_EQ(
        call(
            Dialect::openai_responses,
            R"({"input":"x","tools":[{"type":"function","name":"shell","parameters":{"properties":{"command":{"type":"array"}}}}]})",
            "shell"),
        R"({"command":["sh","-c","cat notes.txt"]})");
}

TEST(FileTool, PrefersAReaderToAShellAndQuotesWhatAShellWouldExpand) {
    constexpr std::string_view both =
        R"({"messages":[],"tools":[{"name":"Bash","input_schema":{"properties":{"command":{}}}},
        {"name":"view","input_schema":{"properties":{"path":{}}}}]})";
    EXPECT_EQ(call(Dialect::anthropic_messages, both, "view", "/etc/x"), R"({"path":"/etc/x"})");
    constexpr std::string_view shell =
        R"({"messages":[],"tools":[{"name":"Bash","input_schema":{"properties":{"command":{}}}}]})";
    EXPECT_EQ(call(Dialect::anthropic_messages, shell, "Bash", "$(x);y"), R"({"command":"cat '$(x);y'"})");
}

TEST(FileTool, EditsWithTheArgumentsThatTheSchemaNames) {
    const auto edit = [](Dialect dialect, std::string_view body) {
        const Buffer bytes(body);
        json::Document doc;
        EXPECT_TRUE(doc.parse(bytes.view()));
        const auto made = call_to_edit(dialect, doc, "a.txt", "x = 1", "x = 1 # more");
        return made ? made->name + (made->custom ? " custom " : " ") + made->arguments : std::string();
    };
    EXPECT_EQ(
        edit(
            Dialect::anthropic_messages,
            R"({"messages":[],"tools":[{"name":"Read"},{"name":"Edit","input_schema":{"properties":{"file_path":{},"old_string":{},"new_string":{}}}}]})"),
        R"(Edit {"file_path":"a.txt","old_string":"x = 1","new_string":"x = 1 # more"})");
    EXPECT_EQ(
        edit(
            Dialect::gemini,
            R"({"contents":[],"tools":[{"functionDeclarations":[{"name":"replace","parametersJsonSchema":{"properties":{"instruction":{},"file_path":{},"old_string":{},"new_string":{}}}}]}]})"),
        R"(replace {"file_path":"a.txt","old_string":"x = 1","new_string":"x = 1 # more","instruction":"Mark the line as edited."})");
    EXPECT_EQ(
        edit(
            Dialect::openai_chat,
            R"({"messages":[],"tools":[{"type":"function","function":{"name":"edit","parameters":{"properties":{"filePath":{},"oldString":{},"newString":{}}}}}]})"),
        R"(edit {"filePath":"a.txt","oldString":"x = 1","newString":"x = 1 # more"})");
    EXPECT_EQ(edit(Dialect::openai_responses, R"({"input":"x","tools":[{"type":"custom","name":"apply_patch"}]})"),
              "apply_patch custom *** Begin Patch\n*** Update File: a.txt\n@@\n-x = 1\n+x = 1 # more\n*** End Patch");
    EXPECT_EQ(edit(Dialect::openai_responses, R"({"input":"x","tools":[{"type":"function","name":"exec_command"}]})"),
              "");
}

TEST(FileTool, IsNoneWhereNothingOfferedReads) {
    EXPECT_EQ(call(Dialect::anthropic_messages, R"({"tools":[{"name":"Write"},{"type":"web_search"},7]})", ""), "");
    EXPECT_EQ(call(Dialect::openai_chat, R"({"tools":"none"})", ""), "");
}

TEST(WorkingDirectory, IsNotTakenFromToolDefinitionsOrProse) {
    const Buffer bytes(R"({"tools":[{"name":"x","description":"Working directory: /wrong"}],
        "system":"the working directory: persists","messages":[{"content":"Working directory: /right<x"}]})");
    json::Document doc;
    ASSERT_TRUE(doc.parse(bytes.view()));
    EXPECT_EQ(working_directory(doc), "/right");
}

} // namespace
} // namespace sallyport::sim
