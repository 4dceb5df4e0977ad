#include "store/state_tables.h"

#include <algorithm>

namespace sallyport::store {

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
                        .bind(11, key.access)
                        .bind(12, request)
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

Result<void> State::note_ledger(const NotedLedger& noted) {
    const std::scoped_lock lock(inside_->mutex);
    Statement& note = inside_->note_ledger;
    return note.bind(1, noted.name)
        .bind(2, static_cast<std::int64_t>(noted.entries))
        .bind_blob(3, noted.root)
        .bind(4, noted.at_ms)
        .bind(5, noted.waited_ms)
        .run();
}

Result<std::vector<NotedLedger>> State::noted_ledgers() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->noted_ledgers, [](const Statement& row) {
        return NotedLedger{std::string(row.text(0)), static_cast<std::uint64_t>(row.number(1)),
                           std::string(row.blob(2)), row.number(3), row.number(4)};
    });
}

Result<std::optional<NotedLedger>> State::noted_ledger(std::string_view name) {
    auto all = noted_ledgers();
    if (!all) return std::unexpected(all.error());
    const auto one = std::ranges::find(*all, name, &NotedLedger::name);
    return one != all->end() ? std::optional(std::move(*one)) : std::nullopt;
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

} // namespace sallyport::store
