// Which files are not the company's own work, by their path and first bytes: what others wrote, what programs made, what is no text.
// Pure. After what GitHub's linguist calls vendored and generated.
#pragma once

#include <expected>
#include <string_view>

namespace sallyport::repo {

// Of a file that cannot be read as text: the reason it is left out with, a constant that is counted and printed as it is.
template <class T> using OrLeftOut = std::expected<T, std::string_view>;

// Why it is left out ("vendored", "generated", "lock file", "binary", "minified"); empty: it is indexed. A path has '/' between its parts.
std::string_view left_out_by_path(std::string_view path);
std::string_view left_out_by_content(std::string_view content);

} // namespace sallyport::repo
