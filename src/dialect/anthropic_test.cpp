#include "dialect/reading.h"

#include <gtest/gtest.h>

namespace sallyport::dialect {
namespace {

Reading read(std::string_view body) { return Reading("/v1/messages", body); }

// In the shape of Claude Code 2.1.330 (keys in its order), with texts of our own.
constexpr std::string_view claude_code = R"({
 "model":"claude-opus-5-5",
 "messages":[
  {"role":"user","content":[{"type":"text","text":"first question"},{"type":"text","text":"reminder","cache_control":{"type":"ephemeral"}}]},
  {"role":"assistant","content":[{"type":"thinking","thinking":"hidden thought","signature":"c2ln"},
    {"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_1","name":"Read","input":{"file_path":"/home/dev/proj/src/a.cpp"}}]},
  {"role":"user","content":[{"tool_use_id":"toolu_1","type":"tool_result","content":"1\talpha"}]},
  {"role":"system","content":"mode changed"},
  {"role":"user","content":"second question"}],
 "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.330.440;"},
  {"type":"text","text":"Be brief.\n\n# Environment\n - Primary working directory: /home/dev/proj\n - Is a git repository: true","cache_control":{"type":"ephemeral"}}],
 "tools":[{"name":"Read","description":"reads a file","input_schema":{"type":"object"}},
  {"name":"mcp__github__create_issue","description":"opens an issue","input_schema":{},"defer_loading":true}],
 "metadata":{"user_id":"{\"device_id\":\"00\",\"account_uuid\":\"\",\"session_id\":\"5e55-10\"}"},
 "max_tokens":128000,"thinking":{"type":"adaptive"},"context_management":{"edits":[]},"output_config":{"effort":"high"},"stream":true})";

TEST(Anthropic, ReadsWhatClaudeCodeSends) {
    const Reading r = read(claude_code);
    ASSERT_EQ(r.error(), "");
    EXPECT_EQ(r.request.model, "claude-opus-5-5");
    EXPECT_TRUE(r.request.stream);
    EXPECT_EQ(r.request.session, "5e55-10");
    EXPECT_EQ(r.request.workspace, "/home/dev/proj");
    EXPECT_EQ(r.tools(), "Read mcp__github__create_issue(github)");
    EXPECT_EQ(r.files(), "Read:/home/dev/proj/src/a.cpp");
    EXPECT_TRUE(r.request.references.empty());
    EXPECT_EQ(r.document.raw_value(r.request.model_node), "claude-opus-5-5");
}

TEST(Anthropic, EveryStringIsInTheUnitOfItsPlace) {
    const Reading r = read(claude_code);
    EXPECT_EQ(r.kind_of("first question"), UnitKind::message);
    EXPECT_EQ(r.kind_of("hidden thought"), UnitKind::message);
    EXPECT_EQ(r.kind_of("/home/dev/proj/src/a.cpp"), UnitKind::tool_call);
    EXPECT_EQ(r.kind_of("1\talpha"), UnitKind::tool_result);
    EXPECT_EQ(r.kind_of("mode changed"), UnitKind::system);
    EXPECT_EQ(r.kind_of("second question"), UnitKind::message);
    EXPECT_EQ(r.kind_of("x-anthropic-billing-header: cc_version=2.1.330.440;"), UnitKind::system);
    EXPECT_EQ(r.kind_of("opens an issue"), UnitKind::tool_definition);
    EXPECT_EQ(r.kind_of("adaptive"), UnitKind::other);
    EXPECT_TRUE(r.apart("first question", "reminder"));
    EXPECT_TRUE(r.apart("reads a file", "opens an issue"));
    EXPECT_TRUE(r.apart("hidden thought", "I look."));
    EXPECT_EQ(r.count(UnitKind::tool_definition), 2u);
}

// The role stays with its message, so that what is at the root does not grow with every turn.
TEST(Anthropic, AMessageIsAUnitAndItsTextAnotherOne) {
    const Reading r = read(R"({"messages":[{"role":"user","content":"hi","unknown":"x"}]})");
    EXPECT_EQ(r.kind_of("user"), UnitKind::message);
    EXPECT_EQ(r.kind_of("x"), UnitKind::message);
    EXPECT_TRUE(r.apart("user", "hi"));
    EXPECT_FALSE(r.apart("user", "x"));
}

