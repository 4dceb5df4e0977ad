// A checksum against damage on a disk, not against forgery: XXH3-64 (xxHash 0.8). 20 GB/s and more.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::crypto {

std::uint64_t checksum(std::string_view bytes);

} // namespace sallyport::crypto
