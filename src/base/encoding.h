// Hex, base64url (RFC 4648 section 5, without padding) and base64 (section 4, with padding).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text); // canonical only

} // namespace sallyport
