// gzip (RFC 1952) without compressing: stored blocks (RFC 1951 section 3.2.4). What a reader must undo is all there, and each
// write is whole by itself, so that a stream stays a stream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::sim {

class StoredGzip {
public:
    std::string begin() const;
    std::string add(std::string_view bytes);
    std::string end();

private:
    std::uint32_t crc_ = 0;
    std::uint32_t size_ = 0;
};

} // namespace sallyport::sim
