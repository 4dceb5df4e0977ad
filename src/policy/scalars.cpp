#include "policy/scalars.h"

#include <algorithm>

namespace sallyport::policy {

namespace {

constexpr std::size_t none = std::string_view::npos;

bool goes_on(std::string_view text, std::size_t at, bool in_flow, int outer) {
    if (text[at] == '#') return false;
    if (in_flow) return true;
    const auto start = text.rfind('\n', at) + 1;
    return static_cast<int>(at - start) > outer && !is_document_marker(text, at);
}

bool is_comment(std::string_view text, std::size_t at, std::size_t from) {
    return text[at] == '#' && at > from && is_blank(text[at - 1]);
}

} // namespace

std::size_t line_end(std::string_view text, std::size_t at) { return std::min(text.find('\n', at), text.size()); }

bool ends_word(std::string_view text, std::size_t at) {
    return at >= text.size() || is_blank(text[at]) || text[at] == '\n' || text[at] == '\r';
}

bool is_document_marker(std::string_view text, std::size_t at) {
    const auto word = text.substr(at, 3);
    return (at == 0 || text[at - 1] == '\n') && (word == "---" || word == "...") && ends_word(text, at + 3);
}

bool ends_key(std::string_view text, std::size_t colon, bool in_flow) {
    if (ends_word(text, colon + 1)) return true;
    const char next = text[colon + 1];
    return in_flow && (next == ',' || opens_flow(next) || closes_flow(next));
}

std::size_t quoted_end(std::string_view text, std::size_t at) {
    const char quote = text[at];
    for (auto i = at + 1; i < text.size(); ++i) {
        const bool is_twice = quote == '\'' && text[i] == quote && i + 1 < text.size() && text[i + 1] == quote;
        if (is_twice || (quote == '"' && text[i] == '\\'))
            ++i; // what follows is text
        else if (text[i] == quote)
            return i + 1;
    }
    return none;
}

std::size_t plain_end(std::string_view text, std::size_t at, bool in_flow, int outer) {
    auto end = at;
    for (auto i = at; i < text.size();) {
        const char c = text[i];
        if (c == '\n') {
            const auto next = text.find_first_not_of(" \t\r\n", i);
            if (next == none || !goes_on(text, next, in_flow, outer)) break;
            i = next;
        } else if (is_blank(c) || c == '\r') {
            ++i;
        } else if (is_comment(text, i, at) || (c == ':' && ends_key(text, i, in_flow)) ||
                   (in_flow && (c == ',' || opens_flow(c) || closes_flow(c)))) {
            break;
        } else {
            end = ++i;
        }
    }
    return end;
}

std::size_t colon_of_key(std::string_view text, std::size_t at) {
    if (opens_flow(text[at]) || text[at] == '|' || text[at] == '>') return none;
    const auto end = line_end(text, at);
    if (is_quote(text[at])) {
        const auto behind = quoted_end(text, at);
        const auto colon = behind == none ? none : text.find_first_not_of(" \t", behind);
        return colon < end && text[colon] == ':' && ends_word(text, colon + 1) ? colon : none;
    }
    for (auto i = at; i < end && !is_comment(text, i, at); ++i)
        if (text[i] == ':' && ends_word(text, i + 1)) return i;
    return none;
}

} // namespace sallyport::policy
