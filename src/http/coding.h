// Content codings (RFC 9110 section 8.4.1): gzip, deflate, br (RFC 7932), zstd (RFC 8878), decoded piece by piece and bounded, for
// looking at a body that is forwarded as it came.
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <memory>
#include <string_view>

namespace sallyport::http {

class Decoder {
public:
    virtual ~Decoder() = default;
    // Appends what `input` decodes to. An error where the data is damaged or `out` would grow beyond `bytes_max`.
    virtual Result<void> decode(std::string_view input, Buffer& out, std::size_t bytes_max) = 0;
    // Whether the coded data came to its proper end, so that nothing was cut off or follows.
    virtual bool finished() const = 0;
};

// nullptr for a coding that is not known (two codings on top of each other among them).
std::unique_ptr<Decoder> make_decoder(std::string_view coding, ErrorSource source);
bool is_identity(std::string_view coding); // empty or "identity"

} // namespace sallyport::http
