#include "gateway/directory_words.h"

#include "base/buffer.h"
#include "base/text.h"
#include "json/document.h"

namespace sallyport::gateway {

namespace {

using json::Document;
using json::NodeIndex;

constexpr std::size_t name_bytes_max = 320, operations_max = 100;
constexpr std::string_view user_schema = "urn:ietf:params:scim:schemas:core:2.0:user:";

std::unexpected<Error> unreadable(std::string what) {
    return fail(ErrorKind::invalid, std::move(what), ErrorSource::client);
}

// Names of attributes ignore case (RFC 7643 section 2.1), so two that differ by it only are the same one twice.
Result<NodeIndex> member(const Document& document, NodeIndex parent, std::string_view name) {
    NodeIndex found = json::no_node;
    std::string scratch;
    for (NodeIndex i = document.first_child(parent); i != json::no_node; i = document.next_sibling(i)) {
        if (!equals_ignoring_case(document.key(i, scratch), name)) continue;
        if (found != json::no_node) return unreadable("'" + std::string(name) + "' is given twice");
        found = i;
    }
    return found;
}

Result<bool> read_active(const Document& document, NodeIndex node) {
    std::string scratch;
    const std::string_view text = document.text(node, scratch);
    const bool is_word = document[node].kind == json::Kind::boolean || document[node].kind == json::Kind::string;
    if (is_word && equals_ignoring_case(text, "true")) return true; // Entra sends "True"
    if (is_word && equals_ignoring_case(text, "false")) return false;
    return unreadable("'active' is true or false");
}

Result<std::string> read_text(const Document& document, NodeIndex node, const char* name) {
    std::string scratch;
    if (document[node].kind != json::Kind::string) return unreadable(std::string("'") + name + "' is a text");
    std::string text(document.text(node, scratch));
    if (text.empty() || text.size() > name_bytes_max || text.find_first_of(std::string_view("\0\r\n", 3)) != text.npos)
        return unreadable(std::string("'") + name + "' has 1 to 320 bytes and is one line");
    return text;
}

Result<void> take(const Document& document, NodeIndex node, std::string_view name, DirectoryChange& into) {
    if (equals_ignoring_case(name, "active")) {
        auto active = read_active(document, node);
        if (!active) return std::unexpected(active.error());
        into.active = *active;
    } else if (equals_ignoring_case(name, "userName")) {
        auto text = read_text(document, node, "userName");
        if (!text) return std::unexpected(text.error());
        into.user_name = to_lower(*text);
    } else if (equals_ignoring_case(name, "externalId")) {
        auto text = read_text(document, node, "externalId");
        if (!text) return std::unexpected(text.error());
        into.external_id = std::move(*text);
    }
    return {};
}

Result<void> take_members(const Document& document, NodeIndex object, DirectoryChange& into) {
    for (const char* const name : {"userName", "externalId", "active"}) {
        const auto node = member(document, object, name);
        if (!node) return std::unexpected(node.error());
        if (*node == json::no_node) continue;
        if (auto taken = take(document, *node, name, into); !taken) return taken;
    }
    return {};
}

Result<void> parse(const Buffer& raw, Document& document) {
    if (!document.parse(raw.view()) || document[document.root()].kind != json::Kind::object)
        return unreadable("the body is a JSON object");
    return {};
}

Result<void> take_operation(const Document& document, NodeIndex operation, DirectoryChange& into) {
    if (document[operation].kind != json::Kind::object) return unreadable("an operation is an object");
    const auto op = member(document, operation, "op"), path = member(document, operation, "path"),
               value = member(document, operation, "value");
    for (const auto* const one : {&op, &path, &value})
        if (!*one) return std::unexpected(one->error());
    std::string scratch, path_scratch;
    if (*op == json::no_node || document[*op].kind != json::Kind::string) return unreadable("an operation has an 'op'");
    const std::string word = to_lower(document.text(*op, scratch));
    std::string_view target = *path == json::no_node ? std::string_view() : document.text(*path, path_scratch);
    if (target.size() > user_schema.size() && equals_ignoring_case(target.substr(0, user_schema.size()), user_schema))
        target.remove_prefix(user_schema.size());
    const bool is_ours = equals_ignoring_case(target, "active") || equals_ignoring_case(target, "userName") ||
                         equals_ignoring_case(target, "externalId");
    if (word == "remove")
        return is_ours ? unreadable("'" + std::string(target) + "' cannot be taken away") : Result<void>();
    if (word != "add" && word != "replace") return unreadable("'op' is add, replace or remove");
    if (*value == json::no_node) return unreadable("the operation has no 'value'");
    if (!target.empty()) return is_ours ? take(document, *value, target, into) : Result<void>();
    if (document[*value].kind != json::Kind::object) return unreadable("without a 'path' the value is an object");
    return take_members(document, *value, into);
}

} // namespace

Result<DirectoryChange> read_directory_user(std::string_view json) {
    const Buffer raw(json);
    Document document;
    if (auto parsed = parse(raw, document); !parsed) return std::unexpected(parsed.error());
    DirectoryChange out;
    if (auto taken = take_members(document, document.root(), out); !taken) return std::unexpected(taken.error());
    return out;
}

Result<DirectoryChange> read_directory_patch(std::string_view json) {
    const Buffer raw(json);
    Document document;
    if (auto parsed = parse(raw, document); !parsed) return std::unexpected(parsed.error());
    const auto list = member(document, document.root(), "Operations");
    if (!list) return std::unexpected(list.error());
    if (*list == json::no_node || document[*list].kind != json::Kind::array)
        return unreadable("a PATCH has a list 'Operations'");
    DirectoryChange out;
    std::size_t count = 0;
    for (NodeIndex i = document.first_child(*list); i != json::no_node; i = document.next_sibling(i)) {
        if (++count > operations_max) return unreadable("the PATCH has too many operations");
        if (auto taken = take_operation(document, i, out); !taken) return std::unexpected(taken.error());
    }
    return out;
}

Result<DirectoryFilter> read_directory_filter(std::string_view text) {
    const auto bad = [] {
        return unreadable("the filter is read as: userName eq \"…\", externalId eq \"…\" or id eq \"…\"");
    };
    text = trim(text);
    if (text.empty()) return DirectoryFilter{};
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return bad();
    const std::string_view name = text.substr(0, space), rest = trim(text.substr(space));
    if (rest.size() < 5 || !equals_ignoring_case(rest.substr(0, 3), "eq ")) return bad();
    const Buffer raw(trim(rest.substr(3))); // a JSON string
    Document document;
    if (!document.parse(raw.view()) || document[document.root()].kind != json::Kind::string) return bad();
    std::string scratch;
    DirectoryFilter out{DirectoryFilter::By::all, std::string(document.text(document.root(), scratch))};
    if (equals_ignoring_case(name, "userName")) {
        out.by = DirectoryFilter::By::user_name;
        out.value = to_lower(out.value);
    } else if (equals_ignoring_case(name, "externalId")) {
        out.by = DirectoryFilter::By::external_id;
    } else if (equals_ignoring_case(name, "id")) {
        out.by = DirectoryFilter::By::id;
    } else {
        return bad();
    }
    return out;
}

} // namespace sallyport::gateway
