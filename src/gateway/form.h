// Forms (application/x-www-form-urlencoded, WHATWG URL section 5), as OAuth speaks. Pure.
#pragma once

#include "base/error.h"

#include <map>
#include <string>
#include <string_view>

namespace sallyport::gateway {

inline constexpr std::size_t form_bytes_max = 32 * 1024, form_fields_max = 64;

// Errors (invalid, source client): a field twice (RFC 6749 section 3.2), too many, a bad escape.
using Form = std::map<std::string, std::string, std::less<>>;
Result<Form> read_form(std::string_view text);
std::string_view field(const Form& form, std::string_view name); // empty where it is not there
std::string form_encoded(std::string_view text);

} // namespace sallyport::gateway
