#include "store/state.h"

#include "store/database.h"
#include "store/names.h"

#include <array>
#include <mutex>

namespace sallyport::store {

namespace {
constexpr std::int32_t purpose = 0x5341'5354; // "SAST"

// `changes` counts the commands that changed a table: the version of its snapshots.
constexpr const char* first_format = R"sql(
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
constexpr const char* second_format = R"sql(
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
constexpr const char* third_format = "ALTER TABLE keys ADD COLUMN role TEXT NOT NULL DEFAULT ''";
constexpr const char* fourth_format = R"sql(
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
constexpr const char* fifth_format = R"sql(
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
constexpr std::array migrations = {first_format, second_format, third_format, fourth_format, fifth_format};

#define KEY_COLUMNS "id, digest, person, team, max_class, label, created_ms, expires_ms, revoked_ms, role"

KeyRecord key_of(const Statement& row) {
    return {std::string(row.text(0)),
            std::string(row.blob(1)),
            std::string(row.text(2)),
            std::string(row.text(3)),
            std::string(row.text(4)),
            std::string(row.text(5)),
            row.number(6),
            row.number(7),
            row.number(8),
            std::string(row.text(9))};
}
#define EXCEPTION_COLUMNS                                                                                              \
    "id, person, team, repository, rule, reason, granted_by, approved_by, granted_ms, until_ms, revoked_ms, "          \
    "needs_approval"

ExceptionRecord exception_of(const Statement& row) {
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

DisputeRecord dispute_of(const Statement& row) {
    return {std::string(row.text(0)),
            std::string(row.text(1)),
            std::string(row.text(2)),
            std::string(row.text(3)),
            row.number(4),
            row.number(5),
            row.number(6)};
}
ActRecord act_of(const Statement& row) {
    return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
            std::string(row.text(3)), std::string(row.text(4)), row.number(5)};
}
} // namespace

struct State::Inside {
    Inside(Database opened, Names sealed) : db(std::move(opened)), names(std::move(sealed)) {}

    std::mutex mutex;
    Database db;
    Names names;
    Statement insert_key, key_by_request, key_by_id, revoke, all_keys, count_change, change_count;
    Statement insert_act, acts_left, acts_later, mark_act, copy;
    Statement insert_exception, exception_by_request, exception_by_id, approve, revoke_exception, all_exceptions;
    Statement insert_dispute, dispute_by_finding, withdraw, all_disputes;
    std::int64_t seen_foreign = -1; // foreign_changes() when `seen_version` was read
    std::uint64_t seen_version = 0;

    Result<void> prepare() {
        const std::pair<Statement*, const char*> all[] = {
            {&insert_key, "INSERT INTO keys (" KEY_COLUMNS ", request) VALUES (?,?,?,?,?,?,?,?,?,?,?)"},
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
            {&mark_act, "UPDATE acts SET recorded = 1 WHERE id = ?"},
            {&acts_later, "SELECT id, what, by, why, about, at_ms FROM acts WHERE at_ms >= ? ORDER BY number"},
            {&copy, "VACUUM INTO ?"},
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

State::State(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
State::~State() = default;

Result<std::unique_ptr<State>> State::open(const std::filesystem::path& file) {
    auto db = Database::open(file, purpose, migrations);
    if (!db) return std::unexpected(db.error());
    auto names = Names::open(file.parent_path() / "names.db");
    if (!names) return std::unexpected(names.error());
    if (auto moved = names->take_from(*db); !moved) return std::unexpected(moved.error());
    auto inside = std::make_unique<Inside>(std::move(*db), std::move(*names));
    if (auto prepared = inside->prepare(); !prepared) return std::unexpected(prepared.error());
    return std::unique_ptr<State>(new State(std::move(inside)));
}

Result<KeyRecord> State::issue_key(std::string_view request, const KeyRecord& key) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    inside_->key_by_request.bind(1, request);
    auto there = inside_->one(inside_->key_by_request, key_of);
    if (!there) return std::unexpected(there.error());
    if (there->has_value()) return std::move(**there);
    auto inserted = inside_->insert_key.bind(1, key.id)
                        .bind_blob(2, key.digest)
                        .bind(3, key.person)
                        .bind(4, key.team)
                        .bind(5, key.max_class)
                        .bind(6, key.label)
                        .bind(7, key.created_ms)
                        .bind(8, key.expires_ms)
                        .bind(9, key.revoked_ms)
                        .bind(10, key.role)
                        .bind(11, request)
                        .run();
    if (!inserted) return std::unexpected(inserted.error());
    return inside_->committed<KeyRecord>(*transaction, std::optional(key));
}

Result<KeyRecord> State::revoke_key(std::string_view id, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto done = inside_->revoke.bind(1, at_ms).bind(2, id).run(); !done) return std::unexpected(done.error());
    inside_->key_by_id.bind(1, id);
    auto key = inside_->one(inside_->key_by_id, key_of);
    if (key && !key->has_value())
        return fail(ErrorKind::invalid, "there is no key '" + std::string(id) + "'; list them with: sallyport key list",
                    ErrorSource::client);
    return inside_->committed<KeyRecord>(*transaction, std::move(key));
}

Result<ExceptionRecord> State::grant_exception(std::string_view request, const ExceptionRecord& exception) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    inside_->exception_by_request.bind(1, request);
    auto there = inside_->one(inside_->exception_by_request, exception_of);
    if (!there) return std::unexpected(there.error());
    if (there->has_value()) return std::move(**there);
    Statement& insert = inside_->insert_exception;
    int column = 0;
    for (const std::string* text : {&exception.id, &exception.person, &exception.team, &exception.repository,
                                    &exception.rule, &exception.reason, &exception.granted_by, &exception.approved_by})
        insert.bind(++column, *text);
    for (const std::int64_t number :
         {exception.granted_ms, exception.until_ms, exception.revoked_ms, std::int64_t{exception.needs_approval}})
        insert.bind(++column, number);
    if (auto done = insert.bind(++column, request).run(); !done) return std::unexpected(done.error());
    return inside_->committed<ExceptionRecord>(*transaction, std::optional(exception));
}

namespace {
std::unexpected<Error> no_exception(std::string_view id) {
    return fail(ErrorKind::invalid,
                "there is no exception '" + std::string(id) + "'; list them with: sallyport exception list",
                ErrorSource::client);
}
} // namespace

Result<ExceptionRecord> State::approve_exception(std::string_view id, std::string_view person) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto done = inside_->approve.bind(1, person).bind(2, id).run(); !done) return std::unexpected(done.error());
    inside_->exception_by_id.bind(1, id);
    auto exception = inside_->one(inside_->exception_by_id, exception_of);
    if (exception && !exception->has_value()) return no_exception(id);
    if (exception && (*exception)->approved_by.empty())
        return fail(ErrorKind::invalid, "who granted an exception cannot approve it; a second person must",
                    ErrorSource::client);
    return inside_->committed<ExceptionRecord>(*transaction, std::move(exception));
}

