#include "store/names.h"

#include <array>

namespace sallyport::store {

namespace {
constexpr std::int32_t purpose = 0x5341'4E4D; // "SANM"
constexpr const char* first_format = R"sql(
CREATE TABLE names (
    pseudonym TEXT PRIMARY KEY,
    kind      INTEGER NOT NULL,
    sealed    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
)sql";
constexpr std::array migrations = {first_format};

SealedName name_of(const Statement& row) {
    return {std::string(row.text(0)), static_cast<NameKind>(row.number(1)), std::string(row.blob(2))};
}

Result<std::vector<SealedName>> every(Statement& statement) {
    std::vector<SealedName> out;
    while (true) {
        const auto row = statement.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        out.push_back(name_of(statement));
    }
    statement.reset();
    return out;
}
} // namespace

Result<Names> Names::open(const std::filesystem::path& file) {
    auto db = Database::open(file, purpose, migrations);
    if (!db) return std::unexpected(db.error());
    Names names(std::move(*db));
    const std::pair<Statement*, const char*> all[] = {
        {&names.insert_, "INSERT INTO names (pseudonym, kind, sealed) VALUES (?,?,?) ON CONFLICT DO NOTHING"},
        {&names.by_pseudonym_, "SELECT pseudonym, kind, sealed FROM names WHERE pseudonym = ?"},
        {&names.delete_, "DELETE FROM names WHERE pseudonym = ? RETURNING pseudonym"},
        {&names.of_kind_, "SELECT pseudonym, kind, sealed FROM names WHERE kind = ? ORDER BY pseudonym"},
    };
    for (const auto& [statement, sql] : all) {
        auto prepared = names.db_.prepare(sql);
        if (!prepared) return std::unexpected(prepared.error());
        *statement = std::move(*prepared);
    }
    return names;
}

Result<void> Names::remember(std::span<const SealedName> names) {
    if (names.empty()) return {};
    auto transaction = Transaction::begin(db_);
    if (!transaction) return std::unexpected(transaction.error());
    for (const SealedName& name : names) {
        insert_.bind(1, name.pseudonym).bind(2, static_cast<std::int64_t>(name.kind)).bind_blob(3, name.sealed);
        if (auto done = insert_.run(); !done) return done;
    }
    return transaction->commit();
}

Result<std::optional<SealedName>> Names::find(std::string_view pseudonym) {
    const auto row = by_pseudonym_.bind(1, pseudonym).step();
    if (!row) return std::unexpected(row.error());
    std::optional<SealedName> out;
    if (*row) out = name_of(by_pseudonym_);
    by_pseudonym_.reset();
    return out;
}

Result<bool> Names::forget(std::string_view pseudonym) {
    const auto row = delete_.bind(1, pseudonym).step();
    if (!row) return std::unexpected(row.error());
    const bool was_there = *row;
    if (was_there)
        if (auto rest = delete_.run(); !rest) return std::unexpected(rest.error());
    delete_.reset();
    if (auto wiped = db_.wipe_log(); !wiped) return std::unexpected(wiped.error());
    return was_there;
}

Result<std::vector<SealedName>> Names::list(NameKind kind) {
    return every(of_kind_.bind(1, static_cast<std::int64_t>(kind)));
}

// Here first, there then: whatever is cut short is done again at the next open.
Result<void> Names::take_from(Database& state) {
    std::vector<SealedName> old;
    {
        auto all = state.prepare("SELECT pseudonym, kind, sealed FROM names");
        if (!all) return std::unexpected(all.error());
        auto read = every(*all);
        if (!read) return std::unexpected(read.error());
        old = std::move(*read);
    }
    if (old.empty()) return {};
    if (auto kept = remember(old); !kept) return kept;
    if (auto removed = state.execute("DELETE FROM names"); !removed) return removed;
    return state.wipe_log();
}

} // namespace sallyport::store