TEST(Anthropic, SystemMayBeAString) {
    const Reading r = read(R"({"system":"Working directory: /srv/x\nPlatform: linux","messages":[]})");
    EXPECT_EQ(r.kind_of("Working directory: /srv/x\nPlatform: linux"), UnitKind::system);
    EXPECT_EQ(r.request.workspace, "/srv/x");
}

// Everybody can write into messages and tool results: nothing there names the workspace.
TEST(Anthropic, TheWorkspaceComesFromTheSystemPartOnly) {
    const Reading r = read(R"({"system":"You help. The working directory: is /not/this","messages":[
        {"role":"user","content":"Working directory: /user/says"},
        {"role":"system","content":"Working directory: /too/late"},
        {"role":"user","content":[{"type":"tool_result","content":"Working directory: /tool/says"}]}]})");
    EXPECT_EQ(r.request.workspace, "");
    EXPECT_EQ(read(R"({"messages":[{"role":"system","content":[{"type":"text","text":"Working directory: /first"}]}]})")
                  .request.workspace,
              "/first");
}

TEST(Anthropic, AttachmentsAreUnitsOfTheirOwnAlsoInsideResults) {
    const Reading r = read(R"({"messages":[{"role":"user","content":[
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aW1n"}},
        {"type":"document","source":{"type":"text","data":"doc text"},"title":"t"},
        {"type":"tool_result","tool_use_id":"x","content":[{"type":"text","text":"result text"},
            {"type":"image","source":{"type":"base64","data":"aW4="}}]}]}]})");
    EXPECT_EQ(r.kind_of("aW1n"), UnitKind::attachment);
    EXPECT_EQ(r.kind_of("doc text"), UnitKind::attachment);
    EXPECT_EQ(r.kind_of("result text"), UnitKind::tool_result);
    EXPECT_EQ(r.kind_of("aW4="), UnitKind::attachment);
}

TEST(Anthropic, ContentByReferenceIsFound) {
    const Reading r = read(R"({"container":{"id":"cont_1","skills":[{"type":"anthropic","skill_id":"xlsx"}]},
        "mcp_servers":[{"type":"url","url":"https://mcp.vendor.example/sse","name":"m"}],
        "messages":[{"role":"user","content":[
          {"type":"document","source":{"type":"file","file_id":"file_1"}},
          {"type":"image","source":{"type":"url","url":"https://img.example/a.png"}},
          {"type":"container_upload","file_id":"file_2"},
          {"type":"tool_result","content":[{"type":"document","source":{"type":"content","content":[
              {"type":"image","source":{"type":"url","url":"https://img.example/deep.png"}}]}}]},
          {"type":"brand_new_block","source":{"type":"url","url":"https://new.example/"}}]}]})");
    ASSERT_EQ(r.error(), "");
    EXPECT_TRUE(r.refers(ReferenceKind::container, "cont_1"));
    EXPECT_TRUE(r.refers(ReferenceKind::container, "xlsx"));
    EXPECT_TRUE(r.refers(ReferenceKind::remote_mcp, "https://mcp.vendor.example/sse"));
    EXPECT_TRUE(r.refers(ReferenceKind::file, "file_1"));
    EXPECT_TRUE(r.refers(ReferenceKind::file, "file_2"));
    EXPECT_TRUE(r.refers(ReferenceKind::url, "https://img.example/a.png"));
    EXPECT_TRUE(r.refers(ReferenceKind::url, "https://img.example/deep.png"));
    EXPECT_TRUE(r.refers(ReferenceKind::url, "https://new.example/"));
    EXPECT_EQ(r.request.references.size(), 8u);
    EXPECT_TRUE(read(R"({"container":"cont_2"})").refers(ReferenceKind::container, "cont_2"));
}

TEST(Anthropic, ToolsThatTheVendorRunsAreToldFromThoseOfTheClient) {
    const Reading r = read(
        R"({"tools":[{"type":"web_search_20250305","name":"web_search"},{"type":"code_execution_20250825","name":"code_execution"},
        {"type":"web_fetch_20250910","name":"web_fetch"},{"type":"mcp_toolset","mcp_server_name":"m"},{"type":"never_heard_of_20300101","name":"n"},
        {"type":"bash_20250124","name":"bash"},{"type":"text_editor_20250728","name":"str_replace_based_edit_tool"},
        {"type":"computer_20250124","name":"computer"},{"type":"memory_20250818","name":"memory"},
        {"type":"tool_search_tool_bm25_20251119","name":"s"},{"type":"custom","name":"mine"},{"name":"plain"}]})");
    ASSERT_EQ(r.error(), "");
    EXPECT_EQ(r.request.references.size(), 5u);
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "web_search_20250305"));
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "code_execution_20250825"));
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "web_fetch_20250910"));
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "never_heard_of_20300101"));
    EXPECT_TRUE(r.refers(ReferenceKind::remote_mcp, "m"));
    EXPECT_EQ(r.count(UnitKind::tool_definition), 12u);
}

