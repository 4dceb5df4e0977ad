#include "dialect/dialect.h"

#include "base/buffer.h"
#include "dialect/reader.h"

#include <algorithm>
#include <array>

namespace sallyport::dialect {
namespace {

constexpr std::array<std::string_view, 4> dialect_names = {"anthropic-messages", "openai-responses", "openai-chat",
                                                           "gemini"};
constexpr std::array<std::string_view, 7> unit_names = {"system",          "message",    "tool-call", "tool-result",
                                                        "tool-definition", "attachment", "other"};
constexpr std::array<std::string_view, reference_kinds> reference_names = {
    "previous-response", "file", "container", "cached-content", "stored-prompt", "url", "vendor-tool", "remote-mcp"};

struct Fixed {
    std::string_view method;
    std::string_view path; // below /v1
    Dialect dialect;
    Operation operation;
    std::string_view upstream_path;
};
// /responses/compact is Codex's remote compaction: the whole conversation leaves by it, in the shape of a request.
constexpr Fixed fixed[] = {
    {"POST", "/messages", Dialect::anthropic_messages, Operation::generate, "/v1/messages"},
    {"POST", "/messages/count_tokens", Dialect::anthropic_messages, Operation::count_tokens,
     "/v1/messages/count_tokens"},
    {"POST", "/responses", Dialect::openai_responses, Operation::generate, "/v1/responses"},
    {"POST", "/responses/compact", Dialect::openai_responses, Operation::generate, "/v1/responses/compact"},
    {"POST", "/responses/input_tokens", Dialect::openai_responses, Operation::count_tokens,
     "/v1/responses/input_tokens"},
    {"POST", "/chat/completions", Dialect::openai_chat, Operation::generate, "/v1/chat/completions"},
    {"GET", "/models", Dialect::openai_chat, Operation::list_models, "/v1/models"},
};

struct Verb {
    std::string_view name;
    Operation operation;
    bool streams;
};
constexpr Verb verbs[] = {
    {"generateContent", Operation::generate, false},
    {"streamGenerateContent", Operation::generate, true},
    {"countTokens", Operation::count_tokens, false},
};

// A path that two readers could take for two: percent-escapes, empty or dotted segments, parameters, what is not ASCII.
bool is_plain(std::string_view path) {
    if (!path.starts_with('/') || path.contains("//") || path.contains("/.")) return false;
    return std::ranges::all_of(
        path, [](char c) { return c > ' ' && c < 0x7f && c != '%' && c != ';' && c != '\\' && c != '?' && c != '#'; });
}

bool is_model(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == '@';
    });
}

std::optional<Endpoint> match_gemini(std::string_view method, std::string_view path) {
    const bool beta = path.starts_with("/v1beta/");
    if (!beta && !path.starts_with("/v1/")) return std::nullopt;
    const std::string_view below = path.substr(beta ? 7 : 3);
    if (method == "GET" && beta && below == "/models")
        return Endpoint{Dialect::gemini, Operation::list_models, {}, false, path};
    static constexpr std::string_view prefix = "/models/";
    const std::size_t colon = below.find(':');
    if (method != "POST" || !below.starts_with(prefix) || colon == std::string_view::npos) return std::nullopt;
    const std::string_view model = below.substr(prefix.size(), colon - prefix.size());
    if (!is_model(model)) return std::nullopt;
    for (const Verb& verb : verbs)
        if (below.substr(colon + 1) == verb.name)
            return Endpoint{Dialect::gemini, verb.operation, model, verb.streams, path};
    return std::nullopt;
}

} // namespace

std::string_view name(Dialect dialect) { return dialect_names[static_cast<std::size_t>(dialect)]; }
std::string_view name(UnitKind kind) { return unit_names[static_cast<std::size_t>(kind)]; }
std::string_view name(ReferenceKind kind) { return reference_names[static_cast<std::size_t>(kind)]; }

std::optional<Dialect> dialect_named(std::string_view wanted) {
    const auto found = std::ranges::find(dialect_names, wanted);
    if (found == dialect_names.end()) return std::nullopt;
    return static_cast<Dialect>(found - dialect_names.begin());
}

