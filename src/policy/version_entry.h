// A policy's range of versions for one client, changed in its line: the text as it would be. Text in, text out; nothing is written.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>

namespace sallyport::policy {

// Fails where the text is no policy that can be read, and where it does not state `versions` of this client in a way that can be changed
// safely: then the message holds the range to be written by hand.
Result<std::string> with_versions(std::string_view text, std::string_view client, std::string_view range);

} // namespace sallyport::policy
