// Sets of characters among which a reader sees no difference, and what a set of them says. Pure.
#pragma once

#include "lab/finding.h"

#include <optional>
#include <string>
#include <vector>

namespace sallyport::lab {

// Characters with the same number look alike: the ASCII character that they look like, or `unseen`. 0: like nothing in ASCII.
inline constexpr int unseen = 1;
int looks_like(char32_t character);
bool is_unseen(char32_t character); // no width, or a selector, a tag, a direction

std::string to_utf8(char32_t character);
std::u32string to_code_points(std::string_view text);
// Each character as what it looks like; unseen ones are gone.
std::u32string as_seen(std::string_view text);

// A set of different characters that all look like `like`; nothing where they are no such set. The finding has no place yet.
std::optional<Finding> judge_set(std::vector<char32_t> characters, int like, std::string_view how);

} // namespace sallyport::lab
