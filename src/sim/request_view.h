// What a request asks of a model, as far as the simulated vendor cares. Understands the shapes of all six clients: string or
// block content, system messages in the middle, tools inside `input`, results of every kind.
//
// One pass over the conversation, whatever its size. A view owns its text; functions, any thread.
#pragma once

#include "dialect/dialect.h"
#include "json/document.h"

#include <string>
#include <string_view>

namespace sallyport::sim {

using dialect::Dialect;

struct RequestView {
    std::string model;
    bool stream = false;
    bool server_sent = true;     // gemini: asked for with ?alt=sse
    bool usage_in_stream = true; // openai-chat: stream_options.include_usage
    std::string asked;           // the newest text of the user
    bool ends_in_result = false; // the newest thing said is a tool's result …
    std::string result;          // … which begins so (at most result_characters)
    std::size_t results = 0;     // of tools, behind the newest text of the user
    bool continues = false;      // the model has spoken before
    bool has_tools = false;
    json::NodeIndex schema = json::no_node; // of the JSON that is wanted instead of text
};

inline constexpr std::size_t result_characters = 400;

// `query` as in the request line. Errors: the body is not an object.
Result<RequestView> view_request(const dialect::Endpoint&, std::string_view query, const json::Document&);

// The text of a string, or of the `text` members of a list of blocks, at most `characters` of it, never half a character.
std::string text_within(const json::Document&, json::NodeIndex, std::size_t characters);

// A JSON value that satisfies a JSON schema (draft 2020-12, as far as clients use it; type names in any case): each required
// property with "x", 1, true, [] or {}; complexity_score is 10, on which Gemini CLI's router decides.
std::string example_of_schema(const json::Document&, json::NodeIndex schema);

} // namespace sallyport::sim
