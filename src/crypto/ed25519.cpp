#include "crypto/ed25519.h"

#include <openssl/bn.h>

#include <algorithm>
#include <memory>
#include <string>

namespace sallyport::crypto {

namespace {
constexpr std::size_t point_bytes = 32;
// p = 2^255 - 19 and d = -121665/121666 (RFC 8032, section 5.1), big-endian.
constexpr std::string_view prime_hex = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
constexpr std::string_view d_hex = "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3";

struct Free {
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, Free>;
using Context = std::unique_ptr<BN_CTX, Free>;

Number from_hex_digits(std::string_view digits) {
    BIGNUM* number = nullptr;
    BN_hex2bn(&number, std::string(digits).c_str());
    return Number(number);
}
} // namespace

bool is_ed25519_point(std::string_view bytes) {
    if (bytes.size() != point_bytes) return false;
    std::string big_endian(bytes);
    std::ranges::reverse(big_endian);
    const bool has_sign = (static_cast<unsigned char>(big_endian.front()) & 0x80u) != 0;
    big_endian.front() = static_cast<char>(static_cast<unsigned char>(big_endian.front()) & 0x7Fu);
    const Context context(BN_CTX_new());
    const Number prime = from_hex_digits(prime_hex), d = from_hex_digits(d_hex), one = from_hex_digits("1");
    const Number y(BN_bin2bn(reinterpret_cast<const unsigned char*>(big_endian.data()), point_bytes, nullptr));
    const Number square(BN_new()), above(BN_new()), below(BN_new()), product(BN_new());
    if (!context || !prime || !d || !one || !y || !square || !above || !below || !product) return false;
    if (BN_cmp(y.get(), prime.get()) >= 0) return false;
    // x² = (y² - 1) / (d·y² + 1), whose divisor is never 0; it is a square where the product of the two is one.
    if (BN_mod_sqr(square.get(), y.get(), prime.get(), context.get()) != 1 ||
        BN_mod_sub(above.get(), square.get(), one.get(), prime.get(), context.get()) != 1 ||
        BN_mod_mul(below.get(), d.get(), square.get(), prime.get(), context.get()) != 1 ||
        BN_mod_add(below.get(), below.get(), one.get(), prime.get(), context.get()) != 1 ||
        BN_mod_mul(product.get(), above.get(), below.get(), prime.get(), context.get()) != 1)
        return false;
    if (BN_is_zero(above.get()) == 1) return !has_sign; // x = 0
    return BN_kronecker(product.get(), prime.get(), context.get()) == 1;
}

} // namespace sallyport::crypto