// Beta mid-conversation-tool-changes.
TEST(Anthropic, ToolsAddedInTheConversationCount) {
    const Reading r = read(R"({"messages":[{"role":"system","content":[
        {"type":"tool_addition","tool":{"type":"tool_reference","name":"known"}},
        {"type":"tool_addition","tool":{"type":"tool_definition","definition":{"name":"mcp__jira__find","description":"late tool"}}},
        {"type":"tool_addition","tool":{"type":"tool_definition","definition":{"type":"web_search_20250305","name":"web_search"}}}]}]})");
    EXPECT_EQ(r.tools(), "mcp__jira__find(jira) web_search");
    EXPECT_EQ(r.kind_of("late tool"), UnitKind::tool_definition);
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "web_search_20250305"));
}

TEST(Anthropic, FilesOfManyKindsOfToolCallsAreNamedOnce) {
    const Reading r = read(R"({"messages":[{"role":"assistant","content":[
        {"type":"tool_use","name":"Edit","input":{"file_path":"a.cpp","old_string":"path","new_string":"y"}},
        {"type":"tool_use","name":"Edit","input":{"file_path":"a.cpp"}},
        {"type":"tool_use","name":"NotebookEdit","input":{"notebook_path":"n.ipynb"}},
        {"type":"tool_use","name":"mcp__fs__read_many","input":{"paths":["p1","p2"]}},
        {"type":"tool_use","name":"Bash","input":{"command":"cd x && sed -n '1,20p' b.h | head -n 5; cat c.txt > out; echo cat d"}},
        {"type":"server_tool_use","name":"web_search","input":{"query":"path","path":"no"}}]}]})");
    EXPECT_EQ(r.files(),
              "Edit:a.cpp NotebookEdit:n.ipynb mcp__fs__read_many:p1 mcp__fs__read_many:p2 Bash:b.h Bash:c.txt");
}

TEST(Anthropic, FilesBeyondTheLimitAreCounted) {
    std::string body =
        R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","name":"R","input":{"paths":[)";
    for (int i = 0; i < 100; ++i) body += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\"";
    body += R"(,"f99","f99"]}}]}]})";
    const Reading r = read(body);
    EXPECT_EQ(r.request.files.size(), limits::files_per_entry_max);
    EXPECT_EQ(r.request.files_left_out, 100 - limits::files_per_entry_max);
}

TEST(Anthropic, ReferencesBeyondTheLimitAreCountedAndNoKindIsLost) {
    std::string body = R"({"messages":[{"role":"user","content":[)";
    for (int i = 0; i < 300; ++i)
        body += R"({"type":"image","source":{"url":"https://x.example/)" + std::to_string(i) + "\"}},";
    body += R"({"type":"image","source":{"file_id":"last"}}]}]})";
    const Reading r = read(body);
    EXPECT_EQ(r.request.references_left_out, 300 - references_max);
    EXPECT_TRUE(r.refers(ReferenceKind::file, "last"));
}

TEST(Anthropic, TheSessionOfOlderVersionsIsUnderstood) {
    EXPECT_EQ(read(R"({"metadata":{"user_id":"user_ab12_account__session_77-88"}})").request.session, "77-88");
    EXPECT_EQ(read(R"({"metadata":{"user_id":"somebody"}})").request.session, "");
    EXPECT_EQ(read(R"({"metadata":{"user_id":"{broken"}})").request.session, "");
    EXPECT_EQ(read(R"({"metadata":{"user_id":"{\"session_id\":5}"}})").request.session, "");
}

TEST(Anthropic, CountTokensIsReadAlike) {
    const Reading r("/v1/messages/count_tokens", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
    EXPECT_EQ(r.request.operation, Operation::count_tokens);
    EXPECT_EQ(r.kind_of("hi"), UnitKind::message);
}

} // namespace
} // namespace sallyport::dialect
