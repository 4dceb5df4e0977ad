// The tables of state.db and the statements over them: shared by the files that implement store::State, and by nobody else.
#pragma once

#include "store/database.h"
#include "store/names.h"
#include "store/state.h"

#include <array>
#include <mutex>

namespace sallyport::store {

namespace state_tables {
inline constexpr std::int32_t purpose = 0x5341'5354; // "SAST"

// `changes` counts the commands that changed a table: the version of its snapshots.
inline constexpr const char* first_format = R"sql(
CREATE TABLE keys (
    id         TEXT PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    person     TEXT NOT NULL,
    team       TEXT NOT NULL,
    max_class  TEXT NOT NULL,
    label      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL DEFAULT 0,
    request    TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE names (
    pseudonym TEXT PRIMARY KEY,
    kind      INTEGER NOT NULL,
    sealed    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE changes (
    what  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO changes VALUES ('keys', 1);
)sql";
inline constexpr const char* second_format = R"sql(
CREATE TABLE exceptions (
    id             TEXT PRIMARY KEY,
    person         TEXT NOT NULL,
    team           TEXT NOT NULL,
    repository     TEXT NOT NULL,
    rule           TEXT NOT NULL,
    reason         TEXT NOT NULL,
    granted_by     TEXT NOT NULL,
    approved_by    TEXT NOT NULL DEFAULT '',
    granted_ms     INTEGER NOT NULL,
    until_ms       INTEGER NOT NULL,
    revoked_ms     INTEGER NOT NULL DEFAULT 0,
    needs_approval INTEGER NOT NULL,
    request        TEXT NOT NULL UNIQUE
) STRICT;
)sql";
inline constexpr const char* third_format = "ALTER TABLE keys ADD COLUMN role TEXT NOT NULL DEFAULT ''";
inline constexpr const char* fourth_format = R"sql(
CREATE TABLE disputes (
    finding      TEXT NOT NULL,
    rule         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    by           TEXT NOT NULL,
    disputed_ms  INTEGER NOT NULL,
    until_ms     INTEGER NOT NULL,
    withdrawn_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (finding, rule, disputed_ms)
) STRICT;
)sql";
inline constexpr const char* fifth_format = R"sql(
CREATE TABLE acts (
    number   INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    what     TEXT NOT NULL,
    by       TEXT NOT NULL,
    why      TEXT NOT NULL,
    about    TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    recorded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX acts_unrecorded ON acts (number) WHERE recorded = 0;
)sql";
// Who may see what of the ledger (identity/access.h), and the names that two people opened together (identity/unmask.h).
inline constexpr const char* sixth_format = R"sql(
ALTER TABLE keys ADD COLUMN access TEXT NOT NULL DEFAULT 'developer';
CREATE TABLE unmaskings (
    id              TEXT PRIMARY KEY,
    pseudonym       TEXT NOT NULL,
    case_number     TEXT NOT NULL,
    asked_by        TEXT NOT NULL,
    asked_access    TEXT NOT NULL,
    asked_ms        INTEGER NOT NULL,
    approved_by     TEXT NOT NULL DEFAULT '',
    approved_access TEXT NOT NULL DEFAULT '',
    approved_ms     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX unmaskings_by_case ON unmaskings (pseudonym, case_number, asked_ms);
)sql";
// How far each ledger was signed, and when that was noted: so that one which is cut back or made anew with all its files does not go
// unseen. `waited_ms`: how long its gateway has run since its clock was not trusted any more; -1: it is.
inline constexpr const char* seventh_format = R"sql(
CREATE TABLE ledgers (
    name      TEXT PRIMARY KEY,
    entries   INTEGER NOT NULL,
    root      BLOB NOT NULL,
    noted_ms  INTEGER NOT NULL,
    waited_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";
// Who signed in (identity/sessions.h), and who may not any more.
inline constexpr const char* eighth_format = R"sql(
CREATE TABLE people (
    person      TEXT PRIMARY KEY,
    external_id TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    changed_ms  INTEGER NOT NULL,
    disabled_ms INTEGER NOT NULL,
    provisioned INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    id                TEXT PRIMARY KEY,
    person            TEXT NOT NULL,
    team              TEXT NOT NULL,
    role              TEXT NOT NULL,
    max_class         TEXT NOT NULL,
    client            TEXT NOT NULL,
    refresh_digest    BLOB NOT NULL UNIQUE CHECK (length(refresh_digest) = 32),
    spent_digest      BLOB NOT NULL,
    access_digest     BLOB NOT NULL CHECK (length(access_digest) = 32),
    provider_token    BLOB NOT NULL,
    created_ms        INTEGER NOT NULL,
    access_expires_ms INTEGER NOT NULL,
    expires_ms        INTEGER NOT NULL,
    ended_ms          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_spent ON sessions (spent_digest);
CREATE INDEX sessions_of_person ON sessions (person);
CREATE INDEX sessions_by_end ON sessions (expires_ms);
)sql";
inline constexpr std::array migrations = {first_format, second_format, third_format,   fourth_format,
                                          fifth_format, sixth_format,  seventh_format, eighth_format};

#define KEY_COLUMNS "id, digest, person, team, max_class, label, created_ms, expires_ms, revoked_ms, role, access"

inline KeyRecord key_of(const Statement& row) {
    return {std::string(row.text(0)),
            std::string(row.blob(1)),
            std::string(row.text(2)),
            std::string(row.text(3)),
            std::string(row.text(4)),
            std::string(row.text(5)),
            row.number(6),
            row.number(7),
            row.number(8),
            std::string(row.text(9)),
            std::string(row.text(10))};
}
#define EXCEPTION_COLUMNS                                                                                              \
    "id, person, team, repository, rule, reason, granted_by, approved_by, granted_ms, until_ms, revoked_ms, "          \
    "needs_approval"

inline ExceptionRecord exception_of(const Statement& row) {
    ExceptionRecord out;
    int column = 0;
    for (std::string* text :
         {&out.id, &out.person, &out.team, &out.repository, &out.rule, &out.reason, &out.granted_by, &out.approved_by})
        *text = row.text(column++);
    for (std::int64_t* number : {&out.granted_ms, &out.until_ms, &out.revoked_ms}) *number = row.number(column++);
    out.needs_approval = row.number(column) != 0;
    return out;
}
#define DISPUTE_COLUMNS "finding, rule, reason, by, disputed_ms, until_ms, withdrawn_ms"

inline DisputeRecord dispute_of(const Statement& row) {
    return {std::string(row.text(0)),
            std::string(row.text(1)),
            std::string(row.text(2)),
            std::string(row.text(3)),
            row.number(4),
            row.number(5),
            row.number(6)};
}
inline ActRecord act_of(const Statement& row) {
    return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
            std::string(row.text(3)), std::string(row.text(4)), row.number(5)};
}
#define UNMASKING_COLUMNS                                                                                              \
    "id, pseudonym, case_number, asked_by, asked_access, asked_ms, approved_by, approved_access, approved_ms"

inline UnmaskingRecord unmasking_of(const Statement& row) {
    return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
            std::string(row.text(3)), std::string(row.text(4)), row.number(5),
            std::string(row.text(6)), std::string(row.text(7)), row.number(8)};
}
} // namespace state_tables

