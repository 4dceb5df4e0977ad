#include "policy/repository_entry.h"

#include "base/limits.h"
#include "base/text.h"
#include "policy/names.h"
#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace sallyport::policy {

namespace {

constexpr std::string_view shown_name = "policy.yaml";

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

Node member(Node map, std::string_view key) {
    for (std::size_t i = 0; map.is_map() && i < map.size(); ++i)
        if (map.key(i) == key) return map.at(i);
    return {};
}

Place place_of_key(Node map, std::string_view key) {
    for (std::size_t i = 0; map.is_map() && i < map.size(); ++i)
        if (map.key(i) == key) return map.key_place(i);
    return {};
}

// Offset of a place, or of the begin of a line; the text's size where there is none.
std::size_t offset_of_line(std::string_view text, int line) {
    std::size_t at = 0;
    for (int i = 1; i < line && at < text.size(); ++i) at = std::min(text.find('\n', at), text.size() - 1) + 1;
    return at;
}
std::size_t offset_of(std::string_view text, Place place) {
    return std::min(text.size(), offset_of_line(text, place.line) + static_cast<std::size_t>(place.column - 1));
}

std::string_view line_ending(std::string_view text) {
    const std::size_t end = text.find('\n');
    return end != std::string_view::npos && end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
}

std::size_t first_match(Node list, std::string_view repository) {
    std::size_t i = 0;
    while (i < list.size() && !glob_matches(member(list.at(i), "match").text(), repository)) ++i;
    return i;
}

// A new entry, with what the one that counts until now says beside the class.
std::string entry_text(std::string_view repository, Class cls, Node until_now, bool as_json) {
    const auto key = [&](std::string_view word) { return as_json ? quoted(word) : std::string(word); };
    const auto word = [&](std::string_view value) { return as_json ? quoted(value) : std::string(value); };
    std::string out =
        fmt::format("{{ {}: {}, {}: {}", key("match"), quoted(pattern_of(repository)), key("class"), word(name(cls)));
    if (const Node paths = member(until_now, "paths"); paths.is_map() && paths.size() > 0) {
        out += fmt::format(", {}: {{", key("paths"));
        for (std::size_t i = 0; i < paths.size(); ++i)
            out += fmt::format("{} {}: {}", i == 0 ? "" : ",", quoted(paths.key(i)), word(paths.at(i).text()));
        out += " }";
    }
    if (const Node entity = member(until_now, "legal_entity"))
        out += fmt::format(", {}: {}", key("legal_entity"), quoted(entity.text()));
    return out + " }";
}

// The class's word of an entry, quotes and all, replaced by another.
std::optional<std::string> with_class(std::string_view text, Node entry, Class cls) {
    const Node written = member(entry, "class");
    const std::size_t at = offset_of(text, written.place());
    const std::string_view rest = text.substr(at);
    const bool is_quoted = rest.starts_with('"') || rest.starts_with('\'');
    if (!rest.substr(is_quoted ? 1 : 0).starts_with(written.text())) return std::nullopt;
    std::string out(text);
    return out.replace(at + (is_quoted ? 1 : 0), written.text().size(), name(cls));
}

// Before the comments that stand right above the line, since they speak of what is in it.
int line_above_comments(std::string_view text, int line) {
    while (line > 1) {
        const std::size_t begin = offset_of_line(text, line - 1);
        const std::string_view above = trim(text.substr(begin, text.find('\n', begin) - begin));
        if (!above.starts_with('#')) break;
        --line;
    }
    return line;
}

std::string inserted(std::string_view text, std::size_t at, std::string_view what) {
    return std::string(text.substr(0, at)).append(what).append(text.substr(at));
}

std::string inserted_line(std::string_view text, int line, std::string_view what) {
    const std::size_t at = offset_of_line(text, line);
    const std::string_view ending = line_ending(text);
    const bool is_unended = at > 0 && at == text.size() && text.back() != '\n';
    return inserted(text, at, is_unended ? fmt::format("{}{}", ending, what) : fmt::format("{}{}", what, ending));
}

// Lists in brackets take it between two items, lists of lines as a line.
std::optional<std::string> with_item(std::string_view text, Node list, std::size_t index, std::string_view entry) {
    if (text.substr(offset_of(text, list.place())).starts_with('[')) {
        if (list.size() == 0) return inserted(text, offset_of(text, list.place()) + 1, entry);
        if (index == list.size()) index = 0;
        return inserted(text, offset_of(text, list.at(index).place()), fmt::format("{}, ", entry));
    }
    if (list.size() == 0) return std::nullopt;
    const int line = list.at(index == list.size() ? 0 : index).place().line;
    const std::size_t begin = offset_of_line(text, line);
    const std::size_t dash = text.find_first_not_of(' ', begin);
    if (dash == std::string_view::npos || text[dash] != '-') return std::nullopt;
    const std::string indented = std::string(text.substr(begin, dash - begin)) + "- " + std::string(entry);
    return inserted_line(text, line_above_comments(text, line), indented);
}

// Behind the version, which every policy has.
std::optional<std::string> with_section(std::string_view text, Node root, std::string_view entry) {
    const Place version = member(root, "version").place();
    if (const std::size_t at = offset_of(text, root.place()); text.substr(at).starts_with('{'))
        return inserted(text, at + 1, fmt::format("\"repositories\": [{}], ", entry));
    if (version.line == 0) return std::nullopt;
    return inserted_line(text, version.line + 1, fmt::format("repositories:{}  - {}", line_ending(text), entry));
}

// The entries as they are read, to compare: an edit may change one of them and nothing else.
std::vector<std::string> entries_of(std::string_view text) {
    Reader reader{std::string(shown_name)};
    std::vector<std::string> out;
    if (!reader.parse(text, limits::policy_bytes_max)) return out;
    const Node list = member(reader.root(), "repositories");
    for (std::size_t i = 0; list.is_list() && i < list.size(); ++i)
        out.push_back(fmt::format("{} {}", member(list.at(i), "match").text(), member(list.at(i), "class").text()));
    return out;
}

std::unexpected<Error> by_hand(std::string_view entry) {
    return fail(ErrorKind::invalid, fmt::format("its repositories are laid out so that no line can be put in safely; "
                                                "write this entry by hand, before those that match it too: - {}",
                                                entry));
}

Result<void> parse(Reader& reader, std::string_view text) {
    if (!reader.parse(text, limits::policy_bytes_max) || !reader.clean())
        return fail(ErrorKind::invalid, reader.mistakes().front().text());
    return {};
}

struct Lines {
    std::vector<std::string_view> all; // each with its line end
    explicit Lines(std::string_view text) {
        while (!text.empty()) {
            const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
            all.push_back(text.substr(0, size));
            text.remove_prefix(size);
        }
    }
};

void add_line(std::string& out, char sign, std::string_view line) {
    out.append(1, sign).append(line);
    if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

} // namespace

std::string pattern_of(std::string_view repository) {
    std::string out(repository);
    for (char& c : out)
        if ((c >= 0 && c <= ' ') || c == '*' || c == '\\' || c == 0x7F) c = '?';
    return out;
}

std::string entry_line(std::string_view repository, Class cls) { return entry_text(repository, cls, {}, false); }

Result<EntryFound> entry_for(std::string_view text, std::string_view repository) {
    Reader reader{std::string(shown_name)};
    if (auto read = parse(reader, text); !read) return std::unexpected(read.error());
    const Node list = member(reader.root(), "repositories");
    const std::size_t index = list.is_list() ? first_match(list, repository) : 0;
    if (!list.is_list() || index == list.size()) return EntryFound{};
    EntryFound found{list.at(index).place().line, std::string(member(list.at(index), "match").text())};
    const auto cls = std::ranges::find(class_names, member(list.at(index), "class").text());
    if (cls != class_names.end()) found.cls = static_cast<Class>(cls - class_names.begin());
    return found;
}

Result<std::string> with_entry(std::string_view text, std::string_view repository, Class cls) {
    Reader reader{std::string(shown_name)};
    if (auto read = parse(reader, text); !read) return std::unexpected(read.error());
    const Node list = member(reader.root(), "repositories");
    const std::string pattern = pattern_of(repository);
    const std::size_t index = list.is_list() ? first_match(list, repository) : 0;
    const Node counts = list.is_list() && index < list.size() ? list.at(index) : Node();
    const bool as_json = text.substr(offset_of(text, reader.root().place())).starts_with('{');
    const std::string entry = entry_text(repository, cls, counts, as_json);

    std::optional<std::string> out;
    std::vector<std::string> wanted = entries_of(text);
    const std::string as_read = fmt::format("{} {}", pattern, name(cls));
    if (counts && member(counts, "match").text() == pattern) {
        out = with_class(text, counts, cls);
        wanted[index] = as_read;
    } else if (list.is_list()) {
        out = with_item(text, list, index, entry);
        wanted.insert(wanted.begin() + static_cast<std::ptrdiff_t>(counts ? index : 0), as_read);
    } else if (place_of_key(reader.root(), "repositories").line == 0) {
        out = with_section(text, reader.root(), entry);
        wanted = {as_read};
    }
    if (!out || entries_of(*out) != wanted) return by_hand(entry);
    return std::move(*out);
}

std::string unified_diff(std::string_view before, std::string_view after, std::string_view path) {
    constexpr std::size_t context = 3;
    const std::vector<std::string_view> old_lines = Lines(before).all, new_lines = Lines(after).all;
    const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
    std::size_t same = 0, same_at_end = 0;
    while (same < shorter && old_lines[same] == new_lines[same]) ++same;
    if (same == old_lines.size() && same == new_lines.size()) return {};
    while (same_at_end < shorter - same &&
           old_lines[old_lines.size() - 1 - same_at_end] == new_lines[new_lines.size() - 1 - same_at_end])
        ++same_at_end;
    const std::size_t begin = same - std::min(same, context), tail = std::min(same_at_end, context);
    const std::size_t old_end = old_lines.size() - same_at_end, new_end = new_lines.size() - same_at_end;
    const auto range = [&](std::size_t end) {
        const std::size_t count = end + tail - begin;
        return fmt::format("{},{}", count == 0 ? begin : begin + 1, count);
    };
    const std::string_view mark = path.contains(' ') ? "\t" : ""; // ends a name with blanks
    std::string out =
        fmt::format("--- a/{0}{1}\n+++ b/{0}{1}\n@@ -{2} +{3} @@\n", path, mark, range(old_end), range(new_end));
    for (std::size_t i = begin; i < same; ++i) add_line(out, ' ', old_lines[i]);
    for (std::size_t i = same; i < old_end; ++i) add_line(out, '-', old_lines[i]);
    for (std::size_t i = same; i < new_end; ++i) add_line(out, '+', new_lines[i]);
    for (std::size_t i = old_end; i < old_end + tail; ++i) add_line(out, ' ', old_lines[i]);
    return out;
}

} // namespace sallyport::policy
