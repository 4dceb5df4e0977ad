#include "identity/provider_words.h"

#include "base/buffer.h"
#include "json/document.h"

#include <algorithm>

namespace sallyport::identity {

namespace {

using json::Document;
using json::NodeIndex;

std::unexpected<Error> unreadable(std::string what) {
    return fail(ErrorKind::invalid, std::move(what), ErrorSource::upstream);
}

Result<std::string> text_of(const Document& document, std::string_view name) {
    const auto node = document.find_once(document.root(), name);
    if (!node) return unreadable("its answer has '" + std::string(name) + "' twice");
    std::string scratch;
    if (*node == json::no_node || document[*node].kind != json::Kind::string) return std::string();
    return std::string(document.text(*node, scratch));
}

bool is_url(std::string_view text) {
    return (text.starts_with("https://") || text.starts_with("http://")) &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '#'; });
}

} // namespace

Result<ProviderMetadata> read_provider_metadata(std::string_view json, std::string_view issuer) {
    const Buffer raw(json);
    Document document;
    if (const auto parsed = document.parse(raw.view()); !parsed) return unreadable("its metadata is no JSON");
    ProviderMetadata out;
    const auto told = text_of(document, "issuer");
    if (!told) return std::unexpected(told.error());
    if (*told != issuer) return unreadable("its metadata says that it is another issuer");
    const std::pair<const char*, std::string*> wanted[] = {{"jwks_uri", &out.keys},
                                                           {"authorization_endpoint", &out.authorization_endpoint},
                                                           {"token_endpoint", &out.token_endpoint}};
    for (const auto& [name, into] : wanted) {
        auto text = text_of(document, name);
        if (!text) return std::unexpected(text.error());
        if (!text->empty() && !is_url(*text))
            return unreadable("its metadata has a '" + std::string(name) + "' that is no URL");
        *into = std::move(*text);
    }
    if (out.keys.empty()) return unreadable("its metadata has no 'jwks_uri'");
    const NodeIndex methods = document.find(document.root(), "token_endpoint_auth_methods_supported");
    if (methods != json::no_node && document[methods].kind == json::Kind::array) {
        bool basic = false, post = false;
        for (NodeIndex i = document.first_child(methods); i != json::no_node; i = document.next_sibling(i)) {
            basic = basic || document.text_is(i, "client_secret_basic");
            post = post || document.text_is(i, "client_secret_post");
        }
        out.secret_in_body = post && !basic;
    }
    return out;
}

Result<ProviderTokens> read_provider_tokens(std::string_view json) {
    const Buffer raw(json);
    Document document;
    if (const auto parsed = document.parse(raw.view()); !parsed) return unreadable("its answer is no JSON");
    ProviderTokens out;
    for (const auto& [name, into] : {std::pair{"id_token", &out.id_token}, std::pair{"error", &out.error}}) {
        auto text = text_of(document, name);
        if (!text) return std::unexpected(text.error());
        *into = std::move(*text);
    }
    auto refresh = text_of(document, "refresh_token");
    if (!refresh) return std::unexpected(refresh.error());
    out.refresh_token = Secret(std::move(*refresh));
    return out;
}

} // namespace sallyport::identity
