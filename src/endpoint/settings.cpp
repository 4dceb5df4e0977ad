#include "endpoint/settings.h"

#include "base/buffer.h"
#include "json/document.h"
#include "policy/yaml.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <toml++/toml.h>

namespace sallyport::endpoint {

namespace {

constexpr std::size_t toml_bytes_max = 4u << 20;

// Comments and commas before a closing bracket become blanks, so that places stay what they are.
std::string without_comments(std::string_view text) {
    std::string out(text);
    if (out.starts_with("\xEF\xBB\xBF")) out[0] = out[1] = out[2] = ' ';
    std::size_t comma = std::string::npos; // the last one with only blanks behind it so far
    for (std::size_t i = 0; i < out.size(); ++i) {
        const char c = out[i];
        if (c == '"') {
            for (++i; i < out.size() && out[i] != '"'; ++i)
                if (out[i] == '\\') ++i;
            comma = std::string::npos;
        } else if (c == '/' && i + 1 < out.size() && out[i + 1] == '/') {
            for (; i < out.size() && out[i] != '\n'; ++i) out[i] = ' ';
        } else if (c == '/' && i + 1 < out.size() && out[i + 1] == '*') {
            const auto end = std::min(out.find("*/", i + 2), out.size());
            for (; i < out.size() && i < end + 2; ++i)
                if (out[i] != '\n') out[i] = ' ';
            --i;
        } else if (c == ',') {
            comma = i;
        } else if (c == '}' || c == ']') {
            if (comma != std::string::npos) out[comma] = ' ';
            comma = std::string::npos;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            comma = std::string::npos;
        }
    }
    return out;
}

class Lines {
public:
    explicit Lines(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\n') ends_.push_back(i);
    }
    std::size_t of(std::size_t offset) const {
        return 1 + static_cast<std::size_t>(std::ranges::lower_bound(ends_, offset) - ends_.begin());
    }

private:
    std::vector<std::size_t> ends_;
};

using Kind = FileSetting::Kind;

Error too_many() {
    return Error{ErrorKind::too_large, ErrorSource::client, Retry::never, "it holds more settings than are looked at"};
}

Result<std::vector<FileSetting>> read_json(std::string_view text) {
    const Buffer raw(without_comments(text));
    json::Document document;
    if (auto parsed = document.parse(raw.view()); !parsed) return std::unexpected(parsed.error());
    const Lines lines(raw.view());
    std::vector<FileSetting> out;
    std::vector<std::string> path;
    std::vector<std::size_t> places;
    std::vector<std::pair<json::NodeIndex, std::size_t>>
        open; // a table or list, and how many of its values are behind us
    std::string scratch;
    for (json::NodeIndex n = 0; n < document.nodes().size(); ++n) {
        while (!open.empty() && n >= document[open.back().first].end_node) {
            open.pop_back();
            path.pop_back();
            places.pop_back();
        }
        const json::Node& node = document[n];
        if (!open.empty()) {
            path.back() = node.has_key ? std::string(document.key(n, scratch)) : std::to_string(open.back().second++);
            places.back() = lines.of(node.has_key ? node.key_begin : node.begin);
        }
        const bool holds = node.kind == json::Kind::object || node.kind == json::Kind::array;
        if (holds && node.end_node > n + 1) {
            if (open.size() >= settings_depth_max) return std::unexpected(too_many());
            open.emplace_back(n, 0);
            path.emplace_back();
            places.push_back(0);
            continue;
        }
        if (path.empty()) break; // one value that is no table
        if (out.size() >= settings_max) return std::unexpected(too_many());
        FileSetting one{path, {}, lines.of(node.begin), Kind::text, places};
        if (holds)
            one.kind = Kind::empty;
        else {
            one.value = std::string(document.text(n, scratch));
            one.kind = node.kind == json::Kind::string    ? Kind::text
                       : node.kind == json::Kind::number  ? Kind::number
                       : node.kind == json::Kind::boolean ? Kind::boolean
                                                          : Kind::nothing;
        }
        out.push_back(std::move(one));
    }
    return out;
}

struct TomlWalk {
    std::vector<FileSetting>& out;
    std::vector<std::string> path{};
    std::vector<std::size_t> places{};
    bool full = false;

