// What a TLS hello of a client says (RFC 8446 section 4.1.2), in the order in which it says it: cipher suites, extensions, groups. A client
// can hide something in an order. Reads strictly within bounds; what is cut short or no hello yields what was read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct TlsHello {
    bool whole = false;
    std::uint16_t version = 0;
    std::vector<std::uint16_t> ciphers, extensions, groups, signatures, versions;
    std::vector<std::string> protocols; // ALPN (RFC 7301)
    std::string server_name;            // RFC 6066, lower case
    std::size_t session_bytes = 0;
};
// `record`: the first TLS record.
TlsHello read_hello(std::string_view record);
// Numbers as four hexadecimal digits; those of RFC 8701, which are drawn by chance, as "grease".
std::string spelled(const std::vector<std::uint16_t>& numbers);

} // namespace sallyport::lab
