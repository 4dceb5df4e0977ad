#include "identity/web_token.h"

#include "base/buffer.h"
#include "base/encoding.h"
#include "json/document.h"

#include <algorithm>
#include <charconv>

namespace sallyport::identity {

namespace {

using json::Document;
using json::NodeIndex;

std::unexpected<Error> unreadable(std::string what) {
    return fail(ErrorKind::invalid, std::move(what), ErrorSource::upstream);
}

// An object in which no member stands twice: else two readers could see two tokens.
Result<void> parse_object(const Buffer& text, Document& into, const char* what) {
    if (auto parsed = into.parse(text.view()); !parsed) return unreadable(std::string(what) + " is no JSON");
    if (into[into.root()].kind != json::Kind::object) return unreadable(std::string(what) + " is no JSON object");
    std::vector<std::string> names;
    std::string scratch;
    for (NodeIndex i = into.first_child(into.root()); i != json::no_node; i = into.next_sibling(i))
        names.emplace_back(into.key(i, scratch));
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) return unreadable(std::string(what) + " has a member twice");
    return {};
}

// Of a member that is a text; empty where there is none.
std::string text_of(const Document& document, NodeIndex parent, std::string_view name) {
    const NodeIndex node = document.find(parent, name);
    std::string scratch;
    if (node == json::no_node || document[node].kind != json::Kind::string) return {};
    return std::string(document.text(node, scratch));
}

std::optional<std::string> decoded_member(const Document& document, NodeIndex parent, std::string_view name) {
    return from_base64url(text_of(document, parent, name));
}

void take_claim(const Document& document, NodeIndex node, std::string name, WebToken& into) {
    std::string scratch;
    switch (document[node].kind) {
    case json::Kind::string: into.texts[name] = {std::string(document.text(node, scratch))}; break;
    case json::Kind::boolean: into.booleans[name] = document.raw_value(node) == "true"; break;
    case json::Kind::number: {
        std::int64_t value = 0;
        const std::string_view raw = document.raw_value(node);
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
        // A fraction of a second is cut off.
        if (error == std::errc() && (end == raw.data() + raw.size() || *end == '.')) into.numbers[name] = value;
        break;
    }
    case json::Kind::array: {
        std::vector<std::string> list;
        for (NodeIndex i = document.first_child(node); i != json::no_node && list.size() < claim_texts_max;
             i = document.next_sibling(i))
            if (document[i].kind == json::Kind::string) list.emplace_back(document.text(i, scratch));
        into.texts[name] = std::move(list);
        break;
    }
    default: break;
    }
}

// Seconds since 1970 as milliseconds, kept within what can be added to.
std::int64_t to_ms(std::int64_t seconds) { return std::clamp<std::int64_t>(seconds, 0, 1LL << 40) * 1000; }

TokenCheck refused(std::string why) { return {TokenProblem::refused, std::move(why)}; }

} // namespace

Result<WebKeys> read_web_keys(std::string_view text) {
    if (text.size() > web_keys_bytes_max) return unreadable("the issuer's keys are too long");
    const Buffer raw(text);
    Document document;
    if (auto parsed = parse_object(raw, document, "the issuer's keys"); !parsed) return std::unexpected(parsed.error());
    const NodeIndex list = document.find(document.root(), "keys");
    if (list == json::no_node || document[list].kind != json::Kind::array)
        return unreadable("the issuer's keys have no list 'keys'");
    WebKeys out;
    for (NodeIndex i = document.first_child(list); i != json::no_node && out.keys.size() < web_keys_max;
         i = document.next_sibling(i)) {
        if (document[i].kind != json::Kind::object) continue;
        if (const std::string use = text_of(document, i, "use"); !use.empty() && use != "sig") continue;
        const std::string kind = text_of(document, i, "kty"), algorithm = text_of(document, i, "alg");
        const auto add = [&](std::string_view first, std::string_view second, auto make) {
            const auto a = decoded_member(document, i, first), b = decoded_member(document, i, second);
            if (!a || !b) return;
            if (auto key = make(*a, *b)) out.keys.push_back({text_of(document, i, "kid"), std::move(*key)});
        };
        if (kind == "RSA" && (algorithm.empty() || algorithm == "RS256"))
            add("n", "e", crypto::VerifyingKey::rsa);
        else if (kind == "EC" && text_of(document, i, "crv") == "P-256" && (algorithm.empty() || algorithm == "ES256"))
            add("x", "y", crypto::VerifyingKey::p256);
    }
    return out;
}

