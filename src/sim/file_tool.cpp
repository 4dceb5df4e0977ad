#include "sim/file_tool.h"

#include "base/log.h"
#include "json/writer.h"

#include <algorithm>
#include <array>

namespace sallyport::sim {

namespace {

using json::Document;
using json::Kind;
using json::no_node;
using json::NodeIndex;

struct Offered {
    std::string name;
    NodeIndex schema = no_node; // of its arguments
    bool custom = false;        // takes text, not JSON
};

void add_definition(const Document& doc, NodeIndex definition, std::vector<Offered>& into) {
    if (doc[definition].kind != Kind::object) return;
    for (const std::string_view list : {"functionDeclarations", "function_declarations", "tools"}) {
        // Gemini's declarations, and the namespaces of openai-responses.
        const NodeIndex inner = doc.find(definition, list);
        if (inner == no_node || doc[inner].kind != Kind::array) continue;
        for (NodeIndex i = doc.first_child(inner); i != no_node; i = doc.next_sibling(i)) add_definition(doc, i, into);
        return;
    }
    const NodeIndex function = doc.find(definition, "function"); // openai-chat wraps it
    const NodeIndex body = function != no_node && doc[function].kind == Kind::object ? function : definition;
    const NodeIndex name = doc.find(body, "name");
    if (name == no_node || doc[name].kind != Kind::string) return;
    std::string scratch;
    Offered tool{std::string(doc.text(name, scratch)), no_node, false};
    for (const std::string_view key : {"input_schema", "parametersJsonSchema", "parameters"})
        if (tool.schema == no_node) tool.schema = doc.find(body, key);
    const NodeIndex type = doc.find(definition, "type");
    tool.custom = type != no_node && doc.text_is(type, "custom") && tool.schema == no_node;
    into.push_back(std::move(tool));
}

std::vector<Offered> offered(Dialect dialect, const Document& doc) {
    std::vector<Offered> tools;
    const auto add_list = [&](NodeIndex list) {
        if (list == no_node || doc[list].kind != Kind::array) return;
        for (NodeIndex i = doc.first_child(list); i != no_node; i = doc.next_sibling(i)) add_definition(doc, i, tools);
    };
    add_list(doc.find(doc.root(), "tools"));
    const NodeIndex input = dialect == Dialect::openai_responses ? doc.find(doc.root(), "input") : no_node;
    if (input == no_node || doc[input].kind != Kind::array) return tools;
    for (NodeIndex i = doc.first_child(input); i != no_node; i = doc.next_sibling(i)) {
        const NodeIndex type = doc.find(i, "type");
        if (type != no_node && doc.text_is(type, "additional_tools")) add_list(doc.find(i, "tools"));
    }
    return tools;
}

// In the order of preference: a tool that reads files before a shell that can.
enum class Takes : std::uint8_t { path, command, script };
struct Known {
    std::string_view name;
    Takes takes;
};
constexpr std::array<Known, 11> known_tools = {{{"Read", Takes::path},
                                                {"read_file", Takes::path},
                                                {"read", Takes::path},
                                                {"view", Takes::path},
                                                {"exec", Takes::script},
                                                {"exec_command", Takes::command},
                                                {"Bash", Takes::command},
                                                {"bash", Takes::command},
                                                {"run_shell_command", Takes::command},
                                                {"shell_command", Takes::command},
                                                {"shell", Takes::command}}};

// The first of `keys` that the tool's schema has, else the first of them; `property` is where it is described.
template <std::size_t N>
std::string_view argument_key(const Document& doc, const Offered& tool, const std::array<std::string_view, N>& keys,
                              NodeIndex& property) {
    const NodeIndex properties = tool.schema == no_node ? no_node : doc.find(tool.schema, "properties");
    if (properties != no_node)
        for (const std::string_view key : keys)
            if (property = doc.find(properties, key); property != no_node) return key;
    property = no_node;
    return keys[0];
}

std::string cat_command(std::string_view file) {
    // Names are used bare where a shell takes them so: that is what was measured, and what readers of commands understand.
    const bool plain =
        file.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@%+=:,-") ==
        std::string_view::npos;
    std::string command = "cat ";
    if (plain) return command.append(file);
    command += '\'';
    for (const char c : file) command += c == '\'' ? "'\\''" : std::string(1, c);
    return command + '\'';
}

std::string command_arguments(const Document& doc, const Offered& tool, const std::string& command) {
    constexpr std::array<std::string_view, 2> keys = {"cmd", "command"};
    NodeIndex property = no_node;
    const std::string_view key = argument_key(doc, tool, keys, property);
    const NodeIndex type = property == no_node ? no_node : doc.find(property, "type");
    std::string out;
    json::Writer w(out);
    w.begin_object();
    if (type != no_node && doc.text_is(type, "array")) { // an argument vector
        w.begin_array(key);
        for (const std::string_view word : {std::string_view("sh"), std::string_view("-c"), std::string_view(command)})
            w.element(word);
        w.end_array();
    } else {
        w.member(key, command);
    }
    w.end_object();
    return out;
}

std::string script(const std::string& command) {
    std::string out = "const r = await tools.exec_command({cmd: \"";
    append_json_escaped(out, command); // JSON's strings are JavaScript's
    return out + "\"});\ntext(r.output);";
}

constexpr std::array<std::string_view, 4> path_keys = {"file_path", "filePath", "absolute_path", "path"};

std::string path_arguments(const Document& doc, const Offered& tool, std::string_view file) {
    NodeIndex property = no_node;
    const std::string_view key = argument_key(doc, tool, path_keys, property);
    std::string out;
    json::Writer w(out);
    w.begin_object();
    w.member(key, file);
    w.end_object();
    return out;
}

struct Edit {
    std::string file;
    std::string_view before, after;
};

std::string edit_arguments(const Document& doc, const Offered& tool, const Edit& edit) {
    constexpr std::array<std::string_view, 4> before = {"old_string", "oldString", "old_str", "oldText"};
    constexpr std::array<std::string_view, 4> after = {"new_string", "newString", "new_str", "newText"};
    constexpr std::array<std::string_view, 1> why = {"instruction"};
    NodeIndex property = no_node;
    std::string out;
    json::Writer w(out);
    w.begin_object();
    w.member(argument_key(doc, tool, path_keys, property), edit.file);
    w.member(argument_key(doc, tool, before, property), edit.before);
    w.member(argument_key(doc, tool, after, property), edit.after);
    if (const auto key = argument_key(doc, tool, why, property); property != no_node)
        w.member(key, "Mark the line as edited.");
    w.end_object();
    return out;
}

// The format of the tool apply_patch. Lines are replaced whole.
std::string patch(const Edit& edit) {
    std::string out = "*** Begin Patch\n*** Update File: ";
    out.append(edit.file).append("\n@@\n-").append(edit.before).append("\n+").append(edit.after);
    return out + "\n*** End Patch";
}

std::string patch_arguments(const Edit& edit) {
    std::string out;
    json::Writer w(out);
    w.begin_object();
    w.member("input", patch(edit));
    w.end_object();
    return out;
}

constexpr std::array<std::string_view, 4> tools_that_edit = {"Edit", "replace", "edit", "str_replace"};

// How the six clients introduce their working directory. What follows is the path, up to the line's end or a '<'.
constexpr std::array<std::string_view, 4> introductions = {"orking directory: ", "working in the directory: ", "<cwd>",
                                                           "Workspace Directories:**\n  - "};

std::string directory_in(std::string_view text) {
    std::size_t first = std::string_view::npos;
    std::string_view found;
    for (const std::string_view words : introductions) {
        for (std::size_t at = text.find(words); at < first; at = text.find(words, at + 1)) {
            const std::string_view path = text.substr(at + words.size());
            if (!path.starts_with('/')) continue; // prose about directories
            first = at;
            found = path.substr(0, path.find_first_of("\n<"));
        }
    }
    while (found.ends_with(' ') || found.ends_with('\r')) found.remove_suffix(1);
    return std::string(found);
}

} // namespace

std::vector<std::string> tools_offered(Dialect dialect, const Document& doc) {
    std::vector<std::string> names;
    for (Offered& tool : offered(dialect, doc)) names.push_back(std::move(tool.name));
    return names;
}

std::string working_directory(const Document& doc) {
    const NodeIndex tools = doc.find(doc.root(), "tools");
    std::string scratch;
    for (NodeIndex i = 0; i < doc.nodes().size(); ++i) {
        if (i == tools) {
            i = doc[i].end_node - 1;
            continue;
        }
        if (doc[i].kind != Kind::string) continue;
        if (std::string directory = directory_in(doc.text(i, scratch)); !directory.empty()) return directory;
    }
    return {};
}

namespace {
std::string absolute(const Document& doc, std::string_view file) {
    std::string name = file.starts_with('/') ? std::string() : working_directory(doc);
    if (!name.empty() && !name.ends_with('/')) name += '/';
    return name.append(file);
}
} // namespace

std::optional<ToolCall> call_to_edit(Dialect dialect, const Document& doc, std::string_view file,
                                     std::string_view before, std::string_view after) {
    const std::vector<Offered> tools = offered(dialect, doc);
    for (const Offered& tool : tools) {
        if (tool.name == "apply_patch") {
            const Edit edit{std::string(file), before, after};
            return ToolCall{tool.name, tool.custom ? patch(edit) : patch_arguments(edit), tool.custom};
        }
        if (std::ranges::find(tools_that_edit, tool.name) == tools_that_edit.end()) continue;
        return ToolCall{tool.name, edit_arguments(doc, tool, {absolute(doc, file), before, after}), false};
    }
    return std::nullopt;
}

std::optional<ToolCall> call_to_read(Dialect dialect, const Document& doc, std::string_view file) {
    const std::vector<Offered> tools = offered(dialect, doc);
    for (const Known& known : known_tools) {
        for (const Offered& tool : tools) {
            if (tool.name != known.name || tool.custom != (known.takes == Takes::script)) continue;
            const std::string name = absolute(doc, file);
            ToolCall call{tool.name, {}, tool.custom};
            if (known.takes == Takes::path)
                call.arguments = path_arguments(doc, tool, name);
            else if (known.takes == Takes::command)
                call.arguments = command_arguments(doc, tool, cat_command(name));
            else
                call.arguments = script(cat_command(name));
            return call;
        }
    }
    return std::nullopt;
}

} // namespace sallyport::sim
