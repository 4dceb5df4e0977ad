#include "gateway/sessions_kept.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "gateway/form.h"
#include "gateway/issuer_call.h"
#include "gateway/sign_in_pages.h"

#include <cstring>

namespace sallyport::gateway {

namespace {

constexpr std::string_view provider_token_context = "provider-token";
constexpr const char* nobody_signs_in = "nobody signs in at this gateway any more";

std::unexpected<Error> no(std::string sentence) {
    return fail(ErrorKind::refused, std::move(sentence), ErrorSource::client);
}
std::unexpected<Error> not_now(Lane& lane, const Error& error) {
    lane.shared.log.error("sign_in.not_kept", {{"why", error.message}});
    return fail(ErrorKind::unavailable, "Sallyport cannot keep sign-ins at the moment; try again");
}

Result<void> record(SigningIn& signing_in, std::string_view what, std::string_view person, const std::string& about) {
    return signing_in.state.add_act(
        {"a_" + to_hex(crypto::random_bytes(10)), std::string(what), std::string(person), {}, about, wall_ms()});
}

std::shared_ptr<identity::Session> session_of(const store::SessionRecord& record) {
    auto session = std::make_shared<identity::Session>();
    session->id = record.id;
    session->person = record.person;
    session->team = record.team;
    session->max_class = record.max_class;
    session->role = record.role;
    return session;
}

crypto::Digest digest_in(const std::string& bytes) {
    crypto::Digest digest{};
    std::memcpy(digest.data(), bytes.data(), std::min(bytes.size(), digest.size()));
    return digest;
}

// New tokens for a session; `record` takes their digests.
GivenTokens new_tokens(SigningIn& signing_in, store::SessionRecord& record, std::int64_t now) {
    GivenTokens given{identity::new_company_key(), identity::new_company_key()};
    record.access_digest = crypto::bytes(signing_in.sessions.digest_of(given.access.reveal()));
    record.refresh_digest = crypto::bytes(signing_in.sessions.digest_of(given.refresh.reveal()));
    record.access_expires_ms = std::min(now + access_token_ms, record.expires_ms);
    return given;
}

Result<void> require_enabled(SigningIn& signing_in, std::string_view person) {
    const auto known = signing_in.state.person(person);
    if (!known) return std::unexpected(known.error());
    if (*known && (*known)->disabled_ms != 0)
        return no("Sallyport: " + std::string(identity::sentence(identity::KeyProblem::disabled)));
    return {};
}

Result<void> end_all_of(SigningIn& signing_in, std::string_view person, const std::string& why) {
    signing_in.sessions.end_of(person); // first: what runs on with them ends even where the disk does not take it
    if (auto ended = signing_in.state.end_sessions_of(person, wall_ms()); !ended) return ended;
    return record(signing_in, "sign-in-ended", person, why);
}

// What the worker finds for a refresh token.
Result<store::SessionRecord> find(SigningIn& signing_in, std::string_view digest) {
    auto found = signing_in.state.session_of(digest);
    if (!found) return std::unexpected(found.error());
    const std::int64_t now = wall_ms();
    if (!*found) return no("this refresh token is not known; sign in again");
    store::SessionRecord& session = **found;
    if (session.ended_ms != 0) {
        const Result<void> enabled = require_enabled(signing_in, session.person);
        return enabled ? no("this sign-in was ended; sign in again") : std::unexpected(enabled.error());
    }
    if (session.expires_ms <= now) return no("this sign-in has expired; sign in again");
    if (session.refresh_digest != digest) {
        if (now - (session.access_expires_ms - access_token_ms) < repeat_ms_max)
            return fail(ErrorKind::unavailable, "this refresh token was just exchanged; use the new one");
        if (auto ended = end_all_of(signing_in, session.person, "a refresh token came twice, session " + session.id);
            !ended)
            return std::unexpected(ended.error());
        return no("this refresh token was exchanged before, so somebody else may have it; sign in again");
    }
    if (auto enabled = require_enabled(signing_in, session.person); !enabled) return std::unexpected(enabled.error());
    return std::move(session);
}

} // namespace

net::Task<Result<GivenTokens>> begin_session(Lane& lane, identity::SignedIn who, std::string client) {
    SigningIn& signing_in = lane.shared.signing_in;
    const std::shared_ptr<const World> world = lane.world;
    if (!world->config->sign_in) co_return no(nobody_signs_in); // since a reload
    const std::int64_t now = wall_ms(), lasts_ms = world->config->sign_in->lasts_ms;
    store::SessionRecord session;
    session.id = "si_" + to_hex(crypto::random_bytes(8));
    session.person = lane.shared.pseudonyms.remember(identity::NameKind::person, who.name).view();
    session.team = std::move(who.team);
    session.max_class = std::move(who.max_class);
    session.client = std::move(client);
    session.created_ms = now;
    session.expires_ms = now + lasts_ms;
    if (!who.provider_token.empty())
        session.provider_token = signing_in.sealing.seal(who.provider_token.reveal(), provider_token_context);
    GivenTokens given = new_tokens(signing_in, session, now);
    Result<void> kept;
    co_await lane.shared.workers.run(lane.loop, [&] {
        kept = require_enabled(signing_in, session.person);
        if (kept) kept = lane.shared.pseudonyms.keep_names(signing_in.state);
        if (kept) kept = signing_in.state.begin_session(session);
        if (kept)
            kept =
                record(signing_in, "sign-in", session.person, "session " + session.id + ", client " + session.client);
    });
    if (!kept && kept.error().kind == ErrorKind::refused) co_return std::unexpected(kept.error());
    if (!kept) co_return not_now(lane, kept.error());
    if (!signing_in.sessions.put(digest_in(session.access_digest), session_of(session), session.access_expires_ms, now))
        co_return fail(ErrorKind::unavailable, "too many are signed in; try again later");
    lane.shared.log.info("sign_in.begun", {{"session", session.id}, {"client", session.client}});
    co_return std::move(given);
}

net::Task<Result<GivenTokens>> renew_session(Lane& lane, Secret refresh) {
    SigningIn& signing_in = lane.shared.signing_in;
    const std::shared_ptr<const World> world = lane.world;
    if (!world->config->sign_in) co_return no(nobody_signs_in);
    const SignInConfig& sign_in = *world->config->sign_in;
    if (!identity::is_company_key(refresh.reveal())) co_return no("this is no refresh token of this gateway");
    const std::string digest(crypto::bytes(signing_in.sessions.digest_of(refresh.reveal())));
    Result<store::SessionRecord> found = fail(ErrorKind::internal, "not looked for");
    co_await lane.shared.workers.run(lane.loop, [&] { found = find(signing_in, digest); });
    if (!found) {
        lane.shared.log.warning("sign_in.not_renewed", {{"why", found.error().message}});
        const bool is_told = found.error().kind == ErrorKind::refused || found.error().kind == ErrorKind::unavailable;
        if (is_told) co_return std::unexpected(found.error());
        co_return not_now(lane, found.error());
    }
    store::SessionRecord& session = *found;
    const Renewals::One alone(signing_in.renewals, session.id);
    if (!alone) co_return fail(ErrorKind::unavailable, "this sign-in is being renewed; use the new token");
    // One that was over meanwhile is not renewed a second time.
    co_await lane.shared.workers.run(lane.loop, [&] { found = find(signing_in, digest); });
    if (!found && found.error().kind != ErrorKind::refused && found.error().kind != ErrorKind::unavailable)
        co_return not_now(lane, found.error());
    if (!found) co_return std::unexpected(found.error());
    if (!session.provider_token.empty()) {
        const auto token = signing_in.sealing.open(session.provider_token, provider_token_context);
        if (!token) co_return no("this sign-in cannot be renewed; sign in again");
        const Issuer& issuer = world->issuers[sign_in.issuer];
        Result<identity::ProviderTokens> fresh = co_await ask_provider(
            lane, issuer, sign_in, "grant_type=refresh_token&refresh_token=" + form_encoded(*token));
        Result<identity::SignedIn> who = identity::SignedIn{};
        if (fresh && !fresh->id_token.empty()) {
            const auto read = co_await verified_token(lane, issuer, fresh->id_token, sign_in.client_id, {});
            who = read ? signed_in(sign_in, *read) : Result<identity::SignedIn>(std::unexpected(read.error()));
            if (who && lane.shared.pseudonyms.of(identity::NameKind::person, who->name).view() != session.person)
                who = no("the provider says that this is another person");
            if (who) {
                session.team = who->team;
                session.max_class = who->max_class;
            }
        }
        const Result<void> went = !fresh ? Result<void>(std::unexpected(fresh.error()))
                                  : who  ? Result<void>()
                                         : std::unexpected(who.error());
        if (!went && went.error().kind != ErrorKind::refused) {
            lane.shared.log.warning("sign_in.not_renewed", {{"why", went.error().message}});
            co_return fail(ErrorKind::unavailable, "the company's sign-in does not answer; try again in a while");
        }
        if (!went) { // it knows that they may not any more: whatever runs of theirs ends
            Result<void> ended;
            co_await lane.shared.workers.run(lane.loop, [&] {
                ended = end_all_of(signing_in, session.person, "the provider refused to renew session " + session.id);
            });
            lane.shared.log.warning("sign_in.refused", {{"session", session.id}, {"why", went.error().message}});
            if (!ended) co_return not_now(lane, ended.error());
            co_return no("the company's sign-in lets you through no more; ask your platform team");
        }
        if (!fresh->refresh_token.empty())
            session.provider_token = signing_in.sealing.seal(fresh->refresh_token.reveal(), provider_token_context);
    }
    const std::int64_t now = wall_ms();
    GivenTokens given = new_tokens(signing_in, session, now);
    Result<bool> renewed = false;
    co_await lane.shared.workers.run(lane.loop, [&] { renewed = signing_in.state.renew_session(digest, session); });
    if (!renewed) co_return not_now(lane, renewed.error());
    if (!*renewed) co_return fail(ErrorKind::unavailable, "this refresh token was just exchanged; use the new one");
    // The object that older tokens of the session hold, so that its end ends all of them.
    std::shared_ptr<identity::Session> live = signing_in.sessions.by_id(session.id);
    if (live && live->ended) co_return no("this sign-in was ended; sign in again");
    if (!live || live->team != session.team || live->max_class != session.max_class) live = session_of(session);
    if (!signing_in.sessions.put(digest_in(session.access_digest), std::move(live), session.access_expires_ms, now))
        co_return fail(ErrorKind::unavailable, "too many are signed in; try again later");
    co_return std::move(given);
}

net::Task<void> revoke_token(Lane& lane, Secret token) {
    SigningIn& signing_in = lane.shared.signing_in;
    if (!identity::is_company_key(token.reveal())) co_return;
    const crypto::Digest digest = signing_in.sessions.digest_of(token.reveal());
    const auto live = signing_in.sessions.find(digest);
    std::string id = live.session ? live.session->id : std::string();
    std::string person = live.session ? live.session->person : std::string();
    if (id.starts_with("w_")) co_return;
    co_await lane.shared.workers.run(lane.loop, [&] {
        if (id.empty()) {
            const auto found = signing_in.state.session_of(crypto::bytes(digest));
            if (!found || !*found) return;
            id = (*found)->id;
            person = (*found)->person;
        }
        signing_in.sessions.end(id);
        Result<void> ended = signing_in.state.end_session(id, wall_ms());
        if (ended) ended = record(signing_in, "sign-out", person, "session " + id);
        if (!ended) lane.shared.log.error("sign_in.not_ended", {{"session", id}, {"why", ended.error().message}});
    });
}

Result<void> load_sessions(SigningIn& signing_in) {
    const std::int64_t now = wall_ms();
    const auto sessions = signing_in.state.sessions(now);
    if (!sessions) return std::unexpected(sessions.error());
    for (const store::SessionRecord& one : *sessions) [[maybe_unused]]
        const bool kept =
            signing_in.sessions.put(digest_in(one.access_digest), session_of(one), one.access_expires_ms, now);
    return {};
}

} // namespace sallyport::gateway