std::string_view WebToken::text(std::string_view claim) const {
    const auto found = texts.find(claim);
    return found != texts.end() && found->second.size() == 1 ? std::string_view(found->second.front())
                                                             : std::string_view();
}

bool WebToken::lists(std::string_view claim, std::string_view value) const {
    const auto found = texts.find(claim);
    return found != texts.end() && std::ranges::find(found->second, value) != found->second.end();
}

Result<WebToken> read_web_token(std::string_view text) {
    if (text.size() > web_token_bytes_max) return unreadable("the token is too long");
    const std::size_t first = text.find('.'), last = text.rfind('.');
    if (first == std::string_view::npos || last == first || text.substr(first + 1, last - first - 1).contains('.'))
        return unreadable("the token does not have three parts");
    const auto head = from_base64url(text.substr(0, first));
    const auto payload = from_base64url(text.substr(first + 1, last - first - 1));
    auto signature = from_base64url(text.substr(last + 1));
    if (!head || !payload || !signature || signature->empty())
        return unreadable("a part of the token is no base64url, or it has no signature");
    WebToken out;
    const Buffer head_text(*head), payload_text(*payload);
    Document document;
    if (auto parsed = parse_object(head_text, document, "the token's header"); !parsed)
        return std::unexpected(parsed.error());
    if (document.find(document.root(), "crit") != json::no_node)
        return unreadable("the token demands an extension that is not known here");
    out.algorithm = text_of(document, document.root(), "alg");
    out.key_id = text_of(document, document.root(), "kid");
    if (out.algorithm != "RS256" && out.algorithm != "ES256")
        return unreadable("the token is not signed with RS256 or ES256");
    if (auto parsed = parse_object(payload_text, document, "the token's payload"); !parsed)
        return std::unexpected(parsed.error());
    std::string scratch;
    for (NodeIndex i = document.first_child(document.root()); i != json::no_node; i = document.next_sibling(i))
        take_claim(document, i, std::string(document.key(i, scratch)), out);
    out.signed_text = text.substr(0, last);
    out.signature = std::move(*signature);
    return out;
}

TokenCheck check(const WebToken& token, const WebKeys& keys, const ExpectedToken& expected) {
    const auto algorithm =
        token.algorithm == "ES256" ? crypto::VerifyingKey::Algorithm::es256 : crypto::VerifyingKey::Algorithm::rs256;
    bool is_known = false, is_signed = false;
    for (const WebKeys::One& one : keys.keys) {
        // The key says which algorithm it is for, never the token (RFC 8725 section 3.1).
        if (one.key.algorithm() != algorithm || (!token.key_id.empty() && one.id != token.key_id)) continue;
        is_known = true;
        is_signed = is_signed || one.key.verify(token.signed_text, token.signature);
    }
    if (!is_known) return {TokenProblem::unknown_key, "it is signed with a key that its issuer does not publish"};
    if (!is_signed) return refused("its signature is not its issuer's");
    if (token.text("iss") != expected.issuer) return refused("'iss' is another issuer");
    if (!token.lists("aud", expected.audience)) return refused("'aud' is another audience");
    if (const auto authorized = token.texts.find("azp");
        authorized != token.texts.end() && !token.lists("azp", expected.audience))
        return refused("'azp' is another client");
    const auto expires = token.numbers.find("exp");
    if (expires == token.numbers.end()) return refused("it has no 'exp'");
    if (to_ms(expires->second) + web_token_skew_ms <= expected.now_ms) return refused("it has expired ('exp')");
    for (const char* const claim : {"nbf", "iat"})
        if (const auto from = token.numbers.find(claim);
            from != token.numbers.end() && to_ms(from->second) > expected.now_ms + web_token_skew_ms)
            return refused(std::string("it is of the future ('") + claim + "')");
    if (token.text("sub").empty()) return refused("it has no 'sub'");
    if (!expected.nonce.empty() && token.text("nonce") != expected.nonce) return refused("'nonce' is another one");
    return {TokenProblem::none, {}};
}

} // namespace sallyport::identity