using namespace state_tables;

#define PERSON_COLUMNS "person, external_id, created_ms, changed_ms, disabled_ms, provisioned"

inline PersonRecord person_of(const Statement& row) {
    return {std::string(row.text(0)), std::string(row.text(1)), row.number(2), row.number(3), row.number(4),
            row.number(5) != 0};
}

#define SESSION_COLUMNS                                                                                                \
    "id, person, team, role, max_class, client, refresh_digest, spent_digest, access_digest, provider_token, "         \
    "created_ms, access_expires_ms, expires_ms, ended_ms"

inline SessionRecord session_of(const Statement& row) {
    SessionRecord out;
    int column = 0;
    for (std::string* text : {&out.id, &out.person, &out.team, &out.role, &out.max_class, &out.client})
        *text = row.text(column++);
    for (std::string* blob : {&out.refresh_digest, &out.spent_digest, &out.access_digest, &out.provider_token})
        *blob = row.blob(column++);
    for (std::int64_t* number : {&out.created_ms, &out.access_expires_ms, &out.expires_ms, &out.ended_ms})
        *number = row.number(column++);
    return out;
}

struct State::Inside {
    Inside(Database opened, Names sealed) : db(std::move(opened)), names(std::move(sealed)) {}

    std::mutex mutex;
    Database db;
    Names names;
    Statement insert_key, key_by_request, key_by_id, revoke, all_keys, count_change, change_count;
    Statement insert_act, acts_left, acts_later, mark_act, copy, note_ledger, noted_ledgers;
    Statement insert_exception, exception_by_request, exception_by_id, approve, revoke_exception, all_exceptions;
    Statement insert_dispute, dispute_by_finding, withdraw, all_disputes;
    Statement put_person, one_person, all_people, insert_session, renew_session, session_by_refresh, end_session;
    Statement end_sessions_of, open_sessions, drop_sessions;
    Statement insert_unmasking, unmasking_of_case, approve_unmasking, all_unmaskings;
    std::int64_t seen_foreign = -1; // foreign_changes() when `seen_version` was read
    std::uint64_t seen_version = 0;

