// What stands around a literal in code: enough to tell a choice from a table and a comparison from a mention. Pure.
#pragma once

#include "lab/literals.h"

#include <string_view>

namespace sallyport::lab {

// The code before the opening quotation mark and behind the closing one, without the blanks next to it; at most `bytes` of it.
std::string_view code_before(std::string_view text, const Literal& literal, std::size_t bytes = 64);
std::string_view code_behind(std::string_view text, const Literal& literal, std::size_t bytes = 64);

// Whether the literal is one of several that a condition chooses from: an arm of `a ? b : c`, of && or ||, what is returned, what a
// branch assigns, an element of a list that is indexed, a value under a number.
bool is_chosen(std::string_view text, const Literal& literal);
// Whether it is the first of two arms that are both literals; the other one.
std::optional<Literal> other_arm(std::string_view text, const Literal& literal);

// Whether something is compared with the literal: by an operator, `case`, startsWith and their like, or in a list that is searched.
// `list`: the literals of that list, in order, where there is one.
struct Compared {
    bool holds = false;
    std::vector<std::string_view> list;
    std::string_view by; // "===", "case", "includes"
};
Compared compared(std::string_view text, const Literal& literal);

// Whether code that begins behind a list looks something up in it: ".includes(", ").has(".
bool searches(std::string_view behind);

// The list of literals from an opening bracket on, where it is one of nothing else; `end` is one past its closing bracket.
struct LiteralList {
    std::vector<Literal> literals;
    std::size_t end = 0;
};
std::optional<LiteralList> list_at(std::string_view text, std::size_t bracket, std::size_t count_max);

} // namespace sallyport::lab
