// OpenAI's Responses API: POST /v1/responses, /v1/responses/compact, /v1/responses/input_tokens.
// Sources: platform.openai.com/docs/api-reference/responses/create; what Codex sends, as measured
// (docs/clients.md).
#include "dialect/reader.h"

#include <algorithm>
#include <string>

namespace sallyport::dialect {
namespace {

class Responses {
public:
    explicit Responses(Reader& r) : r_(r) {}
    void read();

private:
    void item(NodeIndex n, bool& leading);
    void part(NodeIndex n, UnitKind kind);
    void inside(NodeIndex n);
    void references(NodeIndex n);
    void tool(NodeIndex n, std::string_view plugin);
    void vendor_tool(NodeIndex n, std::string_view type);
    void client_metadata(NodeIndex n);

    Reader& r_;
};

// Namespaces in which Codex groups tools of its own (codex-rs, tools/handlers/multi_agents_spec.rs and core/src/config): not
// plugins. MCP servers come as "mcp__server", or, by a feature still in development, under their bare name.
std::string plugin_of_namespace(std::string_view name) {
    for (const std::string_view own : {"functions", "multi_agent_v1", "collaboration", "agents", "clock"})
        if (name == own) return {};
    const std::string_view marked = plugin_of(name);
    return std::string(marked.empty() ? name : marked);
}

bool is_attachment(std::string_view type) {
    return type.contains("image") || type.contains("file") || type.contains("audio") || type.contains("video") ||
           type == "computer_screenshot";
}

void Responses::read() {
    const auto [model, stream, instructions, input, tools, previous, conversation, prompt, cache_key, metadata, models,
                fallbacks, agent] =
        r_.members(0, {"model", "stream", "instructions", "input", "tools", "previous_response_id", "conversation",
                       "prompt", "prompt_cache_key", "client_metadata", "models", "fallbacks", "agent"});
    r_.model(model);
    r_.other_models(models, "models");
    r_.other_models(fallbacks, "fallbacks");
    r_.stream(stream);
    r_.expect_array(tools, "tools");
    bool leading = true;
    if (r_.is_string(instructions)) {
        r_.unit(UnitKind::system, instructions);
        r_.workspace(instructions);
    }
    r_.each(instructions, [&](NodeIndex n) { item(n, leading); });
    if (r_.is_string(input))
        r_.unit(UnitKind::message, input);
    else
        r_.expect_array(input, "input");
    r_.each(input, [&](NodeIndex n) { item(n, leading); });
    r_.each(tools, [&](NodeIndex n) { tool(n, {}); });

    if (r_.is_object(agent)) r_.reference(ReferenceKind::vendor_tool, "agent");
    r_.reference(ReferenceKind::previous_response, previous);
    r_.reference(ReferenceKind::previous_response, conversation);
    const auto [conversation_id] = r_.members(conversation, {"id"});
    r_.reference(ReferenceKind::previous_response, conversation_id);
    const auto [prompt_id, variables] = r_.members(prompt, {"id", "variables"});
    r_.reference(ReferenceKind::stored_prompt, prompt_id);
    if (r_.is_object(variables)) // values are strings, or parts with images and files
        for (NodeIndex n = r_.document().first_child(variables); n != no_node; n = r_.document().next_sibling(n))
            inside(n);
    r_.request().session = r_.copy(cache_key);
    client_metadata(metadata);
}

void Responses::item(NodeIndex n, bool& leading) {
    if (!r_.is_object(n)) return;
    const auto [type_node, role, content, name, space, arguments, input, action, operation, output, tools, id, label] =
        r_.members(n, {"type", "role", "content", "name", "namespace", "arguments", "input", "action", "operation",
                       "output", "tools", "id", "server_label"});
    std::string type_scratch;
    std::string role_scratch;
    const std::string_view type = r_.text(type_node, type_scratch);
    const std::string_view who = r_.text(role, role_scratch);
    const bool system = who == "system" || who == "developer";
    leading = leading && (system || r_.is_array(tools));

    UnitKind kind = system ? UnitKind::system : UnitKind::message;
    if (type.ends_with("_call") || type == "mcp_approval_request")
        kind = UnitKind::tool_call;
    else if (type.ends_with("_output"))
        kind = UnitKind::tool_result;
    else if (r_.is_array(tools))
        kind = UnitKind::tool_definition; // additional_tools, mcp_list_tools
    r_.unit(kind, n);

    // An item that says nothing but an id (its type may be left out) stands for one that the vendor keeps.
    const auto absent = [&](NodeIndex one) { return one == no_node || r_.is(one, json::Kind::null); };
    const bool bare = type.empty() && absent(role) && absent(content) && absent(output);
    if (type == "item_reference" || bare) r_.reference(ReferenceKind::previous_response, id);

    if (r_.is_string(content)) {
        r_.unit(kind, content);
        if (leading) r_.workspace(content);
    }
    r_.each(content, [&](NodeIndex one) {
        part(one, kind);
        if (leading && r_.is_object(one)) r_.workspace(r_.document().find(one, "text"));
    });
    if (kind == UnitKind::tool_call) {
        const std::string tool_name = r_.copy(name);
        const std::string_view shown = tool_name.empty() ? type : std::string_view(tool_name);
        for (const NodeIndex given : {arguments, input, action, operation}) r_.files(shown, given);
    }
    r_.each_or_one(output, [&](NodeIndex one) { inside(one); });
    references(n);
    std::string label_scratch;
    const std::string plugin =
        space != no_node ? plugin_of_namespace(r_.copy(space)) : std::string(r_.text(label, label_scratch));
    r_.each(tools, [&](NodeIndex one) {
        tool(one, type == "mcp_list_tools" ? std::string_view(plugin) : std::string_view());
    });
}

void Responses::part(NodeIndex n, UnitKind kind) {
    if (r_.is_string(n)) return r_.unit(kind, n);
    if (!r_.is_object(n)) return;
    const auto [type] = r_.members(n, {"type"});
    std::string scratch;
    const std::string_view shown = r_.text(type, scratch);
    r_.unit(is_attachment(shown) ? UnitKind::attachment : kind, n);
    references(n);
    if (!shown.ends_with("text") && shown != "refusal") r_.linked(n);
}

// A part of a tool's output: its text belongs to that unit, an image or file in it is one of its own.
void Responses::inside(NodeIndex n) {
    if (!r_.is_object(n)) return;
    const auto [type] = r_.members(n, {"type"});
    std::string scratch;
    if (is_attachment(r_.text(type, scratch))) {
        r_.unit(UnitKind::attachment, n);
        r_.linked(n);
    }
    references(n);
}

void Responses::references(NodeIndex n) {
    const auto [file, file_url, image_url, audio_url, box] =
        r_.members(n, {"file_id", "file_url", "image_url", "audio_url", "container_id"});
    r_.reference(ReferenceKind::file, file);
    r_.reference(ReferenceKind::container, box);
    r_.url(file_url);
    r_.url(audio_url);
    r_.url(image_url);
    const auto [inner] = r_.members(image_url, {"url"});
    r_.url(inner);
}

void Responses::tool(NodeIndex n, std::string_view plugin) {
    if (!r_.is_object(n)) return;
    const auto [type_node, name_node, tools, function] = r_.members(n, {"type", "name", "tools", "function"});
    r_.unit(UnitKind::tool_definition, n);
    std::string type_scratch;
    const std::string_view type = r_.text(type_node, type_scratch);
    const auto [function_name] = r_.members(function, {"name"}); // the chat form, which some vendors also take
    const std::string name = r_.copy(name_node != no_node ? name_node : function_name);
    if (type == "namespace") {
        const std::string inner = plugin_of_namespace(name);
        r_.each(tools, [&](NodeIndex one) { tool(one, inner); });
        return;
    }
    r_.tool(name, plugin.empty() ? plugin_of(name) : plugin);
    if (!type.empty() && type != "function" && type != "custom") vendor_tool(n, type);
}

void Responses::vendor_tool(NodeIndex n, std::string_view type) {
    const auto [server, connector, label, box, environment, stores] =
        r_.members(n, {"server_url", "connector_id", "server_label", "container", "environment", "vector_store_ids"});
    if (type == "mcp")
        return r_.reference(ReferenceKind::remote_mcp, server != no_node      ? server
                                                       : connector != no_node ? connector
                                                                              : label);
    // Run by the client; tool_search looks only through the definitions of this very request.
    if (type == "local_shell" || type == "apply_patch" || type == "tool_search") return;

    const auto [environment_type, environment_box] = r_.members(environment, {"type", "container_id"});
    std::string scratch;
    const bool hosted = r_.text(environment_type, scratch).starts_with("container");
    if (type == "shell" && !hosted) return;
    r_.reference(ReferenceKind::vendor_tool, type);
    r_.reference(ReferenceKind::container, environment_box);
    r_.reference(ReferenceKind::container, box);
    const auto [file_ids, box_id] = r_.members(box, {"file_ids", "id"});
    r_.reference(ReferenceKind::container, box_id);
    r_.each(file_ids, [&](NodeIndex one) { r_.reference(ReferenceKind::file, one); });
    r_.each(stores, [&](NodeIndex one) { r_.reference(ReferenceKind::file, one); });
}

void Responses::client_metadata(NodeIndex n) {
    const auto [turn] = r_.members(n, {"x-codex-turn-metadata"});
    std::string scratch;
    if (r_.is_string(turn))
        r_.turn_metadata(r_.text(turn, scratch));
    else if (turn != no_node)
        r_.request().remotes_unreadable = true;
    if (!r_.request().session.empty()) return;
    const auto [session] = r_.members(n, {"session_id"});
    r_.request().session = r_.copy(session);
}

} // namespace

void read_responses(Reader& reader) { Responses(reader).read(); }

} // namespace sallyport::dialect
