#include "base/limits.h"
#include "base/text.h"
#include "json/writer.h"
#include "sim/request_view.h"

namespace sallyport::sim {

namespace {

using json::Document;
using json::Kind;
using json::no_node;
using json::NodeIndex;

// "STRING" and ["string", "null"] are both "string".
std::string type_of(const Document& doc, NodeIndex schema) {
    NodeIndex type = doc.find(schema, "type");
    if (type != no_node && doc[type].kind == Kind::array) type = doc.first_child(type);
    if (type == no_node || doc[type].kind != Kind::string)
        return doc.find(schema, "properties") != no_node ? "object" : "string";
    std::string scratch;
    return to_lower(doc.text(type, scratch));
}

std::string object_example(const Document& doc, NodeIndex schema);

std::string example(const Document& doc, NodeIndex schema, std::string_view name) {
    if (name == "complexity_score") return "10";
    for (const std::string_view key : {"const", "enum"}) {
        NodeIndex value = doc.find(schema, key);
        if (value != no_node && key == "enum" && doc[value].kind == Kind::array) value = doc.first_child(value);
        if (value == no_node) continue;
        const std::string raw(doc.raw_value(value));
        return doc[value].kind == Kind::string ? '"' + raw + '"' : raw;
    }
    const std::string type = type_of(doc, schema);
    if (type == "object") return object_example(doc, schema);
    if (type == "integer" || type == "number") return "1";
    if (type == "boolean") return "true";
    if (type == "array") return "[]";
    if (type == "null") return "null";
    return "\"x\"";
}

std::string object_example(const Document& doc, NodeIndex schema) {
    const NodeIndex properties = doc.find(schema, "properties");
    const NodeIndex required = doc.find(schema, "required");
    std::string out;
    std::string scratch;
    json::Writer w(out);
    w.begin_object();
    if (required != no_node && doc[required].kind == Kind::array) {
        for (NodeIndex i = doc.first_child(required); i != no_node; i = doc.next_sibling(i)) {
            const std::string name(doc.text(i, scratch));
            const NodeIndex property = properties == no_node ? no_node : doc.find(properties, name);
            w.member_raw(name, property == no_node ? "\"x\"" : example(doc, property, name));
        }
    } else if (properties != no_node && doc[properties].kind == Kind::object) {
        // Nothing is said to be required: all of it is the safe answer.
        for (NodeIndex i = doc.first_child(properties); i != no_node; i = doc.next_sibling(i)) {
            const std::string name(doc.key(i, scratch));
            w.member_raw(name, example(doc, i, name));
        }
    }
    w.end_object();
    return out;
}

} // namespace

std::string example_of_schema(const Document& doc, NodeIndex schema) { return example(doc, schema, {}); }

} // namespace sallyport::sim
