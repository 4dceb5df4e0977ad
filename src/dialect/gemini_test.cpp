#include "dialect/reading.h"

#include <gtest/gtest.h>

namespace sallyport::dialect {
namespace {

Reading read(std::string_view body) { return Reading("/v1beta/models/gemini-3.8-flash:streamGenerateContent", body); }

// In the shape of Gemini CLI 0.61, with texts of our own.
constexpr std::string_view conversation = R"({
 "contents":[
  {"role":"user","parts":[{"text":"session context\n - Working directory: /user/part"}]},
  {"role":"user","parts":[{"text":"what is in it?"},{"inlineData":{"mimeType":"image/png","data":"aW1n"}}]},
  {"role":"model","parts":[{"text":"I look.","thoughtSignature":"c2ln"},{"functionCall":{"name":"read_file","args":{"absolute_path":"/home/dev/proj/a.txt"}}}]},
  {"role":"user","parts":[{"functionResponse":{"id":"x","name":"read_file","response":{"output":"alpha"},
     "parts":[{"inlineData":{"mimeType":"image/png","data":"aW4="}}]}}]}],
 "systemInstruction":{"role":"user","parts":[{"text":"You help.\nI'm currently working in the directory: /home/dev/proj\n"}]},
 "tools":[{"functionDeclarations":[{"name":"read_file","description":"reads"},{"name":"mcp_tickets_find_all","description":"finds"},
   {"name":"mcp__docs__search"},{"name":"mcp_alone"}]}],
 "generationConfig":{"temperature":1,"thinkingConfig":{"includeThoughts":true}}})";

TEST(Gemini, ReadsWhatGeminiCliSends) {
    const Reading r = read(conversation);
    ASSERT_EQ(r.error(), "");
    EXPECT_EQ(r.request.model, "gemini-3.8-flash");
    EXPECT_EQ(r.request.model_node, json::no_node) << "it stands in the path";
    EXPECT_TRUE(r.request.stream);
    EXPECT_EQ(r.request.workspace, "/home/dev/proj") << "of the system part, not of the first user turn";
    EXPECT_EQ(r.tools(), "read_file mcp_tickets_find_all(tickets) mcp__docs__search(docs) mcp_alone");
    EXPECT_EQ(r.files(), "read_file:/home/dev/proj/a.txt");
    EXPECT_TRUE(r.request.references.empty());
}

TEST(Gemini, TheWorkspaceIsNotTakenFromTurns) {
    const Reading r = read(R"({"contents":[{"role":"user","parts":[{"text":"Working directory: /user/part"},
        {"functionResponse":{"name":"f","response":{"output":"Working directory: /tool/part"}}}]}]})");
    EXPECT_EQ(r.request.workspace, "");
}

TEST(Gemini, EveryStringIsInTheUnitOfItsPlace) {
    const Reading r = read(conversation);
    EXPECT_EQ(r.kind_of("what is in it?"), UnitKind::message);
    EXPECT_EQ(r.kind_of("aW1n"), UnitKind::attachment);
    EXPECT_EQ(r.kind_of("I look."), UnitKind::message);
    EXPECT_EQ(r.kind_of("c2ln"), UnitKind::message);
    EXPECT_EQ(r.kind_of("/home/dev/proj/a.txt"), UnitKind::tool_call);
    EXPECT_EQ(r.kind_of("alpha"), UnitKind::tool_result);
    EXPECT_EQ(r.kind_of("aW4="), UnitKind::attachment);
    EXPECT_EQ(r.kind_of("finds"), UnitKind::tool_definition);
    EXPECT_TRUE(r.apart("reads", "finds"));
}

TEST(Gemini, ALoneObjectStandsForAnArrayOfOne) {
    const Reading r = read(
        R"({"contents":{"parts":{"text":"hi"}},"systemInstruction":{"parts":{"text":"sys"}},"tools":{"googleSearch":{}}})");
    ASSERT_EQ(r.error(), "");
    EXPECT_EQ(r.kind_of("hi"), UnitKind::message);
    EXPECT_EQ(r.kind_of("sys"), UnitKind::system);
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "googleSearch"));
}

TEST(Gemini, EverythingButFunctionsAndComputerUseIsRunByTheVendor) {
    const Reading r = read(
        R"({"cachedContent":"cachedContents/1","tools":[{"googleSearch":{}},{"googleSearchRetrieval":{}},{"url_context":{}},{"codeExecution":{}},
        {"fileSearch":{"fileSearchStoreNames":["fileSearchStores/1"]}},{"googleMaps":{}},{"computerUse":{"environment":"ENVIRONMENT_BROWSER"}},
        {"fromTomorrow":{}},{"googleSearch":null},{"mcpServers":[{"name":"n","streamableHttpTransport":{"url":"https://mcp.example/"}}]}]})");
    ASSERT_EQ(r.error(), "");
    for (const std::string_view tool : {"googleSearch", "googleSearchRetrieval", "url_context", "codeExecution",
                                        "fileSearch", "googleMaps", "fromTomorrow"})
        EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, tool)) << tool;
    EXPECT_TRUE(r.refers(ReferenceKind::file, "fileSearchStores/1"));
    EXPECT_TRUE(r.refers(ReferenceKind::remote_mcp, "https://mcp.example/"));
    EXPECT_TRUE(r.refers(ReferenceKind::cached_content, "cachedContents/1"));
    EXPECT_EQ(r.request.references.size(), 10u);
}

TEST(Gemini, FilesInTheStoreAreToldFromUrls) {
    const Reading r = read(
        R"({"contents":[{"parts":[{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}},
        {"fileData":{"fileUri":"gs://bucket/x"}},{"file_data":{"file_uri":"https://www.youtube.com/watch?v=1"}},
        {"functionResponse":{"name":"f","response":{},"parts":[{"fileData":{"fileUri":"https://x.example/y"}}]}}]}]})");
    EXPECT_TRUE(r.refers(ReferenceKind::file, "https://generativelanguage.googleapis.com/v1beta/files/abc"));
    EXPECT_TRUE(r.refers(ReferenceKind::file, "gs://bucket/x"));
    EXPECT_TRUE(r.refers(ReferenceKind::url, "https://www.youtube.com/watch?v=1"));
    EXPECT_TRUE(r.refers(ReferenceKind::url, "https://x.example/y"));
}

TEST(Gemini, CountTokensMayWrapAWholeRequest) {
    const Reading r("/v1beta/models/g:countTokens",
                    R"({"generateContentRequest":{"model":"models/g","contents":[{"parts":[{"text":"deep"}]}],
        "tools":[{"codeExecution":{}}]}})");
    ASSERT_EQ(r.error(), "");
    EXPECT_EQ(r.kind_of("deep"), UnitKind::message);
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "codeExecution"));
}

} // namespace
} // namespace sallyport::dialect
