#include "sim/request_view.h"

#include <vector>

namespace sallyport::sim {

namespace {

using json::Document;
using json::Kind;
using json::no_node;
using json::NodeIndex;

// `a.b.c` from the root of an object; no_node where any of them is absent.
template <class... Names> NodeIndex path(const Document& doc, NodeIndex n, Names... names) {
    ((n = n == no_node ? no_node : doc.find(n, names)), ...);
    return n;
}

bool is_true(const Document& doc, NodeIndex n) { return n != no_node && doc.raw_value(n) == "true"; }

std::string text_of(const Document& doc, NodeIndex n) {
    if (n == no_node || doc[n].kind != Kind::string) return {};
    std::string scratch;
    return std::string(doc.text(n, scratch));
}

std::vector<NodeIndex> children(const Document& doc, NodeIndex n) {
    std::vector<NodeIndex> list;
    if (n == no_node || doc[n].kind != Kind::array) return list;
    for (NodeIndex i = doc.first_child(n); i != no_node; i = doc.next_sibling(i)) list.push_back(i);
    return list;
}

// One thing that was said, whatever the dialect calls it.
struct Turn {
    enum class By : std::uint8_t { user, model, tool, nobody };
    By by = By::nobody;
    NodeIndex content = no_node; // of a tool: its result
};

NodeIndex last_with(const Document& doc, NodeIndex list, std::string_view key, std::string_view value) {
    NodeIndex found = no_node;
    for (const NodeIndex block : children(doc, list)) {
        const NodeIndex member = doc.find(block, key);
        if (member != no_node && (value.empty() || doc.text_is(member, value))) found = block;
    }
    return found;
}

Turn::By by_role(const Document& doc, NodeIndex item) {
    const NodeIndex role = doc.find(item, "role");
    if (role == no_node) return Turn::By::nobody;
    if (doc.text_is(role, "user")) return Turn::By::user;
    if (doc.text_is(role, "assistant") || doc.text_is(role, "model")) return Turn::By::model;
    if (doc.text_is(role, "tool") || doc.text_is(role, "function")) return Turn::By::tool;
    return Turn::By::nobody; // system, developer: client's words, not the person's
}

Turn anthropic_turn(const Document& doc, NodeIndex message) {
    Turn turn{by_role(doc, message), doc.find(message, "content")};
    if (turn.by != Turn::By::user) return turn;
    const NodeIndex result = last_with(doc, turn.content, "type", "tool_result");
    if (result != no_node) turn = {Turn::By::tool, doc.find(result, "content")};
    return turn;
}

Turn responses_turn(const Document& doc, NodeIndex item) {
    const std::string type = text_of(doc, doc.find(item, "type"));
    if (type.ends_with("_output")) return {Turn::By::tool, doc.find(item, "output")};
    if (type.empty() || type == "message") return {by_role(doc, item), doc.find(item, "content")};
    if (type.ends_with("_call") || type == "reasoning") return {Turn::By::model, no_node};
    return {};
}

Turn gemini_turn(const Document& doc, NodeIndex content) {
    const NodeIndex parts = doc.find(content, "parts");
    const NodeIndex result = last_with(doc, parts, "functionResponse", "");
    if (result != no_node) {
        const NodeIndex response = path(doc, result, "functionResponse", "response");
        const NodeIndex output = response == no_node ? no_node : doc.find(response, "output");
        return {Turn::By::tool, output != no_node ? output : response};
    }
    const Turn::By by = by_role(doc, content);
    return {by == Turn::By::nobody ? Turn::By::user : by, parts}; // a role may be left out
}

Turn turn_of(Dialect dialect, const Document& doc, NodeIndex item) {
    switch (dialect) {
    case Dialect::anthropic_messages: return anthropic_turn(doc, item);
    case Dialect::openai_responses: return responses_turn(doc, item);
    case Dialect::openai_chat: return {by_role(doc, item), doc.find(item, "content")};
    case Dialect::gemini: return gemini_turn(doc, item);
    }
    return {};
}

// Clients put their own blocks before the person's, so the last one counts, unless an earlier one asks something of the vendor.
std::string newest_text(const Document& doc, NodeIndex content) {
    if (content == no_node || doc[content].kind == Kind::string) return text_of(doc, content);
    std::string last;
    bool first = true;
    const std::vector<NodeIndex> blocks = children(doc, content);
    for (std::size_t i = blocks.size(); i-- > 0;) {
        const NodeIndex member = doc.find(blocks[i], "text");
        if (member == no_node) continue;
        std::string text = text_of(doc, member);
        if (text.find("vendor:") != std::string::npos) return text;
        if (std::exchange(first, false)) last = std::move(text);
    }
    return last;
}

void read_conversation(Dialect dialect, const Document& doc, NodeIndex list, RequestView& view) {
    if (list == no_node) return;
    if (doc[list].kind == Kind::string) { // openai-responses allows a bare text
        view.asked = text_of(doc, list);
        return;
    }
    const std::vector<NodeIndex> items = children(doc, list);
    bool newest = true;
    bool asked = false;
    for (std::size_t i = items.size(); i-- > 0 && !(asked && view.continues);) {
        const Turn turn = turn_of(dialect, doc, items[i]);
        if (turn.by == Turn::By::nobody) continue;
        if (std::exchange(newest, false) && turn.by == Turn::By::tool) {
            view.ends_in_result = true;
            if (turn.content != no_node) view.result = text_within(doc, turn.content, result_characters);
        }
        if (turn.by == Turn::By::model) view.continues = true;
        if (turn.by == Turn::By::tool && !asked) ++view.results;
        if (turn.by != Turn::By::user || asked) continue;
        view.asked = newest_text(doc, turn.content);
        asked = true;
    }
}

NodeIndex first_of(NodeIndex a, NodeIndex b) { return a != no_node ? a : b; }

bool offers_tools(Dialect dialect, const Document& doc, NodeIndex root) {
    const auto some = [&](NodeIndex list) {
        return list != no_node && doc[list].kind == Kind::array && doc.first_child(list) != no_node;
    };
    if (some(doc.find(root, "tools"))) return true;
    if (dialect != Dialect::openai_responses) return false;
    return last_with(doc, doc.find(root, "input"), "type", "additional_tools") != no_node;
}

} // namespace

std::string text_within(const Document& doc, NodeIndex n, std::size_t characters) {
    std::string joined;
    std::string scratch;
    if (doc[n].kind == Kind::array) {
        // Four bytes are the longest character: what is behind that cannot be wanted.
        for (NodeIndex i = doc.first_child(n); i != no_node && joined.size() < 4 * characters;
             i = doc.next_sibling(i)) {
            const NodeIndex text = doc[i].kind == Kind::object ? doc.find(i, "text") : i;
            if (text != no_node && doc[text].kind == Kind::string) joined += doc.text(text, scratch);
        }
    } else {
        joined = doc.text(n, scratch).substr(0, 4 * characters);
    }
    std::size_t end = 0;
    for (std::size_t left = characters; end < joined.size(); ++end)
        if ((static_cast<unsigned char>(joined[end]) & 0xC0) != 0x80 && left-- == 0) break;
    joined.resize(end);
    return joined;
}

Result<RequestView> view_request(const dialect::Endpoint& endpoint, std::string_view query, const Document& doc) {
    const NodeIndex root = doc.root();
    if (doc[root].kind != Kind::object)
        return fail(ErrorKind::invalid, "the body must be a JSON object", ErrorSource::client);
    RequestView view;
    view.model = endpoint.model.empty() ? text_of(doc, doc.find(root, "model")) : std::string(endpoint.model);
    view.stream = endpoint.streams || is_true(doc, doc.find(root, "stream"));
    view.has_tools = offers_tools(endpoint.dialect, doc, root);
    NodeIndex conversation = no_node;
    switch (endpoint.dialect) {
    case Dialect::anthropic_messages:
        conversation = doc.find(root, "messages");
        view.schema =
            first_of(path(doc, root, "output_config", "format", "schema"), path(doc, root, "output_format", "schema"));
        break;
    case Dialect::openai_responses:
        conversation = doc.find(root, "input");
        view.schema = path(doc, root, "text", "format", "schema");
        break;
    case Dialect::openai_chat:
        conversation = doc.find(root, "messages");
        view.schema = path(doc, root, "response_format", "json_schema", "schema");
        view.usage_in_stream = is_true(doc, path(doc, root, "stream_options", "include_usage"));
        break;
    case Dialect::gemini:
        conversation = doc.find(root, "contents");
        view.schema = first_of(path(doc, root, "generationConfig", "responseJsonSchema"),
                               path(doc, root, "generationConfig", "responseSchema"));
        view.server_sent = ("&" + std::string(query) + "&").find("&alt=sse&") != std::string::npos;
        break;
    }
    read_conversation(endpoint.dialect, doc, conversation, view);
    return view;
}

} // namespace sallyport::sim
