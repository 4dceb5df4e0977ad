// Public keys of Ed25519 as RFC 8032 (section 5.1.3) decodes them. OpenSSL reads some that it does not: y beyond the field's prime, and x = 0
// with a sign; another verifier then says something else of the same signature.
#pragma once

#include <string_view>

namespace sallyport::crypto {

// Are these 32 bytes the one encoding of a point of the curve?
bool is_ed25519_point(std::string_view bytes);

} // namespace sallyport::crypto
