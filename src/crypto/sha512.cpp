#include "crypto/sha512.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace sallyport::crypto {

std::string sha512(std::string_view data) {
    std::string digest(64, '\0');
    unsigned size = 0;
    // Fails where OpenSSL has no SHA-512 at all: nothing can be verified then.
    if (EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha512(),
                   nullptr) != 1 ||
        size != 64)
        std::abort();
    return digest;
}

} // namespace sallyport::crypto
