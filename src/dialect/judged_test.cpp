// Law 2, one reading: what a judgement depends on stands once, has its type, and is found however it is written.
#include "dialect/reading.h"

#include <gtest/gtest.h>

namespace sallyport::dialect {
namespace {

constexpr std::string_view messages = "/v1/messages";
constexpr std::string_view responses = "/v1/responses";
constexpr std::string_view chat = "/v1/chat/completions";
constexpr std::string_view gemini = "/v1beta/models/gemini-x:generateContent";

std::string error_of(std::string_view path, std::string_view body) { return Reading(path, body).error(); }

TEST(Judged, ADuplicateIsRefusedWithBothPlaces) {
    const Reading r(messages, "{\"model\":\"a\",\n\"model\":\"b\"}");
    ASSERT_FALSE(r.result);
    EXPECT_EQ(r.result.error().kind, ErrorKind::invalid);
    EXPECT_EQ(r.result.error().source, ErrorSource::client);
    EXPECT_NE(r.error().find("\"model\" stands twice in one object, at 1:3 and 2:2"), std::string::npos) << r.error();
}

TEST(Judged, DuplicatesAreRefusedWhereverSomethingIsJudged) {
    for (const std::string_view body :
         {R"({"stream":true,"stream":false})", R"({"messages":[],"messages":[]})", R"({"system":"a","system":"b"})",
          R"({"tools":[],"tools":[]})", R"({"container":"a","container":"b"})",
          R"({"mcp_servers":[],"mcp_servers":[]})", R"({"messages":[{"role":"user","role":"system"}]})",
          R"({"messages":[{"content":"a","content":"b"}]})",
          R"({"messages":[{"content":[{"type":"text","type":"image"}]}]})",
          R"({"messages":[{"content":[{"source":{"url":"a","url":"b"}}]}]})",
          R"({"tools":[{"type":"custom","type":"web_search_20250305"}]})", R"({"tools":[{"name":"a","name":"b"}]})"})
        EXPECT_NE(error_of(messages, body), "") << body;
    for (const std::string_view body :
         {R"({"input":"a","input":"b"})", R"({"instructions":"a","instructions":"b"})",
          R"({"previous_response_id":"a","previous_response_id":"b"})", R"({"prompt":{"id":"a","id":"b"}})",
          R"({"tools":[{"type":"function","type":"mcp"}]})",
          R"({"input":[{"type":"message","type":"item_reference"}]})"})
        EXPECT_NE(error_of(responses, body), "") << body;
    for (const std::string_view body :
         {R"({"messages":[],"messages":[]})", R"({"messages":[{"role":"a","role":"b"}]})",
          R"({"messages":[{"content":[{"image_url":{"url":"data:x","url":"https://x"}}]}]})"})
        EXPECT_NE(error_of(chat, body), "") << body;
    for (const std::string_view body :
         {R"({"contents":[],"contents":[]})", R"({"tools":[],"tools":[]})", R"({"contents":[{"parts":[],"parts":[]}]})",
          R"({"contents":[{"parts":[{"fileData":{"fileUri":"a","fileUri":"b"}}]}]})"})
        EXPECT_NE(error_of(gemini, body), "") << body;
}

TEST(Judged, KeysAreReadAndCountedDecoded) {
    EXPECT_EQ(Reading(messages, R"({"\u006dodel":"secret-model"})").request.model, "secret-model");
    EXPECT_EQ(Reading(messages, R"({"mod\u0065l":"a\u0062c"})").request.model, "abc");
    EXPECT_NE(error_of(messages, R"({"model":"a","\u006dodel":"b"})"), "");
    const Reading r(messages, R"({"t\u006fols":[{"\u0074ype":"web\u005fsearch_20250305"}]})");
    EXPECT_TRUE(r.refers(ReferenceKind::vendor_tool, "web_search_20250305"));
}

// Go's encoding/json, in which self-hosted vendors are written, does not mind the case of a key.
TEST(Judged, AKeyThatDiffersOnlyInCaseIsRefused) {
    EXPECT_NE(error_of(chat, R"({"model":"a","Model":"b"})"), "");
    EXPECT_NE(error_of(chat, R"({"MODEL":"b"})"), "");
    EXPECT_NE(error_of(messages, R"({"messages":[{"Role":"system"}]})"), "");
}

// Google's servers read both spellings of a key.
TEST(Judged, BothSpellingsOfAGeminiKeyAreOneKey) {
    EXPECT_NE(error_of(gemini, R"({"systemInstruction":{},"system_instruction":{}})"), "");
    EXPECT_NE(error_of(gemini, R"({"contents":[{"parts":[{"fileData":{},"file_data":{}}]}]})"), "");
    const Reading r(gemini, R"({"system_instruction":{"parts":[{"text":"s"}]},"cached_content":"cachedContents/1"})");
    EXPECT_EQ(r.kind_of("s"), UnitKind::system);
    EXPECT_TRUE(r.refers(ReferenceKind::cached_content, "cachedContents/1"));
}

TEST(Judged, DuplicatesThatNothingDependsOnPass) {
    EXPECT_EQ(error_of(messages, R"({"x":1,"x":2,"temperature":0,"temperature":1,"metadata":{"a":1,"a":2}})"), "");
    EXPECT_EQ(
        error_of(
            messages,
            R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"path":"a","path":"b"}}]}]})"),
        "");
    // Both of them are named, since either may have been used.
    const Reading r(
        messages,
        R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","name":"R","input":{"path":"a","path":"b"}}]}]})");
    EXPECT_EQ(r.files(), "R:a R:b");
}

