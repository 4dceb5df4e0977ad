#include "store/body_keys.h"

#include "store/database.h"

#include <array>
#include <mutex>
#include <utility>

namespace sallyport::store {

namespace {
constexpr std::int32_t purpose = 0x5341'424B; // "SABK"
constexpr const char* first_format = R"sql(
CREATE TABLE body_keys (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    repository      TEXT NOT NULL,
    person          TEXT NOT NULL,
    effective_class TEXT NOT NULL,
    week            INTEGER NOT NULL,
    sealed          BLOB NOT NULL,
    made_ms         INTEGER NOT NULL,
    erased_ms       INTEGER NOT NULL DEFAULT 0,
    erased_why      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX body_keys_in_use ON body_keys (repository, person, effective_class, week) WHERE erased_ms = 0;
CREATE TABLE holds (
    matter      TEXT NOT NULL,
    repository  TEXT NOT NULL,
    person      TEXT NOT NULL,
    from_ms     INTEGER NOT NULL,
    to_ms       INTEGER NOT NULL,
    since_ms    INTEGER NOT NULL,
    released_ms INTEGER NOT NULL DEFAULT 0,
    by          TEXT NOT NULL,
    PRIMARY KEY (matter, repository, person, from_ms, to_ms)
) STRICT, WITHOUT ROWID;
)sql";
constexpr std::array migrations = {first_format};

#define BODY_KEY_COLUMNS "id, repository, person, effective_class, week, sealed, made_ms, erased_ms, erased_why"
// Parameters: 1 repository, 2 person, 3 class, 4 the first week that is not over.
#define BODY_KEY_FILTER                                                                                                \
    "(?1 = '' OR repository = ?1) AND (?2 = '' OR person = ?2) AND (?3 = '' OR effective_class = ?3) AND (?4 < 0 OR "  \
    "week < ?4)"
#define HELD                                                                                                           \
    "EXISTS (SELECT 1 FROM holds h WHERE h.released_ms = 0 AND (h.repository = '' OR h.repository = k.repository) "    \
    "AND (h.person = '' OR h.person = k.person) AND (h.from_ms = 0 OR (k.week + 1) * 604800000 > h.from_ms) AND "      \
    "(h.to_ms = 0 OR k.week * 604800000 < h.to_ms))"

BodyKeyRecord key_of(const Statement& row) {
    return {static_cast<std::uint64_t>(row.number(0)),
            {std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)), row.number(4)},
            std::string(row.blob(5)),
            row.number(6),
            row.number(7),
            std::string(row.text(8))};
}

Statement& bind(Statement& statement, const BodyKeyFilter& filter) {
    return statement.bind(1, filter.repository)
        .bind(2, filter.person)
        .bind(3, filter.effective_class)
        .bind(4, filter.before_ms == 0 ? -1 : filter.before_ms / body_week_ms);
}
Statement& bind(Statement& statement, const BodyPlace& place) {
    return statement.bind(1, place.repository).bind(2, place.person).bind(3, place.effective_class).bind(4, place.week);
}

// The first row, or nothing; the statement is free again.
template <class Of> auto one(Statement& statement, Of of) -> Result<std::optional<decltype(of(statement))>> {
    const auto row = statement.step();
    if (!row) return std::unexpected(row.error());
    std::optional<decltype(of(statement))> out;
    if (*row) out = of(statement);
    statement.reset();
    return out;
}
template <class Of> auto every(Statement& statement, Of of) -> Result<std::vector<decltype(of(statement))>> {
    std::vector<decltype(of(statement))> out;
    while (true) {
        const auto row = statement.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        out.push_back(of(statement));
    }
    statement.reset();
    return out;
}
} // namespace

bool holds(const BodyHold& hold, const BodyPlace& place) {
    return hold.released_ms == 0 && (hold.repository.empty() || hold.repository == place.repository) &&
           (hold.person.empty() || hold.person == place.person) &&
           (hold.from_ms == 0 || (place.week + 1) * body_week_ms > hold.from_ms) &&
           (hold.to_ms == 0 || place.week * body_week_ms < hold.to_ms);
}

struct BodyKeys::Inside {
    explicit Inside(Database opened) : db(std::move(opened)) {}
    std::mutex mutex;
    Database db;
    std::int64_t version = 0; // of what other processes changed
    Statement by_place, by_id, insert, listed, count_held, destroy, insert_hold, release, all_holds;
};

