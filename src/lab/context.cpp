#include "lab/context.h"

#include "content/code_points.h"

#include <algorithm>
#include <array>

namespace sallyport::lab {

namespace {

constexpr std::size_t list_bytes_max = 4'096; // behind a literal, to the beginning of its list
constexpr std::size_t whole_list_bytes_max = 64 * 1024;
constexpr std::size_t list_count_max = 64; // longer ones are tables of everything

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_word(char c) { return content::is_ascii_word(static_cast<unsigned char>(c)) || c == '_' || c == '$'; }

bool ends_with_word(std::string_view code, std::string_view word) {
    return code.ends_with(word) && (code.size() == word.size() || !is_word(code[code.size() - word.size() - 1]));
}

void drop_blanks_at_end(std::string_view& code) {
    while (!code.empty() && is_blank(code.back())) code.remove_suffix(1);
}

// Takes an operand (a literal, a name with its calls and members, a number) from the end; false where there is none.
bool drop_operand(std::string_view& code) {
    drop_blanks_at_end(code);
    if (code.empty()) return false;
    const char last = code.back();
    if (last == '"' || last == '\'' || last == '`') {
        const std::size_t open = code.substr(0, code.size() - 1).rfind(last);
        if (open == std::string_view::npos) return false;
        code = code.substr(0, open);
        drop_blanks_at_end(code);
        return true;
    }
    const std::size_t before = code.size();
    while (!code.empty() && (is_word(code.back()) || std::string_view(".()[]!").contains(code.back())))
        code.remove_suffix(1);
    const bool taken = code.size() < before;
    drop_blanks_at_end(code);
    return taken;
}

bool is_question(std::string_view code) { return code.ends_with('?') && !code.ends_with("??"); }

bool is_assigned_in_branch(std::string_view code) {
    if (!code.ends_with('=') || code.ends_with("==") || code.ends_with("!=") || code.ends_with("<=")) return false;
    code.remove_suffix(1);
    if (!code.empty() && std::string_view("+|&?").contains(code.back())) code.remove_suffix(1);
    drop_blanks_at_end(code);
    while (!code.empty() && (is_word(code.back()) || code.back() == '.')) code.remove_suffix(1);
    drop_blanks_at_end(code);
    return code.ends_with(')') || code.ends_with("&&(") || code.ends_with(":") || ends_with_word(code, "else");
}

// An object's value: `{0:"a",1:"b"}` is a table to choose from, `{name:"a"}` is not.
bool is_under_number(std::string_view code) {
    if (!code.ends_with(':')) return false;
    code.remove_suffix(1);
    drop_blanks_at_end(code);
    const std::size_t before = code.size();
    while (!code.empty() && content::is_ascii_digit(static_cast<unsigned char>(code.back()))) code.remove_suffix(1);
    if (code.size() == before) return false;
    drop_blanks_at_end(code);
    return code.ends_with('{') || code.ends_with(',');
}

constexpr auto searching = std::to_array<std::string_view>(
    {"includes", "indexOf", "has", "startsWith", "endsWith", "some", "find", "equals", "match", "lastIndexOf"});

std::string_view called_before(std::string_view code) {
    if (!code.ends_with('(')) return {};
    code.remove_suffix(1);
    for (const auto word : searching)
        if (ends_with_word(code, word)) return word;
    return {};
}

std::string_view called_behind(std::string_view code) {
    if (code.starts_with(')')) code.remove_prefix(1);
    if (code.starts_with('.')) code.remove_prefix(1);
    for (const auto word : searching)
        if (code.starts_with(word) && code.substr(word.size()).starts_with('(')) return word;
    return {};
}

std::string_view operator_around(std::string_view before, std::string_view behind) {
    for (const std::string_view one : {"===", "!==", "==", "!="})
        if (before.ends_with(one) || behind.starts_with(one)) return one;
    return ends_with_word(before, "case") ? "case" : std::string_view{};
}

// Back over literals and commas to the bracket that opens their list.
std::optional<std::size_t> bracket_before(std::string_view text, std::size_t quote) {
    std::size_t at = quote;
    const std::size_t limit = quote > list_bytes_max ? quote - list_bytes_max : 0;
    while (at > limit) {
        const char c = text[--at];
        if (is_blank(c)) continue;
        if (c == '[') return at;
        if (c != ',') return std::nullopt;
        while (at > limit && is_blank(text[at - 1])) --at;
        if (at == limit) return std::nullopt;
        const char mark = text[--at];
        if (mark != '"' && mark != '\'') return std::nullopt;
        const std::size_t open = text.rfind(mark, at - 1);
        if (at == 0 || open == std::string_view::npos || open < limit) return std::nullopt;
        at = open;
    }
    return std::nullopt;
}

} // namespace

std::string_view code_before(std::string_view text, const Literal& literal, std::size_t bytes) {
    const std::size_t end = literal.begin - 1, begin = end > bytes ? end - bytes : 0;
    std::string_view code = text.substr(begin, end - begin);
    drop_blanks_at_end(code);
    return code;
}

std::string_view code_behind(std::string_view text, const Literal& literal, std::size_t bytes) {
    std::string_view code = text.substr(std::min(literal.end + 1, text.size()), bytes);
    while (!code.empty() && is_blank(code.front())) code.remove_prefix(1);
    return code;
}

bool is_chosen(std::string_view text, const Literal& literal) {
    std::string_view code = code_before(text, literal, 160);
    if (ends_with_word(code, "return") || is_question(code) || code.ends_with("&&") || code.ends_with("||") ||
        code.ends_with("=>") || code.ends_with("??") || is_assigned_in_branch(code) || is_under_number(code))
        return true;
    for (int arms = 0; arms < 8 && code.ends_with(':'); ++arms) {
        code.remove_suffix(1);
        if (!drop_operand(code)) return false;
        if (is_question(code)) return true;
    }
    return false;
}

std::optional<Literal> other_arm(std::string_view text, const Literal& literal) {
    if (!is_question(code_before(text, literal)) || !code_behind(text, literal).starts_with(':')) return std::nullopt;
    const std::size_t quote = text.find_first_not_of(" \n\r\t", text.find(':', literal.end + 1) + 1);
    if (quote == std::string_view::npos || !std::string_view("\"'`").contains(text[quote])) return std::nullopt;
    return literal_at(text, quote);
}

std::optional<LiteralList> list_at(std::string_view text, std::size_t bracket, std::size_t count_max) {
    LiteralList list;
    text = text.substr(0, std::min(text.size(), bracket + whole_list_bytes_max)); // each of its literals asks for it
    for (std::size_t at = bracket + 1; list.literals.size() <= count_max;) {
        at = text.find_first_not_of(" \n\r\t", at);
        if (at == std::string_view::npos) return std::nullopt;
        if (text[at] == ']' && !list.literals.empty()) {
            list.end = at + 1;
            return list;
        }
        if (text[at] != '"' && text[at] != '\'') return std::nullopt;
        const auto literal = literal_at(text, at);
        if (!literal) return std::nullopt;
        list.literals.push_back(*literal);
        at = text.find_first_not_of(" \n\r\t", literal->end + 1);
        if (at == std::string_view::npos) return std::nullopt;
        if (text[at] == ',') ++at;
    }
    return std::nullopt;
}

bool searches(std::string_view behind) { return !called_behind(behind).empty(); }

Compared compared(std::string_view text, const Literal& literal) {
    const std::string_view before = code_before(text, literal), behind = code_behind(text, literal);
    if (const auto by = operator_around(before, behind); !by.empty()) return {true, {}, by};
    if (const auto by = called_before(before); !by.empty() && behind.starts_with(')')) return {true, {}, by};
    const auto bracket = bracket_before(text, literal.begin - 1);
    if (!bracket) return {};
    const auto list = list_at(text, *bracket, list_count_max);
    if (!list) return {};
    std::string_view by = called_behind(text.substr(list->end, 24));
    if (by.empty() && text.substr(0, *bracket).ends_with("Set(")) by = "a set";
    if (by.empty()) return {};
    Compared result{true, {}, by};
    for (const Literal& one : list->literals) result.list.push_back(one.raw);
    return result;
}

} // namespace sallyport::lab
