#include "policy/yaml_hints.h"

#include "policy/scalars.h"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

constexpr std::size_t none = std::string_view::npos;

struct Quoted {
    std::size_t begin = none;
    std::size_t end = none; // npos: never closed
};

std::size_t offset_of(std::string_view text, Place place) {
    std::size_t at = 0;
    for (int line = 1; line < place.line && at < text.size(); ++line) at = line_end(text, at) + 1;
    return std::min(at + static_cast<std::size_t>(std::max(place.column - 1, 0)), text.size());
}

Place place_of(std::string_view text, std::size_t at) {
    const auto before = text.substr(0, at);
    return {1 + static_cast<int>(std::ranges::count(before, '\n')),
            static_cast<int>(at - before.rfind('\n'))}; // npos counts as -1
}

// Behind the lines that belong to a text block whose header is at `at`: those further in than the header's line.
std::size_t behind_block(std::string_view text, std::size_t at) {
    const auto indentation = [&](std::size_t start) {
        return std::min(text.find_first_not_of(' ', start), line_end(text, start)) - start;
    };
    const auto outer = indentation(text.rfind('\n', at) + 1);
    auto next = line_end(text, at) + 1;
    while (next < text.size() && (indentation(next) > outer || next + indentation(next) == line_end(text, next)))
        next = line_end(text, next) + 1;
    return std::min(next, text.size());
}

struct Marks {
    Quoted quoted;                 // the last text in quotes
    std::vector<std::size_t> open; // the '{' and '[' that are not closed yet
};

// What begins before `until`. A guess where the file is broken before.
Marks marks_before(std::string_view text, std::size_t until) {
    Marks found;
    char before = '\n'; // the last character of this line that is no blank
    for (std::size_t i = 0; i < until;) {
        const char c = text[i];
        const bool is_apart = i == 0 || is_blank(text[i - 1]) || text[i - 1] == '\n';
        const bool begins =
            before == '\n' || opens_flow(before) || before == ',' || (is_apart && (before == ':' || before == '-'));
        if (c == '#' && is_apart) {
            i = line_end(text, i);
        } else if (is_quote(c) && begins) {
            found.quoted = {i, quoted_end(text, i)};
            i = std::min(found.quoted.end, text.size());
            before = c;
        } else if ((c == '|' || c == '>') && is_apart && (before == ':' || before == '-')) {
            i = behind_block(text, i);
            before = '\n';
        } else {
            if (opens_flow(c) && (begins || !found.open.empty())) found.open.push_back(i);
            if ((c == '}' || c == ']') && !found.open.empty()) found.open.pop_back();
            if (!is_blank(c)) before = c;
            ++i;
        }
    }
    return found;
}

bool has_lone_return(std::string_view text) {
    for (auto at = text.find('\r'); at != none; at = text.find('\r', at + 1))
        if (at + 1 < text.size() && text[at + 1] != '\n') return true;
    return false;
}

// The text that begins with a sign of YAML, as far as its line goes.
std::string_view value_at(std::string_view text, std::size_t at, bool in_flow) {
    auto end = line_end(text, at);
    if (in_flow) end = std::min(end, text.find_first_of(",]}", at));
    auto value = text.substr(at, end - at);
    value = value.substr(0, value.find(" #"));
    return value.substr(0, value.find_last_not_of(" \t\r") + 1);
}

} // namespace

Unreadable in_our_words(std::string_view text, Place place, std::string_view words) {
    auto at = offset_of(text, place);
    const bool is_block = words == YAML::ErrorMsg::CHAR_IN_BLOCK;
    if (is_block && at > 0 && at < text.size() && text[at] != '>' && text[at] != '|') --at; // it stands behind the sign
    if (at < text.size() && std::string_view(">|*@`%").find(text[at]) != none)
        return {place_of(text, at),
                fmt::format("put quotes around {}; without them '{}' has a meaning of its own in YAML",
                            shown(value_at(text, at, !is_block)), text[at])};
    const bool never_ends = words == YAML::ErrorMsg::END_OF_MAP_FLOW || words == YAML::ErrorMsg::END_OF_SEQ_FLOW;
    const bool is_at_end = never_ends || words == YAML::ErrorMsg::EOF_IN_SCALAR;
    const auto [quoted, open] = marks_before(text, is_at_end ? text.size() : at);
    const bool spans_lines =
        quoted.begin != none && text.substr(quoted.begin, quoted.end - quoted.begin).contains('\n');
    if (!spans_lines) {
        if (never_ends && !open.empty())
            return {place_of(text, open.back()), fmt::format("this '{}' is never closed", text[open.back()])};
        if (words == YAML::ErrorMsg::FLOW_END && at < text.size() && open.empty())
            return {place, fmt::format("this '{}' closes nothing", text[at])};
        if (words == YAML::ErrorMsg::MAP_VALUE && has_lone_return(text))
            return {place, "the lines end with a carriage return alone; end them with a line feed"};
        if (words == YAML::ErrorMsg::MAP_VALUE)
            return {place, "a second ':' in one line; put quotes around a text that holds one, or begin a new line"};
    }
    if (quoted.begin == none) return {place, fmt::format("not readable as YAML: {}", words)};
    const auto begin = place_of(text, quoted.begin);
    if (quoted.end == none) return {begin, fmt::format("this quote ({}) is never closed", text[quoted.begin])};
    const int end_line = place_of(text, quoted.end).line;
    if (begin.line < end_line && end_line == place.line)
        return {begin,
                fmt::format("this quote ({}) is closed only in line {}, and what follows it there is not readable; "
                            "is a quote missing?",
                            text[quoted.begin], end_line)};
    return {place, fmt::format("not readable as YAML: {}", words)};
}

} // namespace sallyport::policy
