// Policy files in one form: what `sallyport policy fmt` writes. Text in, text or one mistake out; pure, any thread.
//
// Only blanks, line ends and empty lines change. That is checked on each result, or there is none: the tree that the Reader
// sees (kinds, values, order of keys) and every character that is no blank stay as they were. format(format(x)) is format(x).
#pragma once

#include "policy/mistake.h"

#include <expected>
#include <string>
#include <string_view>

namespace sallyport::policy {

// `name` is used in the mistake: why the text cannot be read, or which part of it cannot be laid out anew without a risk.
std::expected<std::string, Mistake> format(std::string_view text, std::string_view name);

// The first line, from 1, in which the two differ; 0 where they are the same.
int first_difference(std::string_view before, std::string_view after);

} // namespace sallyport::policy
