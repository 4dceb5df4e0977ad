// Tokens, keys and answers of an OpenID provider as a stranger would send them: each is read or refused with a sentence, no token without
// a known key is accepted, and what is accepted as a text of a claim is in the input.
#include "identity/provider_words.h"
#include "identity/web_token.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::identity;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    // Half of it keys, half of it a token, where there is a line's end.
    const std::size_t end = input.find('\n');
    const std::string_view first = input.substr(0, end);
    const std::string_view rest = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
    const auto keys = read_web_keys(rest);
    if (!keys) require(!keys.error().message.empty());
    require(!keys || keys->keys.size() <= web_keys_max);
    const auto token = read_web_token(first);
    if (token) {
        require(token->algorithm == "RS256" || token->algorithm == "ES256");
        require(!token->signature.empty() && first.starts_with(token->signed_text));
        const auto checked =
            check(*token, keys.value_or(WebKeys{}), {"https://idp.example", "us", {}, 1'800'000'000'000});
        require((checked.problem == TokenProblem::none) == checked.why.empty());
        if (!keys || keys->keys.empty()) require(checked.problem == TokenProblem::unknown_key);
    } else {
        require(!token.error().message.empty());
    }
    if (const auto metadata = read_provider_metadata(input, "https://idp.example"))
        require(metadata->keys.starts_with("http") && input.contains("issuer"));
    const auto tokens = read_provider_tokens(input);
    require(tokens || !tokens.error().message.empty());
    return 0;
}
