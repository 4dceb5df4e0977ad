#include "dialect/reading.h"

#include <gtest/gtest.h>

namespace sallyport::dialect {
namespace {

Reading read(std::string_view body) { return Reading("/v1/responses", body); }

// In the shape of Codex 0.169 with its default model (code mode), with texts of our own.
constexpr std::string_view codex = R"({
 "model":"gpt-6.1-sol","instructions":"Be exact.",
 "input":[
  {"type":"additional_tools","id":"at_1","role":"developer","tools":[
    {"type":"custom","name":"exec","description":"runs code","format":{"type":"grammar","syntax":"lark","definition":"start: /.+/"}},
    {"type":"namespace","name":"mcp__github__","description":"issues","tools":[{"type":"function","name":"create_issue","description":"opens one","parameters":{}}]},
    {"type":"namespace","name":"multi_agent_v1","description":"own","tools":[{"type":"function","name":"spawn_agent","parameters":{}}]}]},
  {"type":"message","role":"developer","id":"m0","content":[{"type":"input_text","text":"permissions"}]},
  {"type":"message","role":"user","id":"m1","content":[{"type":"input_text","text":"<environment_context><cwd>/home/dev/proj</cwd></environment_context>"}]},
  {"type":"message","role":"user","id":"m2","content":[{"type":"input_text","text":"what is in hello.txt?"},{"type":"input_image","image_url":"data:image/png;base64,aW1n"}]},
  {"type":"reasoning","id":"r1","summary":[],"encrypted_content":"ZW5j"},
  {"type":"custom_tool_call","call_id":"c1","name":"exec","input":"const r = await tools.exec_command({cmd: \"cat hello.txt\"}); text(r);"},
  {"type":"custom_tool_call_output","call_id":"c1","output":[{"type":"input_text","text":"Script completed"},{"type":"input_text","text":"{\"output\":\"alpha\"}"}]},
  {"type":"function_call","call_id":"c2","name":"exec_command","arguments":"{\"cmd\":\"sed -n '1,5p' src/b.cpp\",\"workdir\":\"/x\"}"},
  {"type":"function_call_output","call_id":"c2","output":"Output:\nbeta"},
  {"type":"message","role":"assistant","content":[{"type":"output_text","text":"It says alpha."}]}],
 "tool_choice":"auto","store":false,"stream":true,"prompt_cache_key":"019a-77",
 "client_metadata":{"x-codex-turn-metadata":"{\"session_id\":\"019a-77\",\"workspaces\":{\"/home/dev/proj\":{\"associated_remote_urls\":{\"origin\":\"https://git.acme.test/secret/proj.git\"},\"has_changes\":false}}}"}})";

TEST(Responses, ReadsWhatCodexSends) {
    const Reading r = read(codex);
    ASSERT_EQ(r.error(), "");
    EXPECT_EQ(r.request.model, "gpt-6.1-sol");
    EXPECT_TRUE(r.request.stream);
    EXPECT_EQ(r.request.session, "019a-77");
    EXPECT_EQ(r.request.repository_remotes, std::vector<std::string>{"https://git.acme.test/secret/proj.git"});
    EXPECT_EQ(r.request.workspace, "") << "the environment context is a message: anybody can write one";
    EXPECT_EQ(r.tools(), "exec create_issue(github) spawn_agent");
    EXPECT_EQ(r.files(), "exec:hello.txt exec_command:src/b.cpp");
    EXPECT_TRUE(r.request.references.empty());
}

TEST(Responses, EveryStringIsInTheUnitOfItsPlace) {
    const Reading r = read(codex);
    EXPECT_EQ(r.kind_of("Be exact."), UnitKind::system);
    EXPECT_EQ(r.kind_of("permissions"), UnitKind::system);
    EXPECT_EQ(r.kind_of("runs code"), UnitKind::tool_definition);
    EXPECT_EQ(r.kind_of("opens one"), UnitKind::tool_definition);
    EXPECT_TRUE(r.apart("runs code", "opens one"));
    EXPECT_EQ(r.kind_of("what is in hello.txt?"), UnitKind::message);
    EXPECT_EQ(r.kind_of("data:image/png;base64,aW1n"), UnitKind::attachment);
    EXPECT_EQ(r.kind_of("ZW5j"), UnitKind::message);
    EXPECT_EQ(r.kind_of("exec_command"), UnitKind::tool_call);
    EXPECT_EQ(r.kind_of("{\"output\":\"alpha\"}"), UnitKind::tool_result);
    EXPECT_EQ(r.kind_of("Output:\nbeta"), UnitKind::tool_result);
    EXPECT_EQ(r.kind_of("It says alpha."), UnitKind::message);
    EXPECT_EQ(r.kind_of("auto"), UnitKind::other);
}