TEST(Judged, AWrongTypeIsRefused) {
    EXPECT_NE(error_of(messages, R"({"model":5})").find("\"model\" at 1:10 is not a string"), std::string::npos);
    EXPECT_NE(error_of(messages, R"({"model":null})"), "");
    EXPECT_NE(error_of(messages, R"({"stream":"true"})"), "");
    EXPECT_NE(error_of(messages, R"({"stream":1})"), "");
    EXPECT_NE(error_of(messages, R"({"messages":{}})"), "");
    EXPECT_NE(error_of(responses, R"({"input":{}})"), "");
    EXPECT_NE(error_of(chat, R"({"tools":{}})"), "");
    EXPECT_NE(error_of(gemini, R"({"contents":"x"})"), "");
    EXPECT_EQ(error_of(messages, R"({"stream":null,"tools":null})"), "");
    for (const std::string_view body : {"[]", "null", "\"x\"", "1"}) EXPECT_NE(error_of(messages, body), "") << body;
}

// OpenRouter and LiteLLM take others in its place.
TEST(Judged, ASecondModelIsRefused) {
    EXPECT_NE(error_of(chat, R"({"model":"a","models":["a","b"]})").find("\"models\" at 1:23"), std::string::npos);
    EXPECT_NE(error_of(responses, R"({"model":"a","models":["b"]})"), "");
    EXPECT_NE(error_of(messages, R"({"model":"a","fallbacks":[{"model":"b"}]})"), "");
    EXPECT_NE(error_of(chat, R"({"fallbacks":[7],"model":"a"})"), "");
    EXPECT_EQ(error_of(chat, R"({"models":["a"],"fallbacks":[],"model":"a"})"), "");
    EXPECT_EQ(error_of(chat, R"({"model":"a","models":null,"fallbacks":"none"})"), "");
}

TEST(Judged, WhatIsUnknownIsNeverAnError) {
    EXPECT_EQ(
        error_of(
            messages,
            R"({"new":{"a":[1.0,12345678901234567890]},"messages":[5,"x",null,{"role":7,"content":9},{"role":"oracle","content":[1,"y",{"type":5}]}],"tools":[1,"t",{}],"system":[1,"s"],"metadata":5,"container":7,"mcp_servers":[1]})"),
        "");
    EXPECT_EQ(
        error_of(
            responses,
            R"({"input":[1,"x",{},{"type":"from_tomorrow","content":[{"type":"x"}]}],"tools":[{"type":5}],"prompt":3,"conversation":4,"client_metadata":5})"),
        "");
    EXPECT_EQ(
        error_of(
            chat,
            R"({"messages":[1,{"role":"narrator","content":{"type":"text"}},{"tool_calls":[1,{"function":2}]}],"tools":[{"function":3}]})"),
        "");
    EXPECT_EQ(
        error_of(gemini, R"({"contents":[1,{"parts":[2,"x",{"future":1}]}],"tools":[3,{"functionDeclarations":[4]}]})"),
        "");
}

TEST(Judged, ARequestIsReusedWithoutTracesOfTheOneBefore) {
    const Buffer first(
        R"({"model":"a","stream":true,"system":"Working directory: /x","metadata":{"user_id":"u_session_1"},"container":"c","tools":[{"name":"t"}],"messages":[{"role":"assistant","content":[{"type":"tool_use","name":"R","input":{"path":"p"}}]}]})");
    const Buffer second("{}");
    json::Document document;
    Request request;
    ASSERT_TRUE(document.parse(first.view()));
    ASSERT_TRUE(read_request(*match_endpoint("POST", messages), document, request));
    ASSERT_TRUE(document.parse(second.view()));
    ASSERT_TRUE(read_request(*match_endpoint("POST", messages), document, request));
    EXPECT_EQ(request.model + request.session + request.workspace, "");
    EXPECT_FALSE(request.stream);
    EXPECT_EQ(request.model_node, json::no_node);
    EXPECT_EQ(request.units.size(), 1u);
    EXPECT_TRUE(request.tools.empty() && request.references.empty() && request.files.empty());
}

} // namespace
} // namespace sallyport::dialect
