// OpenAI's Chat Completions API, as it and many others serve it: POST /v1/chat/completions.
// Sources: platform.openai.com/docs/api-reference/chat/create; openrouter.ai/docs, docs.x.ai and Alibaba's Model Studio for
// fields of theirs that make the vendor fetch something; docs/clients.md.
#include "dialect/reader.h"

#include <string>

namespace sallyport::dialect {
namespace {

class Chat {
public:
    explicit Chat(Reader& r) : r_(r) {}
    void read();

private:
    void message(NodeIndex n, bool& leading);
    void part(NodeIndex n, UnitKind kind);
    void call(NodeIndex n);
    void tool(NodeIndex n);
    void session(NodeIndex cache_key, NodeIndex session_id, NodeIndex metadata);

    Reader& r_;
};

void Chat::read() {
    const auto [model, stream, messages, tools, functions, web, search, enable, plugins, cache_key, session_id,
                metadata, models, fallbacks, sources] =
        r_.members(0, {"model", "stream", "messages", "tools", "functions", "web_search_options", "search_parameters",
                       "enable_search", "plugins", "prompt_cache_key", "session_id", "metadata", "models", "fallbacks",
                       "data_sources"});
    r_.model(model);
    r_.other_models(models, "models");
    r_.other_models(fallbacks, "fallbacks");
    r_.stream(stream);
    r_.expect_array(messages, "messages");
    r_.expect_array(tools, "tools");
    r_.expect_array(functions, "functions");
    bool leading = true;
    r_.each(messages, [&](NodeIndex n) { message(n, leading); });
    r_.each(tools, [&](NodeIndex n) { tool(n); });
    r_.each(functions, [&](NodeIndex n) {
        const auto [name] = r_.members(n, {"name"});
        r_.unit(UnitKind::tool_definition, n);
        const std::string shown = r_.copy(name);
        r_.tool(shown, plugin_of(shown));
    });

    // Searches that the vendor makes without any tool being offered.
    const json::Document& document = r_.document();
    if (r_.is_object(web)) r_.reference(ReferenceKind::vendor_tool, "web_search_options");
    if (r_.is_object(search)) r_.reference(ReferenceKind::vendor_tool, "search_parameters");
    if (r_.is(enable, json::Kind::boolean) && document.raw_value(enable) == "true")
        r_.reference(ReferenceKind::vendor_tool, "enable_search");
    if (sources != no_node && !r_.is(sources, json::Kind::null))
        r_.reference(ReferenceKind::vendor_tool, "data_sources");
    r_.each(plugins, [&](NodeIndex n) {
        const auto [id] = r_.members(n, {"id"});
        r_.reference(ReferenceKind::vendor_tool, id);
    });
    session(cache_key, session_id, metadata);
}

void Chat::message(NodeIndex n, bool& leading) {
    if (!r_.is_object(n)) return;
    const auto [role, content, calls, old_call, audio] =
        r_.members(n, {"role", "content", "tool_calls", "function_call", "audio"});
    std::string scratch;
    const std::string_view who = r_.text(role, scratch);
    UnitKind kind = UnitKind::message;
    if (who == "system" || who == "developer")
        kind = UnitKind::system;
    else if (who == "tool" || who == "function")
        kind = UnitKind::tool_result;
    leading = leading && kind == UnitKind::system;
    r_.unit(kind, n);
    if (r_.is_string(content)) {
        r_.unit(kind, content);
        if (leading) r_.workspace(content);
    }
    r_.each_or_one(content, [&](NodeIndex one) {
        part(one, kind);
        if (leading && r_.is_object(one)) r_.workspace(r_.document().find(one, "text"));
    });
    r_.each(calls, [&](NodeIndex one) { call(one); });
    if (r_.is_object(old_call)) {
        const auto [name, arguments] = r_.members(old_call, {"name", "arguments"});
        r_.unit(UnitKind::tool_call, old_call);
        r_.files(r_.copy(name), arguments);
    }
    const auto [audio_id] = r_.members(audio, {"id"}); // an earlier spoken answer, kept by the vendor
    r_.reference(ReferenceKind::previous_response, audio_id);
}

void Chat::part(NodeIndex n, UnitKind kind) {
    if (r_.is_string(n)) return r_.unit(kind, n);
    if (!r_.is_object(n)) return;
    const auto [type, image, video, audio, file, file_id, file_url] =
        r_.members(n, {"type", "image_url", "video_url", "audio_url", "file", "file_id", "file_url"});
    std::string scratch;
    const std::string_view shown = r_.text(type, scratch);
    const bool attached = shown.contains("image") || shown.contains("audio") || shown.contains("video") ||
                          shown.contains("file") || shown == "document";
    r_.unit(attached ? UnitKind::attachment : kind, n);
    for (const NodeIndex given : {image, video, audio, file_url}) {
        r_.url(given);
        const auto [url] = r_.members(given, {"url"});
        r_.url(url);
    }
    if (shown != "text" && shown != "refusal" && shown != "thinking") r_.linked(n);
    r_.reference(ReferenceKind::file, file_id);
    const auto [inner_id, data] = r_.members(file, {"file_id", "file_data"});
    r_.reference(ReferenceKind::file, inner_id);
    // file_data is base64 or a data: URL; OpenRouter also takes an address there.
    std::string data_scratch;
    if (r_.text(data, data_scratch).contains("://")) r_.url(data);
}

void Chat::call(NodeIndex n) {
    if (!r_.is_object(n)) return;
    const auto [function, custom] = r_.members(n, {"function", "custom"});
    r_.unit(UnitKind::tool_call, n);
    for (const NodeIndex given : {function, custom}) {
        const auto [name, arguments, input] = r_.members(given, {"name", "arguments", "input"});
        const std::string shown = r_.copy(name);
        r_.files(shown, arguments);
        r_.files(shown, input);
    }
}

void Chat::tool(NodeIndex n) {
    if (!r_.is_object(n)) return;
    const auto [type_node, function, custom, name] = r_.members(n, {"type", "function", "custom", "name"});
    r_.unit(UnitKind::tool_definition, n);
    std::string scratch;
    const std::string_view type = r_.text(type_node, scratch);
    const auto [function_name] = r_.members(function, {"name"});
    const auto [custom_name] = r_.members(custom, {"name"});
    const std::string shown = r_.copy(function_name != no_node ? function_name
                                      : custom_name != no_node ? custom_name
                                                               : name);
    r_.tool(shown, plugin_of(shown));
    if (!type.empty() && type != "function" && type != "custom") r_.reference(ReferenceKind::vendor_tool, type);
}

void Chat::session(NodeIndex cache_key, NodeIndex session_id, NodeIndex metadata) {
    const auto [snake, camel] = r_.members(metadata, {"session_id", "sessionId"}); // Qwen Code writes the second
    for (const NodeIndex n : {cache_key, session_id, snake, camel})
        if (r_.request().session.empty()) r_.request().session = r_.copy(n);
}

} // namespace

void read_chat(Reader& reader) { Chat(reader).read(); }

} // namespace sallyport::dialect
