// What the text formats of transparency logs share: lines, decimals without leading zeros, hashes in base64.
#pragma once

#include "tlog/merkle.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::tlog {

// Takes the first line off the front, without its newline; nothing where no newline is left.
std::optional<std::string_view> take_line(std::string_view& text);
std::optional<std::uint64_t> read_decimal(std::string_view text); // "0", or digits that begin with another one
std::optional<Digest> read_hash(std::string_view base64);
std::string hash_text(const Digest& hash);
// Lines of hashes up to an empty line, which is taken too; nothing where a line is none, the end comes first, or there are more.
std::optional<std::vector<Digest>> take_hashes(std::string_view& text, std::size_t hashes_max);

} // namespace sallyport::tlog
