// What a person most likely meant where yaml-cpp's own words say little. Only yaml_tree.cpp includes this.
#pragma once

#include "policy/yaml_tree.h"

#include <string_view>

namespace sallyport::policy {

// `text` is what yaml-cpp read, `place` and `words` what it said of it.
Unreadable in_our_words(std::string_view text, Place place, std::string_view words);

} // namespace sallyport::policy
