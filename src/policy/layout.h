// Where the characters of a YAML text go when it is laid out anew; format.h has the rules and checks the result.
#pragma once

#include "policy/mistake.h"

#include <expected>
#include <string>
#include <string_view>

namespace sallyport::policy {

struct NotLaidOut {
    Place place;
    std::string sentence;
};

// `text` must be readable by a Reader, begin with no byte order mark and have its lines ended by '\n'.
std::expected<std::string, NotLaidOut> lay_out(std::string_view text);

} // namespace sallyport::policy
