// Google's Gemini API: POST /v1beta/models/{model}:generateContent, :streamGenerateContent, :countTokens.
// Sources: ai.google.dev/api/generate-content, /api/caching, /api/tokens; protobuf.dev/programming-guides/json (both spellings
// of a key are read; the service also takes a lone object where an array is meant); docs/clients.md.
#include "dialect/reader.h"

#include <string>

namespace sallyport::dialect {
namespace {

class Gemini {
public:
    explicit Gemini(Reader& r) : r_(r) {}
    void read(NodeIndex root);

private:
    void other_model(NodeIndex n);
    void content(NodeIndex n, UnitKind kind);
    void part(NodeIndex n, UnitKind kind);
    void file_data(NodeIndex n);
    void tool(NodeIndex n);
    void vendor_tool(NodeIndex n);

    Reader& r_;
};

// Gemini CLI names an MCP server's tool "mcp_server_tool" and itself splits that at the first underscore behind the mark (its
// documentation forbids underscores in server names for that reason).
std::string_view plugin_of_function(std::string_view name) {
    if (const std::string_view plugin = plugin_of(name); !plugin.empty()) return plugin;
    static constexpr std::string_view mark = "mcp_";
    if (!name.starts_with(mark)) return {};
    const std::string_view rest = name.substr(mark.size());
    const std::size_t split = rest.find('_');
    return split == std::string_view::npos ? std::string_view() : rest.substr(0, split);
}

void Gemini::read(NodeIndex root) {
    const auto [contents, system, tools, cached, model] = r_.members(root, {"contents",
                                                                            {"systemInstruction", "system_instruction"},
                                                                            "tools",
                                                                            {"cachedContent", "cached_content"},
                                                                            "model"});
    other_model(model);
    if (r_.is_string(system)) { // not in the API, but some servers take it
        r_.unit(UnitKind::system, system);
        r_.workspace(system);
    }
    r_.each_or_one(system, [&](NodeIndex n) { content(n, UnitKind::system); });
    if (!r_.is_object(tools)) r_.expect_array(tools, "tools");
    if (!r_.is_object(contents)) r_.expect_array(contents, "contents");
    r_.each_or_one(contents, [&](NodeIndex n) { content(n, UnitKind::message); });
    r_.each_or_one(tools, [&](NodeIndex n) { tool(n); });
    r_.reference(ReferenceKind::cached_content, cached);
}

// The path names the model; one in the body is the same, with or without its collection.
void Gemini::other_model(NodeIndex n) {
    std::string scratch;
    std::string_view told = r_.text(n, scratch);
    if (told.starts_with("models/")) told.remove_prefix(7);
    if (n != no_node && !r_.is(n, json::Kind::null) && told != r_.request().model)
        r_.fail("The \"model\" at " + r_.document().place(r_.document()[n].begin) + " is another one than the path's.");
}

void Gemini::content(NodeIndex n, UnitKind kind) {
    if (!r_.is_object(n)) return;
    const auto [role, parts] = r_.members(n, {"role", "parts"});
    std::string scratch;
    const std::string_view who = r_.text(role, scratch);
    if (who == "system") kind = UnitKind::system;
    r_.unit(who == "function" ? UnitKind::tool_result : kind, n);
    r_.each_or_one(parts, [&](NodeIndex one) { part(one, kind); });
}

void Gemini::part(NodeIndex n, UnitKind kind) {
    if (r_.is_string(n)) return r_.unit(kind, n);
    if (!r_.is_object(n)) return;
    const auto [text, call, response, inline_data, file, code, code_result, server_call, server_response] =
        r_.members(n, {"text",
                       {"functionCall", "function_call"},
                       {"functionResponse", "function_response"},
                       {"inlineData", "inline_data"},
                       {"fileData", "file_data"},
                       {"executableCode", "executable_code"},
                       {"codeExecutionResult", "code_execution_result"},
                       {"toolCall", "tool_call"},
                       {"toolResponse", "tool_response"}});
    UnitKind own = kind;
    if (call != no_node || code != no_node || server_call != no_node)
        own = UnitKind::tool_call;
    else if (response != no_node || code_result != no_node || server_response != no_node)
        own = UnitKind::tool_result;
    else if (inline_data != no_node || file != no_node)
        own = UnitKind::attachment;
    r_.unit(own, n);
    // Gemini CLI writes its environment into the first user turn, where anybody can write: only the system part counts.
    if (own == UnitKind::system) r_.workspace(text);
    const auto [name, arguments] = r_.members(call, {"name", "args"});
    r_.files(r_.copy(name), arguments);
    file_data(file);
    const auto [parts] = r_.members(response, {"parts"}); // images and files that a function brought
    r_.each_or_one(parts, [&](NodeIndex one) {
        const auto [inner_data, inner_file] =
            r_.members(one, {{"inlineData", "inline_data"}, {"fileData", "file_data"}});
        if (inner_data != no_node || inner_file != no_node) r_.unit(UnitKind::attachment, one);
        file_data(inner_file);
    });
}

// A file in the vendor's store, in a bucket, or anywhere on the web.
void Gemini::file_data(NodeIndex n) {
    const auto [node] = r_.members(n, {{"fileUri", "file_uri"}});
    std::string scratch;
    const std::string_view uri = r_.text(node, scratch);
    if (uri.empty()) return;
    const bool stored = !uri.contains("://") || uri.starts_with("gs://") ||
                        uri.starts_with("https://generativelanguage.googleapis.com/");
    if (stored)
        r_.reference(ReferenceKind::file, uri);
    else
        r_.url(node);
}

void Gemini::tool(NodeIndex n) {
    if (!r_.is_object(n)) return;
    const auto [functions] = r_.members(n, {{"functionDeclarations", "function_declarations"}});
    r_.unit(UnitKind::tool_definition, n);
    r_.each_or_one(functions, [&](NodeIndex one) {
        const auto [name_node] = r_.members(one, {"name"});
        r_.unit(UnitKind::tool_definition, one);
        const std::string name = r_.copy(name_node);
        r_.tool(name, plugin_of_function(name));
    });
    // Every other member switches on something that the vendor runs: googleSearch, googleSearchRetrieval, urlContext,
    // codeExecution, fileSearch, googleMaps, retrieval, … Only computerUse is carried out by the client.
    const json::Document& document = r_.document();
    for (NodeIndex i = document.first_child(n); i != no_node; i = document.next_sibling(i))
        if (i != functions && !document.key_is(i, "computerUse") && !document.key_is(i, "computer_use") &&
            !r_.is(i, json::Kind::null))
            vendor_tool(i);
}

void Gemini::vendor_tool(NodeIndex n) {
    std::string scratch;
    const std::string_view key = r_.document().key(n, scratch);
    if (key == "mcpServers" || key == "mcp_servers") {
        r_.each_or_one(n, [&](NodeIndex server) {
            const auto [name, transport] =
                r_.members(server, {"name", {"streamableHttpTransport", "streamable_http_transport"}});
            const auto [url] = r_.members(transport, {"url"});
            r_.reference(ReferenceKind::remote_mcp, url != no_node ? url : name);
        });
        return;
    }
    r_.reference(ReferenceKind::vendor_tool, key);
    const auto [stores] = r_.members(n, {{"fileSearchStoreNames", "file_search_store_names"}});
    r_.each(stores, [&](NodeIndex store) { r_.reference(ReferenceKind::file, store); });
}

} // namespace

void read_gemini(Reader& reader, Operation operation) {
    Gemini gemini(reader);
    gemini.read(0);
    if (operation != Operation::count_tokens) return;
    const auto [whole] = reader.members(0, {{"generateContentRequest", "generate_content_request"}});
    if (whole != no_node) gemini.read(whole);
}

} // namespace sallyport::dialect