BodyKeys::BodyKeys(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
BodyKeys::~BodyKeys() = default;

Result<std::unique_ptr<BodyKeys>> BodyKeys::open(const std::filesystem::path& file) {
    auto db = Database::open(file, purpose, migrations);
    if (!db) return std::unexpected(db.error());
    auto inside = std::make_unique<Inside>(std::move(*db));
    const std::pair<Statement*, const char*> statements[] = {
        {&inside->by_place, "SELECT " BODY_KEY_COLUMNS " FROM body_keys WHERE repository = ?1 AND person = ?2 AND "
                            "effective_class = ?3 AND week = ?4 AND erased_ms = 0"},
        {&inside->by_id, "SELECT " BODY_KEY_COLUMNS " FROM body_keys WHERE id = ?1"},
        {&inside->insert,
         "INSERT INTO body_keys (repository, person, effective_class, week, sealed, made_ms) VALUES (?1, "
         "?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"},
        {&inside->listed, "SELECT " BODY_KEY_COLUMNS " FROM body_keys WHERE " BODY_KEY_FILTER " ORDER BY id"},
        {&inside->count_held, "SELECT count(*) FROM body_keys k WHERE erased_ms = 0 AND " BODY_KEY_FILTER " AND " HELD},
        {&inside->destroy,
         "UPDATE body_keys AS k SET sealed = zeroblob(0), erased_ms = ?5, erased_why = ?6 WHERE erased_ms = "
         "0 AND " BODY_KEY_FILTER " AND NOT " HELD " RETURNING id"},
        {&inside->insert_hold,
         "INSERT INTO holds (matter, repository, person, from_ms, to_ms, since_ms, by) VALUES (?1, ?2, "
         "?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET released_ms = 0 WHERE released_ms <> 0"},
        {&inside->release, "UPDATE holds SET released_ms = ?2 WHERE matter = ?1 AND released_ms = 0 RETURNING matter"},
        {&inside->all_holds, "SELECT matter, repository, person, from_ms, to_ms, since_ms, released_ms, by FROM holds "
                             "ORDER BY since_ms, matter"},
    };
    for (const auto& [statement, sql] : statements) {
        auto prepared = inside->db.prepare(sql);
        if (!prepared) return std::unexpected(prepared.error());
        *statement = std::move(*prepared);
    }
    const auto version = inside->db.foreign_changes();
    if (!version) return std::unexpected(version.error());
    inside->version = *version;
    return std::unique_ptr<BodyKeys>(new BodyKeys(std::move(inside)));
}

Result<BodyKeyRecord> BodyKeys::find_or_make(const BodyPlace& place, std::string_view sealed, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    auto found = one(bind(inside_->by_place, place), key_of);
    if (!found) return std::unexpected(found.error());
    if (*found) return std::move(**found);
    bind(inside_->insert, place).bind_blob(5, sealed).bind(6, at_ms);
    if (auto made = inside_->insert.run(); !made) return std::unexpected(made.error());
    found = one(bind(inside_->by_place, place), key_of);
    if (!found) return std::unexpected(found.error());
    if (!*found) return fail(ErrorKind::internal, inside_->db.path() + " does not keep the keys that it is given");
    return std::move(**found);
}

Result<std::optional<BodyKeyRecord>> BodyKeys::find(std::uint64_t id) {
    const std::scoped_lock lock(inside_->mutex);
    return one(inside_->by_id.bind(1, static_cast<std::int64_t>(id)), key_of);
}

Result<std::vector<BodyKeyRecord>> BodyKeys::list(const BodyKeyFilter& filter) {
    const std::scoped_lock lock(inside_->mutex);
    return every(bind(inside_->listed, filter), key_of);
}

Result<BodyKeys::Erased> BodyKeys::erase(const BodyKeyFilter& filter, std::string_view why, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    const auto number = [](const Statement& row) { return row.number(0); };
    const auto held = one(bind(inside_->count_held, filter), number);
    if (!held) return std::unexpected(held.error());
    const auto erased = every(bind(inside_->destroy, filter).bind(5, at_ms).bind(6, why), number);
    if (!erased) return std::unexpected(erased.error());
    if (auto wiped = inside_->db.wipe_log(); !wiped) return std::unexpected(wiped.error());
    return Erased{erased->size(), static_cast<std::uint64_t>(held->value_or(0))};
}

Result<bool> BodyKeys::changed_elsewhere() {
    const std::scoped_lock lock(inside_->mutex);
    const auto version = inside_->db.foreign_changes();
    if (!version) return std::unexpected(version.error());
    return std::exchange(inside_->version, *version) != *version;
}

Result<void> BodyKeys::hold(const BodyHold& hold) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->insert_hold.bind(1, hold.matter).bind(2, hold.repository).bind(3, hold.person).bind(4, hold.from_ms);
    inside_->insert_hold.bind(5, hold.to_ms).bind(6, hold.since_ms).bind(7, hold.by);
    return inside_->insert_hold.run();
}

Result<std::uint64_t> BodyKeys::release(std::string_view matter, std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    const auto released = every(inside_->release.bind(1, matter).bind(2, at_ms),
                                [](const Statement& row) { return std::string(row.text(0)); });
    if (!released) return std::unexpected(released.error());
    return released->size();
}

Result<std::vector<BodyHold>> BodyKeys::holds() {
    const std::scoped_lock lock(inside_->mutex);
    return every(inside_->all_holds, [](const Statement& row) {
        return BodyHold{std::string(row.text(0)),
                        std::string(row.text(1)),
                        std::string(row.text(2)),
                        row.number(3),
                        row.number(4),
                        row.number(5),
                        row.number(6),
                        std::string(row.text(7))};
    });
}

} // namespace sallyport::store
