// SHA-512 (FIPS 180-4), as package registries name their packages by. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::crypto {

std::string sha512(std::string_view data); // 64 bytes

} // namespace sallyport::crypto
