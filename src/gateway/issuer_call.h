// What the gateway asks an OpenID provider or a CI system (identity/provider_words.h, web_token.h): their metadata and keys, which are
// remembered, and tokens. Only hosts that sallyport.yaml names are asked, and no redirect is followed (law 10).
#pragma once

#include "gateway/lane.h"

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::gateway {

// Not older than an hour; older where it cannot be reached and an hour is not long over. `at_least_ms`: what was told before that will not do.
net::Task<Result<std::shared_ptr<const KnownIssuer>>> know_issuer(Lane& lane, const Issuer& issuer,
                                                                  std::int64_t at_least_ms = 0);

// The token, checked. A key that is not known is looked for once more, since issuers change theirs, but at most every ten seconds.
net::Task<Result<identity::WebToken>> verified_token(Lane& lane, const Issuer& issuer, std::string_view text,
                                                     std::string_view audience, std::string_view nonce);

// The provider's token endpoint. Errors: unavailable where it did not answer; refused where it said no, with its word as message.
net::Task<Result<identity::ProviderTokens>> ask_provider(Lane& lane, const Issuer& issuer, const SignInConfig& sign_in,
                                                         std::string form);

} // namespace sallyport::gateway
