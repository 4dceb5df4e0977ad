// Blocks of text as they lie on disk: one zstd frame each. The only file that knows zstd here. Thread-safe.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>

namespace sallyport::content {

std::string pack_block(std::string_view text);
// Into `out`, which has exactly `size` bytes then; false where the bytes are no such frame.
bool unpack_block(std::string_view packed, std::size_t size, std::string& out);

} // namespace sallyport::content
