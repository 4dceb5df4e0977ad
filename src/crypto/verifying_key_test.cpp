#include "crypto/verifying_key.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace sallyport::crypto {
namespace {

const std::string exponent("\x01\x00\x01", 3);
std::string modulus(std::size_t bytes) { return std::string(bytes, '\xab'); } // odd, with its first bit set

TEST(VerifyingKey, RsaKeysHaveAnHonestSize) {
    EXPECT_TRUE(VerifyingKey::rsa(modulus(256), exponent));
    EXPECT_TRUE(VerifyingKey::rsa(modulus(1024), exponent));
    EXPECT_FALSE(VerifyingKey::rsa(modulus(128), exponent));
    EXPECT_FALSE(VerifyingKey::rsa(modulus(255), exponent));
    EXPECT_FALSE(VerifyingKey::rsa(modulus(1025), exponent));
    EXPECT_FALSE(VerifyingKey::rsa(modulus(256), "\x01"));
    EXPECT_FALSE(VerifyingKey::rsa(modulus(256), "\x04"));
    EXPECT_FALSE(VerifyingKey::rsa(modulus(256), ""));
    EXPECT_FALSE(VerifyingKey::rsa(modulus(256), std::string(9, '\x01')));
}

// RFC 7515 appendix A.3.
TEST(VerifyingKey, Es256OfTheStandard) {
    const std::string x = *from_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                      y = *from_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    const std::string text =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    std::string signature =
        *from_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    const auto key = VerifyingKey::p256(x, y);
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->verify(text, signature));
    EXPECT_FALSE(key->verify(text + "x", signature));
    EXPECT_FALSE(key->verify(text, signature.substr(1)));
    EXPECT_FALSE(key->verify(text, std::string(64, '\0')));
    signature.back() ^= 1;
    EXPECT_FALSE(key->verify(text, signature));
    EXPECT_FALSE(VerifyingKey::p256(y, x)) << "no point of the curve";
    EXPECT_FALSE(VerifyingKey::p256(x, y.substr(1)));
}

} // namespace
} // namespace sallyport::crypto