TEST(Responses, InputMayBeAString) {
    const Reading r = read(R"({"model":"m","input":"just this","instructions":"Current working directory: /w"})");
    EXPECT_EQ(r.kind_of("just this"), UnitKind::message);
    EXPECT_EQ(r.request.workspace, "/w");
}

TEST(Responses, AnItemWithoutATypeIsAMessage) {
    const Reading r = read(R"({"input":[{"role":"system","content":"s"},{"role":"user","content":"u"}]})");
    EXPECT_EQ(r.kind_of("s"), UnitKind::system);
    EXPECT_EQ(r.kind_of("u"), UnitKind::message);
    EXPECT_TRUE(r.request.references.empty());
}

TEST(Responses, WhatTheVendorKeepsIsAReference) {
    const Reading r = read(
        R"({"previous_response_id":"resp_1","conversation":{"id":"conv_1"},"prompt":{"id":"pmpt_1","variables":{"f":{"type":"input_file","file_id":"file_v"}}},
        "input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2"},{"role":"user","content":[
          {"type":"input_file","file_id":"file_1"},{"type":"input_file","file_url":"https://x.example/a.pdf"},
          {"type":"input_image","image_url":"https://x.example/i.png"},{"type":"input_image","file_id":"file_2"}]},
          {"type":"computer_call_output","output":{"type":"computer_screenshot","image_url":"https://x.example/s.png"}},
          {"type":"code_interpreter_call","container_id":"cntr_1"}]})");
    ASSERT_EQ(r.error(), "");
    for (const std::string_view id : {"resp_1", "conv_1", "msg_1", "msg_2"})
        EXPECT_TRUE(r.refers(ReferenceKind::previous_response, id)) << id;
    EXPECT_TRUE(r.refers(ReferenceKind::stored_prompt, "pmpt_1"));
    for (const std::string_view id : {"file_1", "file_2", "file_v"})
        EXPECT_TRUE(r.refers(ReferenceKind::file, id)) << id;
    for (const std::string_view url : {"https://x.example/a.pdf", "https://x.example/i.png", "https://x.example/s.png"})
        EXPECT_TRUE(r.refers(ReferenceKind::url, url)) << url;
    EXPECT_TRUE(r.refers(ReferenceKind::container, "cntr_1"));
    EXPECT_TRUE(read(R"({"conversation":"conv_2"})").refers(ReferenceKind::previous_response, "conv_2"));
}

TEST(Responses, ToolsThatTheVendorRunsAreToldFromThoseOfTheClient) {
    const Reading r = read(
        R"({"tools":[{"type":"web_search"},{"type":"web_search_preview_2025_03_11"},{"type":"file_search","vector_store_ids":["vs_1"]},
        {"type":"code_interpreter","container":{"type":"auto","file_ids":["file_9"]}},{"type":"image_generation"},{"type":"computer_use_preview"},
        {"type":"mcp","server_label":"l","server_url":"https://mcp.example/"},{"type":"mcp","server_label":"c","connector_id":"connector_gmail"},
        {"type":"shell","environment":{"type":"container_reference","container_id":"cntr_2"}},
        {"type":"shell","environment":{"type":"local"}},{"type":"local_shell"},{"type":"apply_patch"},{"type":"tool_search"},
        {"type":"function","name":"f"},{"type":"custom","name":"c"}]})");
    ASSERT_EQ(r.error(), "");
    for (const std::string_view type : {"web_search", "web_search_preview_2025_03_11", "file_search",
                                        "code_interpreter", "image_generation", "computer_use_preview", "shell"})
        EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, type)) << type;
    EXPECT_TRUE(r.refers(ReferenceKind::remote_mcp, "https://mcp.example/"));
    EXPECT_TRUE(r.refers(ReferenceKind::remote_mcp, "connector_gmail"));
    EXPECT_TRUE(r.refers(ReferenceKind::file, "vs_1"));
    EXPECT_TRUE(r.refers(ReferenceKind::file, "file_9"));
    EXPECT_TRUE(r.refers(ReferenceKind::container, "cntr_2"));
    EXPECT_EQ(r.request.references.size(), 12u);
    EXPECT_EQ(read(R"({"tools":[{"type":"shell"},{"type":"local_shell"}]})").request.references.size(), 0u);
}