Result<ExceptionRecord> State::revoke_exception(std::string_view id, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto done = inside_->revoke_exception.bind(1, at_ms).bind(2, id).run(); !done)
        return std::unexpected(done.error());
    inside_->exception_by_id.bind(1, id);
    auto exception = inside_->one(inside_->exception_by_id, exception_of);
    if (exception && !exception->has_value()) return no_exception(id);
    return inside_->committed<ExceptionRecord>(*transaction, std::move(exception));
}

Result<ExceptionList> State::exceptions() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->all_exceptions, exception_of);
}

Result<DisputeRecord> State::dispute(const DisputeRecord& dispute) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    Statement& insert = inside_->insert_dispute;
    int column = 0;
    for (const std::string* text : {&dispute.finding, &dispute.rule, &dispute.reason, &dispute.by})
        insert.bind(++column, *text);
    for (const std::int64_t number : {dispute.disputed_ms, dispute.until_ms, dispute.withdrawn_ms})
        insert.bind(++column, number);
    if (auto done = insert.run(); !done) return std::unexpected(done.error());
    return inside_->committed<DisputeRecord>(*transaction, std::optional(dispute));
}

Result<DisputeRecord> State::withdraw_dispute(std::string_view finding, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto done = inside_->withdraw.bind(1, at_ms).bind(2, finding).run(); !done)
        return std::unexpected(done.error());
    inside_->dispute_by_finding.bind(1, finding);
    auto dispute = inside_->one(inside_->dispute_by_finding, dispute_of);
    if (dispute && !dispute->has_value())
        return fail(ErrorKind::invalid,
                    "nobody disputes the finding '" + std::string(finding) + "'; list what is: sallyport finding list",
                    ErrorSource::client);
    return inside_->committed<DisputeRecord>(*transaction, std::move(dispute));
}

Result<DisputeList> State::disputes() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->all_disputes, dispute_of);
}

Result<void> State::add_act(const ActRecord& act) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->insert_act.bind(1, act.id).bind(2, act.what).bind(3, act.by).bind(4, act.why);
    inside_->insert_act.bind(5, act.about).bind(6, act.at_ms);
    return inside_->insert_act.run();
}

Result<std::vector<ActRecord>> State::unrecorded_acts() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->acts_left, act_of);
}

Result<std::vector<ActRecord>> State::acts_since(std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->acts_later.bind(1, at_ms), act_of);
}

Result<void> State::act_recorded(std::string_view id) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->mark_act.bind(1, id);
    return inside_->mark_act.run();
}

Result<Snapshot<KeyList>> State::keys() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->read_keys();
}

Result<std::optional<Snapshot<KeyList>>> State::keys_if_changed(std::uint64_t version) {
    const std::scoped_lock lock(inside_->mutex);
    const auto foreign = inside_->db.foreign_changes();
    if (!foreign) return std::unexpected(foreign.error());
    if (*foreign != inside_->seen_foreign) {
        const auto now = inside_->version();
        if (!now) return std::unexpected(now.error());
        inside_->seen_version = *now;
        inside_->seen_foreign = *foreign;
    }
    if (inside_->seen_version == version) return std::optional<Snapshot<KeyList>>();
    auto snapshot = inside_->read_keys();
    if (!snapshot) return std::unexpected(snapshot.error());
    return std::optional(std::move(*snapshot));
}

Result<void> State::remember_names(std::span<const SealedName> names) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.remember(names);
}

Result<std::optional<SealedName>> State::sealed_name(std::string_view pseudonym) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.find(pseudonym);
}

Result<bool> State::forget_name(std::string_view pseudonym) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.forget(pseudonym);
}

Result<std::vector<SealedName>> State::names(NameKind kind) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.list(kind);
}

Result<void> State::copy_to(const std::filesystem::path& file) {
    const std::scoped_lock lock(inside_->mutex);
    auto copied = inside_->copy.bind(1, std::string_view(file.native())).run();
    if (!copied)
        copied = fail(copied.error().kind,
                      inside_->db.path() + " cannot be copied to " + file.string() + ": " + copied.error().message);
    return copied;
}

} // namespace sallyport::store
