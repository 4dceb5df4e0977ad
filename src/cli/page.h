// The beginning of pages that need nothing else: one style, no script, no request to anywhere.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::cli {

// Up to the heading; `title` is text.
std::string begin_page(std::string_view title);

} // namespace sallyport::cli
