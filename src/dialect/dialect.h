// The vendor protocols. A dialect knows where its requests carry what, and nothing of policy or transport.
//
// A request is read into a Request over a json::Document. Units: every node of the document belongs to the nearest unit root
// at or above it, a member's key to the unit of the object that holds it; the document's root is itself a unit of kind `other`,
// so that every byte of every string leaf and key is in exactly one unit. Unknown fields, roles, items and betas are never an
// error: they fall to the unit around them.
#pragma once

#include "base/error.h"
#include "json/document.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::dialect {

enum class Dialect : std::uint8_t { anthropic_messages, openai_responses, openai_chat, gemini };
std::string_view name(Dialect); // "anthropic-messages", as in sallyport.yaml
std::optional<Dialect> dialect_named(std::string_view);

enum class Operation : std::uint8_t { generate, count_tokens, list_models };

// What a request line asks for. `model` views the path (gemini), else it is empty. GET /v1/models is asked of several vendors:
// it comes as openai_chat, and a caller that sees the header anthropic-version takes it for anthropic_messages.
struct Endpoint {
    Dialect dialect;
    Operation operation;
    std::string_view model;
    bool streams = false; // said by the path (gemini)
    // The path as sent to the vendor, below the upstream's base path: a view of the path or a literal.
    std::string_view upstream_path;
};

// `path` without its query. Also known without the /v1 prefix, which some clients leave out. nullopt: not an endpoint of ours
// (among them GET /v1/responses, the WebSocket upgrade that Codex tries first and that is answered with 426).
// A percent-encoded or dotted path is never one (two readers could differ).
std::optional<Endpoint> match_endpoint(std::string_view method, std::string_view path);
// "POST /v1/messages, …", for the 404 sentence.
std::string supported_endpoints();

enum class UnitKind : std::uint8_t { system, message, tool_call, tool_result, tool_definition, attachment, other };
std::string_view name(UnitKind);

inline constexpr std::uint32_t no_file = 0xFFFFFFFF;

struct Unit {
    UnitKind kind = UnitKind::other;
    json::NodeIndex node = 0;     // the root of its subtree
    std::uint32_t file = no_file; // of a tool call: the first file that it names, in Request::files
};

// A tool the model may call. `plugin`: the MCP server it belongs to (mcp__server__tool, Codex namespaces), else empty.
struct Tool {
    std::string name;
    std::string plugin;
};

// Content that is not in the request but reaches the model through it, or leaves by the vendor's own hands.
enum class ReferenceKind : std::uint8_t {
    previous_response, // openai: previous_response_id, conversation, item_reference
    file,              // file ids: anthropic source.type=file, openai file_id, gemini fileData on the vendor's store
    container,         // code execution containers
    cached_content,    // gemini cachedContent
    stored_prompt,     // openai prompt.id
    url,               // an image, document or file that the vendor fetches
    vendor_tool,       // a tool run by the vendor: web search, code execution, computer use, file search
    remote_mcp,        // an MCP server that the vendor calls: anthropic mcp_servers, openai tools[].type=mcp
};
inline constexpr std::size_t reference_kinds = 8;
std::string_view name(ReferenceKind);
struct Reference {
    ReferenceKind kind;
    std::string what; // id, URL or tool name, at most 256 bytes
};
inline constexpr std::size_t references_max = 256;

// A file named in the arguments of a tool call in the request.
struct NamedFile {
    std::string tool;
    std::string path;
};

struct Request {
    Dialect dialect{};
    Operation operation{};
    std::string model;
    json::NodeIndex model_node = json::no_node; // no_node: from the path
    bool stream = false;
    std::vector<Unit> units; // in document order; units[0] is the root's
    std::vector<Tool> tools;
    std::vector<Reference> references; // each (kind, what) once; at most references_max, but of every kind at least one
    std::size_t references_left_out = 0;         // beyond that limit (a repetition counts again)
    std::vector<NamedFile> files;                // each (tool, path) once, at most limits::files_per_entry_max
    std::size_t files_left_out = 0;              // beyond that limit
    std::string session;                         // the client's own id of the conversation, where the body carries one
    std::vector<std::string> repository_remotes; // git remotes from the client's own metadata (codex client_metadata)
    bool remotes_unreadable = false;             // such metadata is there, and cannot be read as a whole
    std::string workspace; // working directory from the client's fixed environment block in the system part, else empty
};

// Reads what policy and ledger need. Errors (ErrorKind::invalid, source client): a body that is not an object; a duplicate of
// a key that is judged here (model, stream, messages, input, contents, system, instructions, tools, … and the same one level
// down where a reference or tool is read), or one in another case; a judged key of the wrong type (model not a string); a second
// model beside "model" ("models", "fallbacks"), since it would not be judged. `request` is reused.
Result<void> read_request(const Endpoint&, const json::Document&, Request& request);

// The git remotes ("https://git.acme.example/core/engine.git", as the client wrote them) in codex's turn metadata, which comes as
// the header x-codex-turn-metadata and in the body's client_metadata: workspaces.<cwd>.associated_remote_urls.<name>, of all
// workspaces, in the order of their text, each once. Only claims. False where it cannot be read, or there are more than
// remotes_max: then one more than that is given.
inline constexpr std::size_t remotes_max = 16;
bool remotes_of_turn_metadata(const json::Document& metadata, std::vector<std::string>& into);
bool remotes_of_turn_metadata(std::string_view json, std::vector<std::string>& into);

// Usage as the vendor counts it; -1 where it was not told.
struct Usage {
    std::int64_t input_tokens = -1;
    std::int64_t output_tokens = -1;
    std::int64_t cache_read_tokens = -1;
    std::int64_t cache_write_tokens = -1;
};

// What is known of an answer; filled event by event, or from a whole body.
struct Answer {
    std::string model;
    std::string id; // the vendor's id of the response
    std::string stop_reason;
    std::string error_type; // an error inside the stream or body
    std::string error_message;
    Usage usage;
    std::vector<std::string> tool_calls; // names, at most 256
    // The final event of the dialect was seen (message_stop, response.completed, [DONE], finishReason).
    bool complete = false;
};

// One server-sent event (`event` may be empty) or one whole JSON answer. Never fails: what cannot be read is left out.
// Cheap for events that carry nothing of interest (text deltas): decided by a look at the bytes, before any parsing.
void watch_event(Dialect, std::string_view event, std::string_view data, Answer& answer);
// Gives the document that was read, until the next one is looked at on this thread; null where it could not be.
const json::Document* watch_body(const Endpoint&, std::string_view body, Answer& answer);

// A refusal in the dialect's and client's own form, chosen so that the client shows the sentence and does not retry.
struct Refusal {
    int status = 400;
    std::string content_type = "application/json";
    std::string extra_headers; // complete header lines, each with CRLF ("x-should-retry: false\r\n")
    std::string body;
};
enum class RefusalKind : std::uint8_t {
    policy,      // decided: shown, never retried
    identity,    // no or wrong key: shown, never retried
    invalid,     // the request cannot be read
    too_large,   // a limit
    unavailable, // upstream or ledger not there: may be retried later
    not_found,   // unknown path
};
// `client` is the client's name ("claude-code", …) or empty; `reference` is shown so that people can ask about it.
Refusal refuse(Dialect, std::string_view client, RefusalKind, std::string_view sentence, std::string_view reference);
// The dialect-correct end of a stream that breaks after its first byte was relayed: an error event, never a clean end.
std::string stream_error(Dialect, std::string_view sentence, std::string_view reference);

} // namespace sallyport::dialect
