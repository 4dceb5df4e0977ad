#include "gateway/issuer_call.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/text.h"
#include "gateway/form.h"

namespace sallyport::gateway {

namespace {

constexpr std::size_t answer_bytes_max = 512 * 1024;
constexpr std::int64_t keys_fresh_ms = 3'600'000, keys_usable_ms = 24 * 3'600'000, asked_again_ms = 10'000,
                       failed_again_ms = 2'000;

struct Reply {
    int status = 0;
    std::string body;
};
struct Place {
    std::size_t pool_id = 0;
    const http::Origin* origin = nullptr;
    std::string target;
};

std::unexpected<Error> unusable(const Issuer& issuer, const std::string& why) {
    return fail(ErrorKind::unavailable, "the issuer " + issuer.config->issuer + " cannot be asked: " + why,
                ErrorSource::upstream);
}

// Of a URL that the issuer told; an error where sallyport.yaml does not name its host.
Result<Place> place_of(const Issuer& issuer, std::string_view url) {
    for (const auto& [pool_id, origin] : issuer.hosts) {
        const std::string begin = (origin.tls ? "https://" : "http://") + origin.authority;
        if (url.size() < begin.size() || !equals_ignoring_case(url.substr(0, begin.size()), begin)) continue;
        const std::string_view target = url.substr(begin.size());
        if (target.empty() || target.starts_with('/')) return Place{pool_id, &origin, std::string(target)};
    }
    const std::size_t host = url.find("://");
    const std::string_view named = url.substr(0, url.find('/', host == std::string_view::npos ? 0 : host + 3));
    return unusable(issuer, "it sends us to " + std::string(named.substr(0, 200)) +
                                ", which sallyport.yaml does not name; add it to its 'hosts'");
}

net::Task<Result<Reply>> ask(Lane& lane, const Issuer& issuer, const Place& place, std::string_view method,
                             std::string_view fields, std::string_view body) {
    const http::Origin& origin = *place.origin;
    const bool by_proxy = origin.proxy && !origin.tls; // absolute form, for the company's proxy
    std::string head = std::string(method) + " " + (by_proxy ? "http://" + origin.authority : std::string());
    head += (place.target.empty() ? "/" : place.target) + " HTTP/1.1\r\nHost: " + origin.authority;
    head += "\r\nAccept: application/json\r\n";
    head += fields;
    if (method == "POST") head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (by_proxy && !origin.proxy_authorization.empty()) {
        head += "Proxy-Authorization: ";
        head += origin.proxy_authorization.reveal();
        head += "\r\n";
    }
    head += "\r\n";
    const std::int64_t deadline_ms = lane.loop.now_ms() + issuer.config->timeout_ms;
    // Always a new connection: a code is good for one question, which must not be lost on one that had died.
    auto taken = co_await lane.pool.take(place.pool_id, origin, true, issuer.config->timeout_ms);
    if (!taken) co_return unusable(issuer, taken.error().message);
    const std::unique_ptr<http::ClientConnection> connection = std::move(*taken);
    iovec pieces[] = {{head.data(), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    const Result<void> sent = co_await connection->send(pieces, deadline_ms - lane.loop.now_ms());
    if (!sent) co_return unusable(issuer, sent.error().message);
    http::ResponseHead answer;
    const Result<void> answered = co_await connection->read_head(answer, method, deadline_ms);
    if (!answered) co_return unusable(issuer, answered.error().message);
    Reply reply{answer.status, {}};
    while (true) {
        const auto part = co_await connection->read_part(deadline_ms - lane.loop.now_ms());
        if (!part) co_return unusable(issuer, part.error().message);
        for (const iovec& piece : part->pieces)
            reply.body.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        if (reply.body.size() > answer_bytes_max) co_return unusable(issuer, "its answer is too long");
        if (part->last) co_return reply;
    }
}

net::Task<Result<std::string>> fetch(Lane& lane, const Issuer& issuer, std::string url) {
    const auto place = place_of(issuer, url);
    if (!place) co_return std::unexpected(place.error());
    const Result<Reply> reply = co_await ask(lane, issuer, *place, "GET", {}, {});
    if (!reply) co_return std::unexpected(reply.error());
    if (reply->status != 200)
        co_return unusable(issuer, "it answered with status " + std::to_string(reply->status) + " for its metadata");
    co_return std::move(reply->body);
}

net::Task<Result<std::shared_ptr<const KnownIssuer>>> ask_anew(Lane& lane, const Issuer& issuer) {
    std::string base = issuer.config->issuer;
    while (base.ends_with('/')) base.pop_back();
    const auto document = co_await fetch(lane, issuer, base + "/.well-known/openid-configuration");
    if (!document) co_return std::unexpected(document.error());
    auto metadata = identity::read_provider_metadata(*document, issuer.config->issuer);
    if (!metadata) co_return unusable(issuer, metadata.error().message);
    const auto key_set = co_await fetch(lane, issuer, metadata->keys);
    if (!key_set) co_return std::unexpected(key_set.error());
    auto keys = identity::read_web_keys(*key_set);
    if (!keys) co_return unusable(issuer, keys.error().message);
    co_return std::make_shared<const KnownIssuer>(std::move(*metadata), std::move(*keys), monotonic_ms());
}

} // namespace

std::shared_ptr<const KnownIssuer> IssuerMemory::find(std::string_view issuer) const {
    const std::scoped_lock lock(mutex_);
    const auto found = known_.find(issuer);
    return found == known_.end() ? nullptr : found->second;
}

void IssuerMemory::put(std::string_view issuer, std::shared_ptr<const KnownIssuer> known) {
    const std::scoped_lock lock(mutex_);
    known_[std::string(issuer)] = std::move(known);
}

bool IssuerMemory::failed_lately(std::string_view issuer, std::int64_t now_ms) const {
    const std::scoped_lock lock(mutex_);
    const auto found = failed_ms_.find(issuer);
    return found != failed_ms_.end() && now_ms - found->second < failed_again_ms;
}

void IssuerMemory::note_failed(std::string_view issuer, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    failed_ms_[std::string(issuer)] = now_ms;
}

net::Task<Result<std::shared_ptr<const KnownIssuer>>> know_issuer(Lane& lane, const Issuer& issuer,
                                                                  std::int64_t at_least_ms) {
    const auto known = lane.shared.signing_in.issuers.find(issuer.config->issuer);
    const std::int64_t now = monotonic_ms();
    if (known && known->at_ms >= at_least_ms && now - known->at_ms < keys_fresh_ms) co_return known;
    IssuerMemory& memory = lane.shared.signing_in.issuers;
    auto fresh = memory.failed_lately(issuer.config->issuer, now)
                     ? Result<std::shared_ptr<const KnownIssuer>>(unusable(issuer, "it did not answer just now"))
                     : co_await ask_anew(lane, issuer);
    if (fresh) {
        lane.shared.signing_in.issuers.put(issuer.config->issuer, *fresh);
        co_return fresh;
    }
    memory.note_failed(issuer.config->issuer, monotonic_ms());
    lane.shared.log.warning("issuer.unanswered", {{"why", fresh.error().message}});
    if (known && known->at_ms >= at_least_ms && now - known->at_ms < keys_usable_ms) co_return known;
    co_return fresh;
}

net::Task<Result<identity::WebToken>> verified_token(Lane& lane, const Issuer& issuer, std::string_view text,
                                                     std::string_view audience, std::string_view nonce) {
    auto token = identity::read_web_token(text);
    if (!token) co_return std::unexpected(token.error());
    auto known = co_await know_issuer(lane, issuer);
    if (!known) co_return std::unexpected(known.error());
    const identity::ExpectedToken expected{issuer.config->issuer, audience, nonce, wall_ms()};
    identity::TokenCheck checked = check(*token, (*known)->keys, expected);
    if (checked.problem == identity::TokenProblem::unknown_key && monotonic_ms() - (*known)->at_ms > asked_again_ms) {
        const std::int64_t since = (*known)->at_ms + 1;
        known = co_await know_issuer(lane, issuer, since);
        if (!known) co_return std::unexpected(known.error());
        checked = check(*token, (*known)->keys, expected);
    }
    if (checked.problem != identity::TokenProblem::none)
        co_return fail(ErrorKind::refused, "the token is not accepted: " + checked.why, ErrorSource::client);
    co_return std::move(*token);
}

net::Task<Result<identity::ProviderTokens>> ask_provider(Lane& lane, const Issuer& issuer, const SignInConfig& sign_in,
                                                         std::string form) {
    const auto known = co_await know_issuer(lane, issuer);
    if (!known) co_return std::unexpected(known.error());
    const identity::ProviderMetadata& metadata = (*known)->metadata;
    if (metadata.token_endpoint.empty()) co_return unusable(issuer, "it has no token endpoint");
    const auto place = place_of(issuer, metadata.token_endpoint);
    if (!place) co_return std::unexpected(place.error());
    std::string fields = "Content-Type: application/x-www-form-urlencoded\r\n";
    const std::string_view secret = sign_in.client_secret.reveal();
    if (secret.empty() || metadata.secret_in_body) form += "&client_id=" + form_encoded(sign_in.client_id);
    if (!secret.empty() && metadata.secret_in_body) form += "&client_secret=" + form_encoded(secret);
    if (!secret.empty() && !metadata.secret_in_body) // RFC 6749 section 2.3.1
        fields +=
            "Authorization: Basic " + to_base64(form_encoded(sign_in.client_id) + ":" + form_encoded(secret)) + "\r\n";
    const Result<Reply> reply = co_await ask(lane, issuer, *place, "POST", fields, form);
    if (!reply) co_return std::unexpected(reply.error());
    auto tokens = identity::read_provider_tokens(reply->body);
    if (reply->status == 200 && tokens) co_return tokens;
    const bool refuses =
        reply->status >= 400 && reply->status < 500 && tokens && !tokens->error.empty() && tokens->error.size() < 100;
    if (refuses) co_return fail(ErrorKind::refused, tokens->error, ErrorSource::upstream);
    co_return unusable(issuer, "it answered with status " + std::to_string(reply->status) + " for a token");
}

} // namespace sallyport::gateway
