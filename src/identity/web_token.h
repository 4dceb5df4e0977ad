// JSON Web Tokens of an OpenID provider or a CI system (RFC 7515, 7517, 7519), read strictly (RFC 8725): signed with RS256 or ES256 by a key
// that the issuer publishes, for us, not expired. `none`, MACs, "crit", keys inside the token and members given twice are refused.
//
// Pure; a WebToken views nothing. What it says is nothing before check() has accepted it.
#pragma once

#include "base/error.h"
#include "crypto/verifying_key.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::identity {

inline constexpr std::size_t web_token_bytes_max = 16 * 1024;
inline constexpr std::size_t web_keys_max = 64; // of one issuer
inline constexpr std::size_t web_keys_bytes_max = 256 * 1024;
inline constexpr std::size_t claim_texts_max = 1'000;     // of one claim: groups
inline constexpr std::int64_t web_token_skew_ms = 60'000; // of the two clocks

// The keys of one issuer that can be used here; others are passed over, as RFC 7517 section 5 asks.
struct WebKeys {
    struct One {
        std::string id; // "kid"; may be empty
        crypto::VerifyingKey key;
    };
    std::vector<One> keys;
};
// Errors (invalid, source upstream): no JSON Web Key Set.
Result<WebKeys> read_web_keys(std::string_view json);

struct WebToken {
    std::string algorithm, key_id;
    std::string signed_text, signature;
    // Of the payload: members that are a text, a number or a list of texts.
    std::map<std::string, std::vector<std::string>, std::less<>> texts;
    std::map<std::string, std::int64_t, std::less<>> numbers; // whole ones, e.g. seconds
    std::map<std::string, bool, std::less<>> booleans;

    std::string_view text(std::string_view claim) const; // a single one; else empty
    bool lists(std::string_view claim, std::string_view value) const;
};
Result<WebToken> read_web_token(std::string_view text);

struct ExpectedToken {
    std::string_view issuer, audience;
    std::string_view nonce; // empty: none is expected
    std::int64_t now_ms = 0;
};
enum class TokenProblem : std::uint8_t { none, unknown_key, refused };
struct TokenCheck {
    TokenProblem problem = TokenProblem::refused;
    std::string why; // without anything of the token but names of claims
};
// unknown_key: the issuer may have published another one meanwhile.
TokenCheck check(const WebToken& token, const WebKeys& keys, const ExpectedToken& expected);

} // namespace sallyport::identity
