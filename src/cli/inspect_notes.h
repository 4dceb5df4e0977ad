// The release notes that a difference is held against: a file, or what the catalogue names as the client's.
#pragma once

#include "base/error.h"

#include <string>

namespace sallyport::cli {

// `said`: a file; an address (https://…); or "feed": the address that the catalogue has of this package's client. Errors say why there are
// none: what then changes is told as "notes not available".
Result<std::string> read_notes(const std::string& said, const std::string& package);
inline constexpr std::string_view notes_feed = "feed";

} // namespace sallyport::cli
