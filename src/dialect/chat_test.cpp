#include "dialect/reading.h"

#include <gtest/gtest.h>

namespace sallyport::dialect {
namespace {

Reading read(std::string_view body) { return Reading("/v1/chat/completions", body); }

// In the shape of Qwen Code 0.24 and opencode 1.18, with texts of our own.
constexpr std::string_view conversation = R"({
 "model":"qwen-coder","messages":[
  {"role":"system","content":"You help.\nWorking directory: /home/dev/proj\nPlatform: linux"},
  {"role":"user","content":[{"type":"text","text":"what is in it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aW1n"}}]},
  {"role":"assistant","content":null,"tool_calls":[
    {"id":"call_1","type":"function","function":{"name":"read_file","arguments":"{\"absolute_path\":\"/home/dev/proj/a.txt\"}"}},
    {"id":"call_2","type":"function","function":{"name":"run_shell_command","arguments":"{\"command\":\"cat \\\"b c.txt\\\"\"}"}},
    {"id":"call_3","type":"function","function":{"name":"read","arguments":"{\"filePath\":\"/home/dev/proj/d.ts\"}"}}]},
  {"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"alpha"}]},
  {"role":"tool","tool_call_id":"call_2","content":"beta"},
  {"role":"assistant","content":"It is alpha."}],
 "tools":[{"type":"function","function":{"name":"read_file","description":"reads","parameters":{}}},
  {"type":"function","function":{"name":"mcp__tickets__find","description":"finds","parameters":{}}}],
 "stream":true,"stream_options":{"include_usage":true},"prompt_cache_key":"ses_1"})";

TEST(Chat, ReadsAConversationWithTools) {
    const Reading r = read(conversation);
    ASSERT_EQ(r.error(), "");
    EXPECT_EQ(r.request.model, "qwen-coder");
    EXPECT_TRUE(r.request.stream);
    EXPECT_EQ(r.request.session, "ses_1");
    EXPECT_EQ(r.request.workspace, "/home/dev/proj");
    EXPECT_EQ(r.tools(), "read_file mcp__tickets__find(tickets)");
    EXPECT_EQ(r.files(), "read_file:/home/dev/proj/a.txt run_shell_command:b c.txt read:/home/dev/proj/d.ts");
    EXPECT_TRUE(r.request.references.empty());
}

TEST(Chat, EveryStringIsInTheUnitOfItsPlace) {
    const Reading r = read(conversation);
    EXPECT_EQ(r.kind_of("what is in it?"), UnitKind::message);
    EXPECT_EQ(r.kind_of("data:image/png;base64,aW1n"), UnitKind::attachment);
    EXPECT_EQ(r.kind_of("{\"absolute_path\":\"/home/dev/proj/a.txt\"}"), UnitKind::tool_call);
    EXPECT_EQ(r.kind_of("alpha"), UnitKind::tool_result);
    EXPECT_EQ(r.kind_of("beta"), UnitKind::tool_result);
    EXPECT_EQ(r.kind_of("It is alpha."), UnitKind::message);
    EXPECT_EQ(r.kind_of("finds"), UnitKind::tool_definition);
    EXPECT_EQ(r.count(UnitKind::tool_call), 3u);
}

TEST(Chat, TheWorkspaceIsNotTakenFromLaterSystemMessages) {
    const Reading r = read(
        R"({"messages":[{"role":"user","content":"Working directory: /a"},{"role":"system","content":"Working directory: /b"},
        {"role":"tool","content":"Working directory: /c"}]})");
    EXPECT_EQ(r.request.workspace, "");
}

TEST(Chat, OldFunctionsAreToolsToo) {
    const Reading r = read(R"({"functions":[{"name":"old","description":"od"}],"messages":[
        {"role":"assistant","function_call":{"name":"old","arguments":"{\"path\":\"x.c\"}"}},{"role":"function","name":"old","content":"res"}]})");
    EXPECT_EQ(r.tools(), "old");
    EXPECT_EQ(r.files(), "old:x.c");
    EXPECT_EQ(r.kind_of("od"), UnitKind::tool_definition);
    EXPECT_EQ(r.kind_of("res"), UnitKind::tool_result);
}

TEST(Chat, ContentByReferenceIsFound) {
    const Reading r = read(
        R"({"web_search_options":{},"search_parameters":{"mode":"on"},"enable_search":true,"plugins":[{"id":"web"}],
        "tools":[{"type":"browser_search"},{"type":"custom","custom":{"name":"c"}}],
        "messages":[{"role":"assistant","audio":{"id":"audio_1"}},{"role":"user","content":[
          {"type":"image_url","image_url":{"url":"https://x.example/i.png"}},{"type":"image_url","image_url":"https://x.example/s.png"},
          {"type":"file","file":{"file_id":"file_1"}},{"type":"file","file":{"file_data":"https://x.example/a.pdf"}},
          {"type":"file","file":{"file_data":"data:application/pdf;base64,cGRm"}},
          {"type":"input_audio","input_audio":{"data":"YXVk","format":"wav"}},{"type":"video_url","video_url":{"url":"https://x.example/v.mp4"}}]}]})");
    ASSERT_EQ(r.error(), "");
    for (const std::string_view tool :
         {"web_search_options", "search_parameters", "enable_search", "web", "browser_search"})
        EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, tool)) << tool;
    for (const std::string_view url :
         {"https://x.example/i.png", "https://x.example/s.png", "https://x.example/a.pdf", "https://x.example/v.mp4"})
        EXPECT_TRUE(r.refers(ReferenceKind::url, url)) << url;
    EXPECT_TRUE(r.refers(ReferenceKind::file, "file_1"));
    EXPECT_TRUE(r.refers(ReferenceKind::previous_response, "audio_1"));
    EXPECT_EQ(r.request.references.size(), 11u);
    EXPECT_EQ(r.kind_of("YXVk"), UnitKind::attachment);
    EXPECT_TRUE(read(R"({"enable_search":false})").request.references.empty());
}

TEST(Chat, SessionsAreFoundWhereClientsPutThem) {
    EXPECT_EQ(read(R"({"metadata":{"sessionId":"q1"}})").request.session, "q1");
    EXPECT_EQ(read(R"({"session_id":"o1"})").request.session, "o1");
    EXPECT_EQ(read(R"({"session_id":7})").request.session, "");
}

} // namespace
} // namespace sallyport::dialect
