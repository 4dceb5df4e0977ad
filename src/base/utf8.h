// UTF-8 (RFC 3629): what is well formed, in the strict reading of its table (no overlong forms, no surrogates).
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport {

// Length of the well-formed sequence at the front of `text`, 0 where there is none.
std::size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);

} // namespace sallyport
