// Anthropic's Messages API: POST /v1/messages and /v1/messages/count_tokens.
// Sources: platform.claude.com/docs/en/api/messages; docs/clients.md for what clients send.
#include "dialect/reader.h"

#include <string>

namespace sallyport::dialect {
namespace {

class Anthropic {
public:
    explicit Anthropic(Reader& r) : r_(r) {}
    void read();

private:
    void message(NodeIndex n, bool& leading);
    void block(NodeIndex n, UnitKind around);
    void inside(NodeIndex n);
    void source(NodeIndex n);
    void tool(NodeIndex n);
    void container(NodeIndex n);
    void session(NodeIndex metadata);
    void system_text(NodeIndex n);

    Reader& r_;
};

// "bash_20250124": run by the client, for all that its type is the vendor's.
bool is_dated(std::string_view type, std::string_view name) {
    return type.size() > name.size() + 1 && type.starts_with(name) && type[name.size()] == '_' &&
           type[name.size() + 1] >= '0' && type[name.size() + 1] <= '9';
}

bool is_attachment(std::string_view type) {
    return type == "image" || type == "document" || type == "container_upload" || type == "search_result" ||
           type == "file";
}

void Anthropic::read() {
    const auto [model, stream, system, messages, tools, metadata, box, servers, models, fallbacks] =
        r_.members(0, {"model", "stream", "system", "messages", "tools", "metadata", "container", "mcp_servers",
                       "models", "fallbacks"});
    r_.model(model);
    r_.other_models(models, "models");
    r_.other_models(fallbacks, "fallbacks");
    r_.stream(stream);
    r_.expect_array(messages, "messages");
    r_.expect_array(tools, "tools");
    r_.expect_array(servers, "mcp_servers");
    if (r_.is_string(system)) {
        r_.unit(UnitKind::system, system);
        r_.workspace(system);
    }
    r_.each(system, [&](NodeIndex n) {
        block(n, UnitKind::system);
        system_text(n);
    });
    bool leading = true;
    r_.each(messages, [&](NodeIndex n) { message(n, leading); });
    r_.each(tools, [&](NodeIndex n) { tool(n); });
    r_.each(servers, [&](NodeIndex n) {
        const auto [url, name] = r_.members(n, {"url", "name"});
        r_.reference(ReferenceKind::remote_mcp, url != no_node ? url : name);
    });
    container(box);
    session(metadata);
}

// The working directory counts only where nobody but the client wrote: in the system part that stands before the conversation.
void Anthropic::system_text(NodeIndex n) { r_.workspace(r_.is_object(n) ? r_.document().find(n, "text") : n); }

void Anthropic::message(NodeIndex n, bool& leading) {
    if (!r_.is_object(n)) return;
    const auto [role, content] = r_.members(n, {"role", "content"});
    std::string scratch;
    const std::string_view who = r_.text(role, scratch);
    const bool system = who == "system" || who == "developer"; // in the middle too (Claude Code since 2.1.196)
    leading = leading && system;
    const UnitKind kind = system ? UnitKind::system : UnitKind::message;
    r_.unit(kind, n);
    if (r_.is_string(content)) {
        r_.unit(kind, content);
        if (leading) r_.workspace(content);
    }
    r_.each(content, [&](NodeIndex part) {
        block(part, kind);
        if (leading) system_text(part);
    });
}

void Anthropic::block(NodeIndex n, UnitKind around) {
    if (!r_.is_object(n)) {
        if (r_.is_string(n)) r_.unit(around, n);
        return;
    }
    const auto [type_node, from, content, name, input, file, added, tools] =
        r_.members(n, {"type", "source", "content", "name", "input", "file_id", "tool", "tools"});
    std::string scratch;
    const std::string_view type = r_.text(type_node, scratch);
    if (type.ends_with("tool_use")) { // tool_use, server_tool_use, mcp_tool_use
        r_.unit(UnitKind::tool_call, n);
        if (type != "server_tool_use") r_.files(r_.copy(name), input);
    } else if (type.ends_with("tool_result")) { // tool_result, mcp_tool_result, web_search_tool_result, …
        r_.unit(UnitKind::tool_result, n);
    } else {
        r_.unit(is_attachment(type) ? UnitKind::attachment : around, n);
    }
    source(from);
    r_.reference(ReferenceKind::file, file);
    r_.each_or_one(content, [&](NodeIndex part) { inside(part); });
    // tool_addition (beta mid-conversation-tool-changes): by reference, or with {"type":"tool_definition","definition":…}.
    if (r_.is_object(added)) {
        const auto [definition] = r_.members(added, {"definition"});
        if (r_.is_object(definition)) tool(definition);
    }
    r_.each(tools, [&](NodeIndex one) { tool(one); });
}

// A part of a tool result or document: its text belongs to that unit, an image or document in it is one of its own.
void Anthropic::inside(NodeIndex n) {
    if (!r_.is_object(n)) return;
    const auto [type_node, from, content, file] = r_.members(n, {"type", "source", "content", "file_id"});
    std::string scratch;
    if (is_attachment(r_.text(type_node, scratch))) r_.unit(UnitKind::attachment, n);
    source(from);
    r_.reference(ReferenceKind::file, file);
    r_.each_or_one(content, [&](NodeIndex part) { inside(part); });
}

void Anthropic::source(NodeIndex n) {
    if (!r_.is_object(n)) return; // a search result's source is a plain string
    const auto [url, file, content] = r_.members(n, {"url", "file_id", "content"});
    // Not by source.type: whatever it says, a URL or a file id that is there may be used.
    r_.url(url);
    r_.reference(ReferenceKind::file, file);
    r_.each_or_one(content, [&](NodeIndex part) { inside(part); });
}

void Anthropic::tool(NodeIndex n) {
    if (!r_.is_object(n)) return;
    const auto [type_node, name_node, server] = r_.members(n, {"type", "name", "mcp_server_name"});
    r_.unit(UnitKind::tool_definition, n);
    std::string type_scratch;
    std::string name_scratch;
    const std::string_view type = r_.text(type_node, type_scratch);
    const std::string_view name = r_.text(name_node, name_scratch);
    r_.tool(name, plugin_of(name));
    if (type.empty() || type == "custom") return;
    for (const std::string_view local : {"bash", "text_editor", "computer", "memory"})
        if (is_dated(type, local)) return;
    // Searches the tool definitions of this very request: nothing comes in or leaves by it.
    if (type.starts_with("tool_search_tool")) return;
    if (type == "mcp_toolset") return r_.reference(ReferenceKind::remote_mcp, server);
    // web_search_*, web_fetch_*, code_execution_*, and whatever the vendor thinks of next.
    r_.reference(ReferenceKind::vendor_tool, type);
}

void Anthropic::container(NodeIndex n) {
    r_.reference(ReferenceKind::container, n);
    if (!r_.is_object(n)) return;
    const auto [id, skills] = r_.members(n, {"id", "skills"});
    r_.reference(ReferenceKind::container, id);
    r_.each(skills, [&](NodeIndex skill) {
        const auto [skill_id] = r_.members(skill, {"skill_id"});
        r_.reference(ReferenceKind::container, skill_id);
    });
}

// metadata.user_id of Claude Code: a JSON text with session_id; before 2.1: "user_<hash>_account_<id>_session_<id>".
void Anthropic::session(NodeIndex metadata) {
    const auto [user] = r_.members(metadata, {"user_id"});
    std::string scratch;
    const std::string_view id = r_.text(user, scratch);
    static constexpr std::string_view mark = "_session_";
    if (id.starts_with('{')) {
        const json::Document* const inner = r_.nested(id);
        if (inner == nullptr) return;
        const NodeIndex session = inner->find(0, "session_id");
        std::string inner_scratch;
        if (session != no_node && (*inner)[session].kind == json::Kind::string)
            r_.request().session = inner->text(session, inner_scratch);
    } else if (const std::size_t at = id.rfind(mark); at != std::string_view::npos) {
        r_.request().session = id.substr(at + mark.size());
    }
}

} // namespace

void read_anthropic(Reader& reader) { Anthropic(reader).read(); }

} // namespace sallyport::dialect
