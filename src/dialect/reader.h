// What the four request readers share: walking a document, keys that a judgement depends on, units, references, tools, files.
// Inside this folder only.
//
// The first mistake found is kept and reading goes on (no reader looks at an error in between); read_request() returns it.
// One Reader reads one request, on one thread.
#pragma once

#include "dialect/dialect.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::dialect {

using json::no_node;
using json::NodeIndex;

// A key that is judged. Gemini reads two spellings of each (proto3 JSON mapping: lowerCamelCase and the original snake_case);
// both in one object count as a duplicate.
struct Key {
    std::string_view name;
    std::string_view alias;
    constexpr Key(const char* spelling, const char* other = "") : name(spelling), alias(other) {}
};

class Reader {
public:
    Reader(const json::Document& document, Request& request) : document_(document), request_(request) {}

    const json::Document& document() const { return document_; }
    Request& request() { return request_; }
    const std::optional<Error>& error() const { return error_; }
    void fail(std::string message);

    // The members of `object` under these keys, no_node where absent. Refused: a judged key that stands twice, and one that
    // differs from a judged key only in case (Go's encoding/json, in which several self-hosted vendors are written, takes
    // "Model" for "model"). no_node for all where `object` is none.
    template <std::size_t N> std::array<NodeIndex, N> members(NodeIndex object, const Key (&keys)[N]) {
        std::array<NodeIndex, N> found;
        found.fill(no_node);
        read_members(object, keys, N, found.data());
        return found;
    }

    bool is(NodeIndex n, json::Kind kind) const { return n != no_node && document_[n].kind == kind; }
    bool is_string(NodeIndex n) const { return is(n, json::Kind::string); }
    bool is_object(NodeIndex n) const { return is(n, json::Kind::object); }
    bool is_array(NodeIndex n) const { return is(n, json::Kind::array); }
    // Decoded; empty where `n` is no string.
    std::string_view text(NodeIndex n, std::string& scratch) const {
        return is_string(n) ? document_.text(n, scratch) : std::string_view();
    }
    std::string copy(NodeIndex n) const {
        std::string scratch;
        return std::string(text(n, scratch));
    }

    // Calls `f` with each element of an array; nothing where `n` is none.
    template <class F> void each(NodeIndex n, F f) const {
        if (!is_array(n)) return;
        for (NodeIndex i = document_.first_child(n); i != no_node; i = document_.next_sibling(i)) f(i);
    }
    // The same, where the vendor also takes the element itself in place of an array of one.
    template <class F> void each_or_one(NodeIndex n, F f) const {
        if (is_object(n))
            f(n);
        else
            each(n, f);
    }

    void unit(UnitKind kind, NodeIndex n) { request_.units.push_back({.kind = kind, .node = n}); }
    void reference(ReferenceKind kind, std::string_view what);
    void reference(ReferenceKind kind, NodeIndex what) {
        std::string scratch;
        if (is_string(what)) reference(kind, text(what, scratch));
    }
    // A URL that the vendor would fetch; data: URLs carry their content with them and are none.
    void url(NodeIndex n);
    // Every string below `n` that is an address as a whole: for parts that are no text, of kinds that only some vendors know.
    void linked(NodeIndex n);
    void tool(std::string_view name, std::string_view plugin);

    // Files named by a tool call, which is the unit of last. `arguments`: an object, or a string that holds one (else it is read as free text).
    void files(std::string_view tool, NodeIndex arguments);

    // model, stream: of the right type, or an error.
    void model(NodeIndex n);
    void stream(NodeIndex n);
    // "models" and "fallbacks" (OpenRouter, LiteLLM): others that may answer in place of "model" are an error, or the caller
    // would choose a model that nobody judged.
    void other_models(NodeIndex n, std::string_view key);
    // `n` is an array, null or absent, or an error that names the key.
    void expect_array(NodeIndex n, std::string_view key);

    // The working directory, where a string of the system part has the client's fixed line for it and none was found before.
    void workspace(NodeIndex system_text);
    // The session id and the repository's remote of codex's turn metadata (a JSON text).
    void turn_metadata(std::string_view json);

    // `text` as a document of its own; nullptr where it is not JSON. Valid until the next call.
    const json::Document* nested(std::string_view text);

    void finish();

private:
    static std::string_view fold(std::string_view key, std::string& folded);
    void read_members(NodeIndex object, const Key* keys, std::size_t count, NodeIndex* found);

    const json::Document& document_;
    Request& request_;
    std::optional<Error> error_;
    std::string nested_text_;
    json::Document nested_;
    std::unordered_map<std::size_t, std::uint32_t> files_seen_; // by hash, also those left out: place in Request::files
    std::uint32_t kinds_seen_ = 0;
};

// The readers, one file each.
void read_anthropic(Reader&);
void read_responses(Reader&);
void read_chat(Reader&);
void read_gemini(Reader&, Operation);

// The plugin in a tool's name: "mcp__server__tool" -> "server" (Claude Code, Qwen Code, Codex); empty where there is none.
// opencode ("server_tool") and Copilot ("server-tool") leave no mark: theirs cannot be told from the client's own tools.
std::string_view plugin_of(std::string_view tool_name);

} // namespace sallyport::dialect
