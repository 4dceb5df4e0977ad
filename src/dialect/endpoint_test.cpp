#include "dialect/dialect.h"

#include <gtest/gtest.h>

namespace sallyport::dialect {
namespace {

void expect_endpoint(std::string_view method, std::string_view path, Dialect dialect, Operation operation,
                     std::string_view upstream) {
    const auto endpoint = match_endpoint(method, path);
    ASSERT_TRUE(endpoint) << path;
    EXPECT_EQ(endpoint->dialect, dialect) << path;
    EXPECT_EQ(endpoint->operation, operation) << path;
    EXPECT_EQ(endpoint->upstream_path, upstream) << path;
}

TEST(Endpoint, EveryDialectIsKnownByItsPath) {
    expect_endpoint("POST", "/v1/messages", Dialect::anthropic_messages, Operation::generate, "/v1/messages");
    expect_endpoint("POST", "/v1/messages/count_tokens", Dialect::anthropic_messages, Operation::count_tokens,
                    "/v1/messages/count_tokens");
    expect_endpoint("POST", "/v1/responses", Dialect::openai_responses, Operation::generate, "/v1/responses");
    expect_endpoint("POST", "/v1/responses/compact", Dialect::openai_responses, Operation::generate,
                    "/v1/responses/compact");
    expect_endpoint("POST", "/v1/responses/input_tokens", Dialect::openai_responses, Operation::count_tokens,
                    "/v1/responses/input_tokens");
    expect_endpoint("POST", "/v1/chat/completions", Dialect::openai_chat, Operation::generate, "/v1/chat/completions");
    expect_endpoint("GET", "/v1/models", Dialect::openai_chat, Operation::list_models, "/v1/models");
    expect_endpoint("GET", "/v1beta/models", Dialect::gemini, Operation::list_models, "/v1beta/models");
}

TEST(Endpoint, TheVersionMayBeLeftOutAsSomeClientsDo) {
    expect_endpoint("POST", "/messages", Dialect::anthropic_messages, Operation::generate, "/v1/messages");
    expect_endpoint("POST", "/responses", Dialect::openai_responses, Operation::generate, "/v1/responses");
    expect_endpoint("POST", "/chat/completions", Dialect::openai_chat, Operation::generate, "/v1/chat/completions");
    expect_endpoint("GET", "/models", Dialect::openai_chat, Operation::list_models, "/v1/models");
}

TEST(Endpoint, GeminiHasModelVerbAndStreamingInThePath) {
    const auto stream = match_endpoint("POST", "/v1beta/models/gemini-3.8-flash:streamGenerateContent");
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->dialect, Dialect::gemini);
    EXPECT_EQ(stream->model, "gemini-3.8-flash");
    EXPECT_TRUE(stream->streams);
    EXPECT_EQ(stream->upstream_path, "/v1beta/models/gemini-3.8-flash:streamGenerateContent");
    const auto whole = match_endpoint("POST", "/v1/models/gemini-2.5-pro:generateContent");
    ASSERT_TRUE(whole);
    EXPECT_FALSE(whole->streams);
    const auto count = match_endpoint("POST", "/v1beta/models/gemini-2.5-pro:countTokens");
    ASSERT_TRUE(count);
    EXPECT_EQ(count->operation, Operation::count_tokens);
}

TEST(Endpoint, AnythingElseIsNone) {
    for (const auto& [method, path] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"GET", "/v1/messages"},
             {"POST", "/v1/models"},
             {"GET", "/v1/responses"},
             {"PUT", "/v1/messages"},
             {"post", "/v1/messages"},
             {"POST", "/v1/messages/batches"},
             {"POST", "/v1/Messages"},
             {"POST", "/v2/messages"},
             {"POST", "/v1/v1/messages"},
             {"POST", "/v1/embeddings"},
             {"POST", ""},
             {"POST", "/"},
             {"POST", "v1/messages"},
             {"POST", "/v1/messages/"},
             {"POST", "/v1beta/models/m:embedContent"},
             {"POST", "/v1beta/models/:generateContent"},
             {"POST", "/v1beta/models/a/b:generateContent"},
             {"POST", "/v1beta/models/m:generateContent:countTokens"},
             {"GET", "/v1beta/models/m:generateContent"},
             {"POST", "/v1beta/models/m"}})
        EXPECT_FALSE(match_endpoint(method, path)) << method << " " << path;
}

TEST(Endpoint, APathThatReadersCouldTakeForTwoIsNone) {
    for (const std::string_view path :
         {"/v1/%6dessages", "/v1//messages", "//v1/messages", "/v1/./messages", "/v1/../v1/messages",
          "/v1/x/../messages", "/v1/messages;a=b", "/v1/messages?beta=true", "/v1/messages#x", "/v1\\messages",
          "/v1/messages ", "/v1/messag\u00e9s", "/v1beta/models/..:generateContent",
          "/v1beta/models/m%3Ax:generateContent", "/v1beta/models/m\x01:generateContent"})
        EXPECT_FALSE(match_endpoint("POST", path)) << path;
}

TEST(Endpoint, TheSupportedOnesAreNamedForTheSentence) {
    const std::string text = supported_endpoints();
    for (const std::string_view part : {"POST /v1/messages,", "POST /v1/responses,", "POST /v1/chat/completions,",
                                        "POST /v1beta/models/{model}:streamGenerateContent,", "GET /v1/models,"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Names, AreTheWordsOfTheConfiguration) {
    for (const Dialect dialect :
         {Dialect::anthropic_messages, Dialect::openai_responses, Dialect::openai_chat, Dialect::gemini})
        EXPECT_EQ(dialect_named(name(dialect)), dialect);
    EXPECT_EQ(name(Dialect::openai_chat), "openai-chat");
    EXPECT_FALSE(dialect_named("openai"));
    EXPECT_EQ(name(UnitKind::tool_definition), "tool-definition");
    EXPECT_EQ(name(ReferenceKind::remote_mcp), "remote-mcp");
}

} // namespace
} // namespace sallyport::dialect