TEST(Responses, PluginsComeFromNamespacesAndNames) {
    const Reading r = read(R"({"tools":[{"type":"function","name":"mcp__files__read"},
        {"type":"namespace","name":"mcp__codex_apps__calendar","tools":[{"type":"function","name":"_create"}]},
        {"type":"namespace","name":"docs","tools":[{"type":"function","name":"search"},{"type":"custom","name":"free"}]},
        {"type":"namespace","name":"collaboration","tools":[{"type":"function","name":"spawn"}]}],
        "input":[{"type":"tool_search_output","tools":[{"type":"namespace","name":"mcp__late__","tools":[{"type":"function","name":"x"}]}]},
                 {"type":"mcp_list_tools","server_label":"remote","tools":[{"name":"far"}]}]})");
    EXPECT_EQ(r.tools(),
              "x(late) far(remote) mcp__files__read(files) _create(codex_apps) search(docs) free(docs) spawn");
}

TEST(Responses, FilesAreFoundInShellCallsAndPatches) {
    const Reading r = read(R"({"input":[
        {"type":"local_shell_call","action":{"type":"exec","command":["bash","-lc","cat a.txt | grep x"]}},
        {"type":"shell_call","action":{"commands":["head -n 3 b.txt","ls"]}},
        {"type":"apply_patch_call","operation":{"type":"update_file","path":"c.txt","diff":"@@"}},
        {"type":"custom_tool_call","name":"apply_patch","input":"*** Begin Patch\n*** Update File: d.txt\n*** Move to: e.txt\n*** End Patch"},
        {"type":"function_call","name":"view_image","arguments":"{\"path\":\"f.png\"}"},
        {"type":"function_call","name":"broken","arguments":"{\"path\":\"g.png"}]})");
    EXPECT_EQ(r.files(), "local_shell_call:a.txt shell_call:b.txt apply_patch_call:c.txt apply_patch:d.txt "
                         "apply_patch:e.txt view_image:f.png");
}

TEST(Responses, EveryRemoteOfEveryWorkspaceIsClaimed) {
    const auto remotes = [](std::string_view json, bool whole = true) {
        std::vector<std::string> into;
        EXPECT_EQ(remotes_of_turn_metadata(json, into), whole) << json;
        return into;
    };
    using Remotes = std::vector<std::string>;
    EXPECT_EQ(remotes(R"({"workspaces":{"/b":{"associated_remote_urls":{"origin":"ssh://b"}},
                          "/a":{"associated_remote_urls":{"upstream":"ssh://c","origin":"ssh://a"}}}})"),
              (Remotes{"ssh://a", "ssh://b", "ssh://c"}));
    EXPECT_EQ(remotes(R"({"workspaces":{"/a":{"associated_remote_urls":{"origin":"ssh://a"}}},
                          "workspaces":{"/a":{"associated_remote_urls":{"origin":"ssh://b"}}}})"),
              (Remotes{"ssh://a", "ssh://b"}))
        << "twice the same key: both count";
    for (const std::string_view none : {"{}", R"({"workspaces":{"/a":{}}})", R"({"workspaces":null})"})
        EXPECT_EQ(remotes(none), Remotes{}) << none;
    for (const std::string_view bad : {"", "x", "[]", R"({"workspaces":5})", R"({"workspaces":{"/a":5}})",
                                       R"({"workspaces":{"/a":{"associated_remote_urls":{"origin":5}}}})"})
        EXPECT_EQ(remotes(bad, false), Remotes{}) << bad;
    std::string many = R"({"workspaces":{"/a":{"associated_remote_urls":{)";
    for (int i = 10; i < 40; ++i)
        many += (i == 10 ? "\"r" : ",\"r") + std::to_string(i) + "\":\"ssh://" + std::to_string(i) + "\"";
    EXPECT_EQ(remotes(many + "}}}}", false).size(), remotes_max + 1);
}

} // namespace
} // namespace sallyport::dialect
