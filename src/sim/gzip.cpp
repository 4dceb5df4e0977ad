#include "sim/gzip.h"

#include <algorithm>
#include <array>

namespace sallyport::sim {

namespace {

constexpr std::size_t stored_bytes_max = 65'535;

// CRC-32 of gzip: RFC 1952 section 8.
constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t n = 0; n < 256; ++n) {
        std::uint32_t c = n;
        for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
        table[n] = c;
    }
    return table;
}();

void append_little(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

void append_stored(std::string& out, std::string_view bytes, bool last) {
    const auto length = static_cast<std::uint32_t>(bytes.size());
    out += last ? '\x01' : '\x00';
    append_little(out, length, 2);
    append_little(out, ~length, 2);
    out += bytes;
}

} // namespace

std::string StoredGzip::begin() const { return {"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10}; }

std::string StoredGzip::add(std::string_view bytes) {
    std::uint32_t c = ~crc_;
    for (const char byte : bytes) c = crc_table[(c ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (c >> 8);
    crc_ = ~c;
    size_ += static_cast<std::uint32_t>(bytes.size());
    std::string out;
    while (!bytes.empty()) {
        const std::string_view block = bytes.substr(0, stored_bytes_max);
        append_stored(out, block, false);
        bytes.remove_prefix(block.size());
    }
    return out;
}

std::string StoredGzip::end() {
    std::string out;
    append_stored(out, {}, true);
    append_little(out, crc_, 4);
    append_little(out, size_, 4);
    return out;
}

} // namespace sallyport::sim
