// store::State: who signed in, and who may not any more.
#include "store/state_tables.h"

namespace sallyport::store {

namespace {
constexpr std::int64_t session_kept_ms =
    30LL * 24 * 3'600'000; // after its end, so that a token that was stolen is still known
} // namespace

Result<void> State::put_person(const PersonRecord& person) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    Statement& put = inside_->put_person.bind(1, person.person).bind(2, person.external_id);
    put.bind(3, person.created_ms).bind(4, person.changed_ms).bind(5, person.disabled_ms);
    return inside_->commit(*transaction, put.bind(6, std::int64_t{person.is_provisioned}).run());
}

Result<std::optional<PersonRecord>> State::person(std::string_view pseudonym) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->one_person.bind(1, pseudonym);
    return inside_->one(inside_->one_person, person_of);
}

Result<std::vector<PersonRecord>> State::people() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->all_people, person_of);
}

Result<void> State::begin_session(const SessionRecord& session) {
    const std::scoped_lock lock(inside_->mutex);
    if (auto dropped = inside_->drop_sessions.bind(1, session.created_ms - session_kept_ms).run(); !dropped)
        return dropped;
    Statement& insert = inside_->insert_session;
    int column = 0;
    for (const std::string* text :
         {&session.id, &session.person, &session.team, &session.role, &session.max_class, &session.client})
        insert.bind(++column, *text);
    for (const std::string* blob :
         {&session.refresh_digest, &session.spent_digest, &session.access_digest, &session.provider_token})
        insert.bind_blob(++column, *blob);
    for (const std::int64_t number :
         {session.created_ms, session.access_expires_ms, session.expires_ms, session.ended_ms})
        insert.bind(++column, number);
    return insert.run();
}

Result<bool> State::renew_session(std::string_view refresh_digest, const SessionRecord& session) {
    const std::scoped_lock lock(inside_->mutex);
    Statement& renew = inside_->renew_session.bind_blob(1, refresh_digest);
    renew.bind(2, session.team).bind(3, session.max_class).bind_blob(4, session.refresh_digest);
    renew.bind_blob(5, session.access_digest).bind_blob(6, session.provider_token).bind(7, session.access_expires_ms);
    const auto id = inside_->one(renew, [](const Statement& row) { return std::string(row.text(0)); });
    if (!id) return std::unexpected(id.error());
    return id->has_value();
}

Result<std::optional<SessionRecord>> State::session_of(std::string_view refresh_digest) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->session_by_refresh.bind_blob(1, refresh_digest);
    return inside_->one(inside_->session_by_refresh, store::session_of);
}

Result<void> State::end_session(std::string_view id, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    return inside_->commit(*transaction, inside_->end_session.bind(1, at_ms).bind(2, id).run());
}

Result<void> State::end_sessions_of(std::string_view person, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    return inside_->commit(*transaction, inside_->end_sessions_of.bind(1, at_ms).bind(2, person).run());
}

Result<std::vector<SessionRecord>> State::sessions(std::int64_t now_ms) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->open_sessions.bind(1, now_ms), store::session_of);
}

} // namespace sallyport::store
