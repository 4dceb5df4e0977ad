// What an OpenID provider answers: its metadata (OpenID Connect Discovery 1.0, RFC 8414) and its token endpoint (RFC 6749 section 5). Pure.
#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <string>
#include <string_view>

namespace sallyport::identity {

struct ProviderMetadata {
    std::string authorization_endpoint, token_endpoint, keys;
    bool secret_in_body = false; // it takes the client's secret in the form only (client_secret_post)
};
// Errors (invalid, source upstream): it is another issuer's, or what is needed is missing.
Result<ProviderMetadata> read_provider_metadata(std::string_view json, std::string_view issuer);

struct ProviderTokens {
    std::string id_token;
    Secret refresh_token;
    std::string error; // "invalid_grant"; where it gave none
};
Result<ProviderTokens> read_provider_tokens(std::string_view json);

} // namespace sallyport::identity
