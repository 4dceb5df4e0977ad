// Where the pieces of a YAML text end, for those who look at the text itself: laying it out, telling a mistake's place. Positions
// are byte offsets; lines end with '\n'.
#pragma once

#include <string_view>

namespace sallyport::policy {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_quote(char c) { return c == '"' || c == '\''; }
constexpr bool opens_flow(char c) { return c == '{' || c == '['; }
constexpr bool closes_flow(char c) { return c == '}' || c == ']'; }

std::size_t line_end(std::string_view text, std::size_t at);
bool ends_word(std::string_view text, std::size_t at); // a blank, a line end or the end stands at `at`
bool is_document_marker(std::string_view text, std::size_t at);
// Whether the ':' there ends a key.
bool ends_key(std::string_view text, std::size_t colon, bool in_flow);
// Behind the closing quote; npos where there is none.
std::size_t quoted_end(std::string_view text, std::size_t at);
// Behind the last character of a text without quotes. It goes on over line ends: in {…} and […] up to the next sign, else
// while lines begin behind column `outer` (from 0).
std::size_t plain_end(std::string_view text, std::size_t at, bool in_flow, int outer);
// The ':' of the key that begins at `at`, outside of {…} and […]; npos where no key does.
std::size_t colon_of_key(std::string_view text, std::size_t at);

} // namespace sallyport::policy