std::optional<Endpoint> match_endpoint(std::string_view method, std::string_view path) {
    if (!is_plain(path)) return std::nullopt;
    const std::string_view below = path.starts_with("/v1/") ? path.substr(3) : path;
    for (const Fixed& one : fixed)
        if (method == one.method && below == one.path)
            return Endpoint{one.dialect, one.operation, {}, false, one.upstream_path};
    return match_gemini(method, path);
}

std::string supported_endpoints() {
    std::string text;
    for (const Fixed& one : fixed) {
        text += one.method;
        text += ' ';
        text += one.upstream_path;
        text += ", ";
    }
    for (const Verb& verb : verbs) {
        text += "POST /v1beta/models/{model}:";
        text += verb.name;
        text += ", ";
    }
    return text + "GET /v1beta/models";
}

Result<void> read_request(const Endpoint& endpoint, const json::Document& document, Request& request) {
    request.dialect = endpoint.dialect;
    request.operation = endpoint.operation;
    request.model = endpoint.model;
    request.model_node = no_node;
    request.stream = endpoint.streams;
    request.units.clear();
    request.tools.clear();
    request.references.clear();
    request.references_left_out = 0;
    request.files.clear();
    request.files_left_out = 0;
    request.session.clear();
    request.repository_remotes.clear();
    request.remotes_unreadable = false;
    request.workspace.clear();

    if (document.nodes().empty() || document[0].kind != json::Kind::object)
        return fail(ErrorKind::invalid, "The request body is not a JSON object.", ErrorSource::client);
    Reader reader(document, request);
    reader.unit(UnitKind::other, document.root());
    switch (endpoint.dialect) {
    case Dialect::anthropic_messages: read_anthropic(reader); break;
    case Dialect::openai_responses: read_responses(reader); break;
    case Dialect::openai_chat: read_chat(reader); break;
    case Dialect::gemini: read_gemini(reader, endpoint.operation); break;
    }
    reader.finish();
    if (reader.error()) return std::unexpected(*reader.error());
    return {};
}

bool remotes_of_turn_metadata(const json::Document& metadata, std::vector<std::string>& into) {
    const auto is = [&](NodeIndex n, json::Kind kind) { return n != no_node && metadata[n].kind == kind; };
    if (metadata.nodes().empty() || !is(0, json::Kind::object)) return false;
    bool whole = true;
    std::string scratch;
    const auto each = [&](NodeIndex object, auto told) {
        if (object == no_node || is(object, json::Kind::null)) return;
        whole = whole && is(object, json::Kind::object);
        if (!is(object, json::Kind::object)) return;
        for (NodeIndex n = metadata.first_child(object); n != no_node; n = metadata.next_sibling(n)) told(n);
    };
    const auto under = [&](NodeIndex object, std::string_view key, auto told) { // a key that stands twice counts twice
        each(object, [&](NodeIndex n) {
            if (metadata.key(n, scratch) == key) told(n);
        });
    };
    under(0, "workspaces", [&](NodeIndex workspaces) {
        each(workspaces, [&](NodeIndex workspace) {
            under(workspace, "associated_remote_urls", [&](NodeIndex remotes) {
                each(remotes, [&](NodeIndex remote) {
                    if (!is(remote, json::Kind::string) || into.size() > remotes_max)
                        whole = false;
                    else
                        into.emplace_back(metadata.text(remote, scratch));
                });
            });
        });
    });
    std::ranges::sort(into);
    into.erase(std::ranges::unique(into).begin(), into.end());
    if (into.size() > remotes_max) {
        into.resize(remotes_max + 1);
        whole = false;
    }
    return whole;
}

bool remotes_of_turn_metadata(std::string_view json, std::vector<std::string>& into) {
    const Buffer padded(json);
    json::Document metadata;
    return metadata.parse(padded.view()) && remotes_of_turn_metadata(metadata, into);
}

} // namespace sallyport::dialect