    Result<void> prepare() {
        const std::pair<Statement*, const char*> all[] = {
            {&insert_key, "INSERT INTO keys (" KEY_COLUMNS ", request) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"},
            {&key_by_request, "SELECT " KEY_COLUMNS " FROM keys WHERE request = ?"},
            {&key_by_id, "SELECT " KEY_COLUMNS " FROM keys WHERE id = ?"},
            {&revoke, "UPDATE keys SET revoked_ms = ? WHERE id = ? AND revoked_ms = 0"},
            {&all_keys, "SELECT " KEY_COLUMNS " FROM keys ORDER BY created_ms, id"},
            {&count_change, "UPDATE changes SET count = count + 1 WHERE what = ?"},
            {&change_count, "SELECT count FROM changes WHERE what = ?"},
            {&insert_exception,
             "INSERT INTO exceptions (" EXCEPTION_COLUMNS ", request) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"},
            {&exception_by_request, "SELECT " EXCEPTION_COLUMNS " FROM exceptions WHERE request = ?"},
            {&exception_by_id, "SELECT " EXCEPTION_COLUMNS " FROM exceptions WHERE id = ?"},
            {&approve, "UPDATE exceptions SET approved_by = ? WHERE id = ? AND approved_by = '' AND granted_by <> ?1"},
            {&revoke_exception, "UPDATE exceptions SET revoked_ms = ? WHERE id = ? AND revoked_ms = 0"},
            {&all_exceptions, "SELECT " EXCEPTION_COLUMNS " FROM exceptions ORDER BY granted_ms, id"},
            {&insert_dispute, "INSERT INTO disputes (" DISPUTE_COLUMNS ") VALUES (?,?,?,?,?,?,?)"},
            {&dispute_by_finding,
             "SELECT " DISPUTE_COLUMNS " FROM disputes WHERE finding = ? ORDER BY disputed_ms DESC LIMIT 1"},
            {&withdraw, "UPDATE disputes SET withdrawn_ms = ? WHERE finding = ? AND withdrawn_ms = 0"},
            {&all_disputes, "SELECT " DISPUTE_COLUMNS " FROM disputes ORDER BY disputed_ms, finding, rule"},
            {&insert_act,
             "INSERT INTO acts (id, what, by, why, about, at_ms) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING"},
            {&acts_left,
             "SELECT id, what, by, why, about, at_ms FROM acts WHERE recorded = 0 ORDER BY number LIMIT 100"},
            {&acts_later, "SELECT id, what, by, why, about, at_ms FROM acts WHERE at_ms >= ? ORDER BY number"},
            {&copy, "VACUUM INTO ?"},
            {&note_ledger, "INSERT INTO ledgers VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                           "root = iif(excluded.entries >= entries, excluded.root, root), "
                           "entries = max(entries, excluded.entries), "
                           "noted_ms = iif(excluded.noted_ms = 0, noted_ms, excluded.noted_ms), "
                           "waited_ms = excluded.waited_ms"},
            {&noted_ledgers, "SELECT name, entries, root, noted_ms, waited_ms FROM ledgers ORDER BY name"},
            {&mark_act, "UPDATE acts SET recorded = 1 WHERE id = ?"},
            {&insert_unmasking, "INSERT INTO unmaskings (" UNMASKING_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?)"},
            {&unmasking_of_case, "SELECT " UNMASKING_COLUMNS " FROM unmaskings WHERE pseudonym = ? AND case_number = ? "
                                 "AND asked_ms > ? ORDER BY asked_ms DESC LIMIT 1"},
            {&approve_unmasking, "UPDATE unmaskings SET approved_by = ?2, approved_access = ?3, approved_ms = ?4 "
                                 "WHERE id = ?1 AND approved_by = '' AND asked_by <> ?2"},
            {&put_person, "INSERT INTO people (" PERSON_COLUMNS ") VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                          "external_id = excluded.external_id, changed_ms = excluded.changed_ms, "
                          "disabled_ms = excluded.disabled_ms, provisioned = excluded.provisioned"},
            {&one_person, "SELECT " PERSON_COLUMNS " FROM people WHERE person = ?"},
            {&all_people, "SELECT " PERSON_COLUMNS " FROM people ORDER BY person"},
            {&insert_session,
             "INSERT INTO sessions (" SESSION_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"},
            {&renew_session, "UPDATE sessions SET team = ?2, max_class = ?3, refresh_digest = ?4, spent_digest = ?1, "
                             "access_digest = ?5, provider_token = ?6, access_expires_ms = ?7 "
                             "WHERE refresh_digest = ?1 AND ended_ms = 0 RETURNING id"},
            {&session_by_refresh,
             "SELECT " SESSION_COLUMNS " FROM sessions WHERE refresh_digest = ?1 OR spent_digest = ?1 LIMIT 1"},
            {&end_session, "UPDATE sessions SET ended_ms = ? WHERE id = ? AND ended_ms = 0"},
            {&end_sessions_of, "UPDATE sessions SET ended_ms = ? WHERE person = ? AND ended_ms = 0"},
            {&open_sessions, "SELECT " SESSION_COLUMNS " FROM sessions WHERE ended_ms = 0 AND expires_ms > ?"},
            {&drop_sessions, "DELETE FROM sessions WHERE expires_ms < ?"},
            {&all_unmaskings, "SELECT " UNMASKING_COLUMNS " FROM unmaskings ORDER BY asked_ms, id"},
        };
        for (const auto& [statement, sql] : all) {
            auto prepared = db.prepare(sql);
            if (!prepared) return std::unexpected(prepared.error());
            *statement = std::move(*prepared);
        }
        return {};
    }

    // The row that a bound statement finds, if any.
    template <class Read>
    auto one(Statement& statement, Read read) -> Result<std::optional<decltype(read(statement))>> {
        std::optional<decltype(read(statement))> out;
        const auto row = statement.step();
        if (!row) return std::unexpected(row.error());
        if (*row) out = read(statement);
        statement.reset();
        return out;
    }
    template <class Read>
    auto every(Statement& statement, Read read) -> Result<std::vector<decltype(read(statement))>> {
        std::vector<decltype(read(statement))> out;
        while (true) {
            const auto row = statement.step();
            if (!row) return std::unexpected(row.error());
            if (!*row) break;
            out.push_back(read(statement));
        }
        statement.reset();
        return out;
    }

    Result<std::uint64_t> version() {
        change_count.bind(1, std::string_view("keys"));
        const auto count = one(change_count, [](const Statement& row) { return row.number(0); });
        if (!count) return std::unexpected(count.error());
        return static_cast<std::uint64_t>(count->value_or(0));
    }

    // In one read transaction, so that list and version belong together.
    Result<Snapshot<KeyList>> read_keys() {
        auto foreign = db.foreign_changes();
        if (!foreign) return std::unexpected(foreign.error());
        if (auto begun = db.execute("BEGIN"); !begun) return std::unexpected(begun.error());
        auto at = version();
        auto list = at ? every(all_keys, key_of) : Result<std::vector<KeyRecord>>(std::unexpected(at.error()));
        if (auto done = db.execute("COMMIT"); !done) return std::unexpected(done.error());
        if (!list) return std::unexpected(list.error());
        seen_foreign = *foreign;
        seen_version = *at;
        return Snapshot<KeyList>{std::make_shared<const KeyList>(std::move(*list)), *at};
    }

    // The same without a record.
    Result<void> commit(Transaction& transaction, Result<void> done) {
        if (!done) return done;
        if (auto counted = count_change.bind(1, std::string_view("keys")).run(); !counted) return counted;
        if (auto committed = transaction.commit(); !committed) return committed;
        seen_foreign = -1;
        return {};
    }

    // After a change of our own, which foreign_changes() does not tell of.
    template <class Record> Result<Record> committed(Transaction& transaction, Result<std::optional<Record>> record) {
        if (!record) return std::unexpected(record.error());
        if (auto counted = count_change.bind(1, std::string_view("keys")).run(); !counted)
            return std::unexpected(counted.error());
        if (auto done = transaction.commit(); !done) return std::unexpected(done.error());
        seen_foreign = -1;
        return std::move(**record);
    }
};

} // namespace sallyport::store