    void add(std::string value, std::size_t line, Kind kind) {
        out.push_back({path, std::move(value), line, kind, places});
    }

    void visit(const toml::node& node) {
        if (full || (full = out.size() >= settings_max || path.size() > settings_depth_max)) return;
        const auto line = static_cast<std::size_t>(node.source().begin.line);
        if (const auto* table = node.as_table()) {
            if (table->empty() && !path.empty()) add({}, line, Kind::empty);
            for (const auto& [key, value] : *table) inner(std::string(key.str()), key.source().begin.line, value);
        } else if (const auto* list = node.as_array()) {
            if (list->empty()) add({}, line, Kind::empty);
            std::size_t i = 0;
            for (const toml::node& value : *list) inner(std::to_string(i++), value.source().begin.line, value);
        } else if (const auto* text = node.as_string()) {
            add(text->get(), line, Kind::text);
        } else if (const auto* flag = node.as_boolean()) {
            add(flag->get() ? "true" : "false", line, Kind::boolean);
        } else {
            std::ostringstream shown;
            node.visit([&](const auto& value) {
                if constexpr (toml::is_value<decltype(value)>) shown << value.get();
            });
            add(shown.str(), line, Kind::number);
        }
    }
    void inner(std::string key, std::size_t line, const toml::node& value) {
        path.push_back(std::move(key));
        places.push_back(line);
        visit(value);
        path.pop_back();
        places.pop_back();
    }
};

Result<std::vector<FileSetting>> read_toml(std::string_view text) {
    if (text.size() > toml_bytes_max) return std::unexpected(too_many());
    std::vector<FileSetting> out;
    try {
        const toml::table table = toml::parse(text);
        TomlWalk walk{out};
        walk.visit(table);
        if (walk.full) return std::unexpected(too_many());
    } catch (const toml::parse_error& error) {
        return fail(ErrorKind::invalid, "line " + std::to_string(error.source().begin.line) + ": it is no TOML",
                    ErrorSource::client);
    }
    std::ranges::sort(out, {}, &FileSetting::line); // tables lie there by name
    return out;
}

void walk_yaml(policy::Node node, std::vector<std::string>& path, std::vector<std::size_t>& places,
               std::vector<FileSetting>& out) {
    if (out.size() >= settings_max) return;
    const auto line = static_cast<std::size_t>(node.place().line);
    if (node.is_map() || node.is_list()) {
        if (node.size() == 0 && !path.empty()) out.push_back({path, {}, line, Kind::empty, places});
        for (std::size_t i = 0; i < node.size(); ++i) {
            path.push_back(node.is_map() ? std::string(node.key(i)) : std::to_string(i));
            const policy::Place place = node.is_map() ? node.key_place(i) : node.at(i).place();
            places.push_back(static_cast<std::size_t>(place.line));
            walk_yaml(node.at(i), path, places, out);
            path.pop_back();
            places.pop_back();
        }
    } else if (!path.empty()) {
        out.push_back({path, std::string(node.text()), line, node.is_scalar() ? Kind::text : Kind::nothing, places});
    }
}

Result<std::vector<FileSetting>> read_yaml(std::string_view text) {
    policy::Reader reader("settings");
    if (!reader.parse(text, toml_bytes_max)) {
        std::string sentence = "it is no YAML that can be read here";
        if (!reader.mistakes().empty())
            sentence = "line " + std::to_string(reader.mistakes().front().line) + ": " + sentence;
        return fail(ErrorKind::invalid, std::move(sentence), ErrorSource::client);
    }
    std::vector<FileSetting> out;
    std::vector<std::string> path;
    std::vector<std::size_t> places;
    walk_yaml(reader.root(), path, places, out);
    if (out.size() >= settings_max) return std::unexpected(too_many());
    return out;
}

} // namespace

Result<std::vector<FileSetting>> read_settings(std::string_view text, Form form) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::vector<FileSetting>();
    switch (form) {
    case Form::json: return read_json(text);
    case Form::toml: return read_toml(text);
    case Form::yaml: return read_yaml(text);
    }
    return std::vector<FileSetting>();
}

} // namespace sallyport::endpoint
