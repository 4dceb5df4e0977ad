#include "store/ledger_index.h"

#include <array>
#include <utility>

namespace sallyport::store {

namespace {
constexpr std::int32_t purpose = 0x5341'4C49; // "SALI"

constexpr const char* first_format = R"sql(
CREATE TABLE exchange (
    first_entry INTEGER PRIMARY KEY, last_entry INTEGER NOT NULL, exchange TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL,
    person TEXT NOT NULL, team TEXT NOT NULL, machine TEXT NOT NULL, session TEXT NOT NULL, key TEXT NOT NULL,
    repository TEXT NOT NULL, evidence TEXT NOT NULL, effective_class TEXT NOT NULL,
    client TEXT NOT NULL, client_version TEXT NOT NULL, dialect TEXT NOT NULL, model TEXT NOT NULL, operation TEXT NOT NULL,
    stream INTEGER NOT NULL, decision TEXT NOT NULL, rule TEXT NOT NULL, refused_by TEXT NOT NULL, sentence TEXT NOT NULL,
    upstream TEXT NOT NULL, vendor TEXT NOT NULL, account TEXT NOT NULL, attempts INTEGER NOT NULL, status INTEGER NOT NULL,
    ended TEXT NOT NULL, stop_reason TEXT NOT NULL, error TEXT NOT NULL, sent_bytes INTEGER NOT NULL,
    answer_bytes INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL, total_ms INTEGER NOT NULL,
    repeats INTEGER NOT NULL
) STRICT;
CREATE INDEX exchange_by_time ON exchange (at_ms);
CREATE INDEX exchange_by_person ON exchange (person, first_entry);
CREATE INDEX exchange_by_repository ON exchange (repository, first_entry);
CREATE INDEX exchange_by_decision ON exchange (decision, first_entry);
CREATE TABLE entry (
    entry INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL, exchange TEXT NOT NULL
) STRICT;
CREATE INDEX entry_by_exchange ON entry (exchange, entry) WHERE exchange <> '';
CREATE TABLE file (
    repository TEXT NOT NULL, file TEXT NOT NULL, tool TEXT NOT NULL, upstream TEXT NOT NULL, vendor TEXT NOT NULL,
    account TEXT NOT NULL, client TEXT NOT NULL, effective_class TEXT NOT NULL, day INTEGER NOT NULL,
    count INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    PRIMARY KEY (repository, file, tool, upstream, vendor, account, client, effective_class, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL, offset INTEGER NOT NULL, next_entry INTEGER NOT NULL,
    frame_offset INTEGER NOT NULL, frame_crc INTEGER NOT NULL
) STRICT;
INSERT INTO progress VALUES (1, 0, 0, 0, 0, 0);
)sql";
// What was read before is read again.
constexpr const char* with_all_claims = R"sql(
ALTER TABLE exchange ADD COLUMN also_claimed TEXT NOT NULL DEFAULT '';
DELETE FROM exchange;
DELETE FROM entry;
DROP TABLE file;
CREATE TABLE file (
    repository TEXT NOT NULL, file TEXT NOT NULL, how TEXT NOT NULL, lines TEXT NOT NULL, tool TEXT NOT NULL,
    upstream TEXT NOT NULL, vendor TEXT NOT NULL, account TEXT NOT NULL, client TEXT NOT NULL, model TEXT NOT NULL,
    rule TEXT NOT NULL, effective_class TEXT NOT NULL, person TEXT NOT NULL, day INTEGER NOT NULL,
    count INTEGER NOT NULL, characters INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    last_entry INTEGER NOT NULL,
    PRIMARY KEY (repository, file, how, lines, tool, upstream, vendor, account, client, model, rule, effective_class, person, day)
) STRICT, WITHOUT ROWID;
UPDATE progress SET segment = 0, offset = 0, next_entry = 0, frame_offset = 0, frame_crc = 0;
)sql";
constexpr std::array migrations = {first_format, with_all_claims};

constexpr std::int64_t day_ms = 86'400'000;

// The columns of `exchange` in the order of the table: texts and numbers of a row, by one function for reading and writing.
template <class Row, class Text, class Number> void each_column(Row& row, Text text, Number number) {
    number(row.first_entry), number(row.last_entry), text(row.exchange), number(row.at_ms);
    text(row.person), text(row.team), text(row.machine), text(row.session), text(row.key);
    text(row.repository), text(row.evidence), text(row.effective_class);
    text(row.client), text(row.client_version), text(row.dialect), text(row.model), text(row.operation);
    number(row.stream), text(row.decision), text(row.rule), text(row.refused_by), text(row.sentence);
    text(row.upstream), text(row.vendor), text(row.account), number(row.attempts), number(row.status);
    text(row.ended), text(row.stop_reason), text(row.error), number(row.sent_bytes);
    number(row.answer_bytes), number(row.input_tokens), number(row.output_tokens);
    number(row.cache_read_tokens), number(row.cache_write_tokens), number(row.total_ms);
    number(row.repeats), text(row.also_claimed);
}
constexpr std::string_view put_sql = "INSERT OR REPLACE INTO exchange VALUES "
                                     "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

ExchangeRow exchange_of_row(const Statement& row) {
    ExchangeRow out;
    int column = 0;
    each_column(
        out, [&](std::string& text) { text = row.text(column++); },
        [&]<class Number>(Number& number) { number = static_cast<Number>(row.number(column++)); });
    return out;
}

// Conditions with their values: "a = ?" joined by AND. Column names are literals of this file.
class Where {
public:
    void equals(const char* column, std::string_view value) {
        if (value.empty()) return;
        add(std::string(column) + " = ?");
        texts_.emplace_back(++count_, value);
    }
    // The one that was decided for, or one of those that were claimed beside it (lines).
    void names_repository(std::string_view value) {
        if (value.empty()) return;
        add("(repository = ? OR (also_claimed <> '' AND "
            "instr(char(10) || also_claimed || char(10), char(10) || ? || char(10)) > 0))");
        texts_.emplace_back(++count_, value);
        texts_.emplace_back(++count_, value);
    }
    void compare(const char* condition, std::int64_t value) {
        add(condition);
        numbers_.emplace_back(++count_, value);
    }
    std::string sql() const { return sql_; }
    void bind(Statement& statement) const {
        for (const auto& [i, text] : texts_) statement.bind(i, text);
        for (const auto& [i, number] : numbers_) statement.bind(i, number);
    }
    int count() const { return count_; }

private:
    void add(const std::string& condition) { sql_ += (sql_.empty() ? " WHERE " : " AND ") + condition; }
    std::string sql_;
    int count_ = 0;
    std::vector<std::pair<int, std::string_view>> texts_;
    std::vector<std::pair<int, std::int64_t>> numbers_;
};

template <class Read> auto every(Statement& statement, Read read) -> Result<std::vector<decltype(read(statement))>> {
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
template <class Read> auto first(Statement& statement, Read read) -> Result<std::optional<decltype(read(statement))>> {
    std::optional<decltype(read(statement))> out;
    const auto row = statement.step();
    if (!row) return std::unexpected(row.error());
    if (*row) out = read(statement);
    statement.reset();
    return out;
}

EntryPlace place_of_row(const Statement& row) {
    return {static_cast<std::uint64_t>(row.number(0)), static_cast<std::uint64_t>(row.number(1)),
            static_cast<std::uint64_t>(row.number(2))};
}
} // namespace

struct LedgerIndex::Inside {
    explicit Inside(Database opened) : db(std::move(opened)) {}

    Database db;
    std::optional<Transaction> update;
    Statement progress, set_progress, find, put, place, count_file, entries_of, place_of, exchange_of;

    Result<void> prepare() {
        const std::pair<Statement*, std::string_view> all[] = {
            {&progress, "SELECT segment, offset, next_entry, frame_offset, frame_crc FROM progress"},
            {&set_progress, "UPDATE progress SET segment=?, offset=?, next_entry=?, frame_offset=?, frame_crc=?"},
            {&find, "SELECT * FROM exchange WHERE exchange = ?"},
            {&put, put_sql},
            {&place, "INSERT OR REPLACE INTO entry (entry, segment, offset, exchange) VALUES (?,?,?,?)"},
            {&count_file, "INSERT INTO file VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                          "count = count + "
                          "excluded.count, characters = max(characters, excluded.characters), "
                          "first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms), "
                          "last_entry = max(last_entry, excluded.last_entry)"},
            {&entries_of,
             "SELECT entry, segment, offset FROM entry WHERE exchange = ? AND exchange <> '' ORDER BY entry"},
            {&place_of, "SELECT entry, segment, offset FROM entry WHERE entry = ?"},
            {&exchange_of, "SELECT exchange FROM entry WHERE entry = ?"},
        };
        for (const auto& [statement, sql] : all) {
            auto prepared = db.prepare(sql);
            if (!prepared) return std::unexpected(prepared.error());
            *statement = std::move(*prepared);
        }
        return {};
    }
};

LedgerIndex::LedgerIndex(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
LedgerIndex::LedgerIndex(LedgerIndex&&) noexcept = default;
LedgerIndex& LedgerIndex::operator=(LedgerIndex&&) noexcept = default;
LedgerIndex::~LedgerIndex() {
    if (inside_) inside_->update.reset();
}

Result<LedgerIndex> LedgerIndex::open(const std::filesystem::path& file) {
    auto db = Database::open(file, purpose, migrations, Durability::cache);
    if (!db)
        return fail(db.error().kind,
                    db.error().message + "; it is only a cache, build it again with: sallyport ledger reindex");
    auto inside = std::make_unique<Inside>(std::move(*db));
    if (auto prepared = inside->prepare(); !prepared) return std::unexpected(prepared.error());
    return LedgerIndex(std::move(inside));
}

Result<void> LedgerIndex::clear() {
    return inside_->db.execute("DELETE FROM exchange; DELETE FROM entry; DELETE FROM file; "
                               "UPDATE progress SET segment=0, offset=0, next_entry=0, frame_offset=0, frame_crc=0;");
}

Result<IndexProgress> LedgerIndex::begin() {
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    inside_->update.emplace(std::move(*transaction));
    auto row = first(inside_->progress, [](const Statement& s) {
        return IndexProgress{static_cast<std::uint64_t>(s.number(0)), static_cast<std::uint64_t>(s.number(1)),
                             static_cast<std::uint64_t>(s.number(2)), static_cast<std::uint64_t>(s.number(3)),
                             static_cast<std::uint32_t>(s.number(4))};
    });
    if (!row) return std::unexpected(row.error());
    return row->value_or(IndexProgress{});
}

Result<void> LedgerIndex::commit(const IndexProgress& progress) {
    auto& set = inside_->set_progress;
    set.bind(1, static_cast<std::int64_t>(progress.segment)).bind(2, static_cast<std::int64_t>(progress.offset));
    set.bind(3, static_cast<std::int64_t>(progress.next_entry))
        .bind(4, static_cast<std::int64_t>(progress.frame_offset));
    set.bind(5, static_cast<std::int64_t>(progress.frame_crc));
    if (auto done = set.run(); !done) return done;
    auto done = inside_->update->commit();
    inside_->update.reset();
    return done;
}

void LedgerIndex::abandon() { inside_->update.reset(); }

Result<std::optional<ExchangeRow>> LedgerIndex::find(std::string_view exchange) {
    inside_->find.bind(1, exchange);
    return first(inside_->find, exchange_of_row);
}

Result<void> LedgerIndex::put(const ExchangeRow& row) {
    int parameter = 0;
    each_column(
        row, [&](const std::string& text) { inside_->put.bind(++parameter, text); },
        [&](const auto& number) { inside_->put.bind(++parameter, static_cast<std::int64_t>(number)); });
    return inside_->put.run();
}

Result<void> LedgerIndex::place(const EntryPlace& place, std::string_view exchange) {
    return inside_->place.bind(1, static_cast<std::int64_t>(place.entry))
        .bind(2, static_cast<std::int64_t>(place.segment))
        .bind(3, static_cast<std::int64_t>(place.offset))
        .bind(4, exchange)
        .run();
}

Result<void> LedgerIndex::count_file(const FileRow& row) {
    Statement& statement = inside_->count_file;
    int at = 0;
    for (const std::string* text :
         {&row.repository, &row.file, &row.how, &row.lines, &row.tool, &row.upstream, &row.vendor, &row.account,
          &row.client, &row.model, &row.rule, &row.effective_class, &row.person})
        statement.bind(++at, *text);
    for (const std::int64_t number : {row.first_ms / day_ms, row.count, row.characters, row.first_ms, row.last_ms,
                                      static_cast<std::int64_t>(row.last_entry)})
        statement.bind(++at, number);
    return statement.run();
}

Result<std::vector<ExchangeRow>> LedgerIndex::exchanges(const ExchangeFilter& filter,
                                                        std::optional<std::uint64_t> before, std::size_t limit) {
    Where where;
    where.equals("person", filter.person);
    where.equals("team", filter.team);
    where.equals("machine", filter.machine);
    where.equals("session", filter.session);
    where.equals("key", filter.key);
    where.names_repository(filter.repository);
    where.equals("effective_class", filter.effective_class);
    where.equals("client", filter.client);
    where.equals("client_version", filter.client_version);
    where.equals("dialect", filter.dialect);
    where.equals("model", filter.model);
    where.equals("decision", filter.decision);
    where.equals("rule", filter.rule);
    where.equals("upstream", filter.upstream);
    where.equals("vendor", filter.vendor);
    where.equals("account", filter.account);
    if (filter.from_ms != 0) where.compare("at_ms >= ?", filter.from_ms);
    if (filter.to_ms != 0) where.compare("at_ms < ?", filter.to_ms);
    if (before) where.compare("first_entry < ?", static_cast<std::int64_t>(*before));
    auto statement = inside_->db.prepare("SELECT * FROM exchange" + where.sql() + " ORDER BY first_entry DESC LIMIT ?");
    if (!statement) return std::unexpected(statement.error());
    where.bind(*statement);
    statement->bind(where.count() + 1, static_cast<std::int64_t>(limit));
    return every(*statement, exchange_of_row);
}

Result<std::vector<FileRow>> LedgerIndex::files(const ExchangeFilter& filter, std::size_t limit, bool apart) {
    Where where;
    where.equals("repository", filter.repository);
    where.equals("file", filter.file);
    where.equals("how", filter.how);
    where.equals("upstream", filter.upstream);
    where.equals("vendor", filter.vendor);
    where.equals("account", filter.account);
    where.equals("client", filter.client);
    where.equals("model", filter.model);
    where.equals("rule", filter.rule);
    where.equals("person", filter.person);
    where.equals("effective_class", filter.effective_class);
    if (filter.from_ms != 0) where.compare("last_ms >= ?", filter.from_ms);
    if (filter.to_ms != 0) where.compare("first_ms < ?", filter.to_ms);
    auto statement = inside_->db.prepare(
        "SELECT repository, file, how, group_concat(DISTINCT lines), tool, upstream, vendor, account, client, model, "
        "rule, "
        "effective_class, count(DISTINCT person), sum(count), max(characters), min(first_ms), max(last_ms), "
        "max(last_entry) "
        "FROM file" +
        where.sql() +
        " GROUP BY repository, file, how, tool, upstream, vendor, account, client, model, rule, effective_class" +
        (apart ? ", lines " : " ") + "ORDER BY max(last_ms) DESC, repository, file, how LIMIT ?");
    if (!statement) return std::unexpected(statement.error());
    where.bind(*statement);
    statement->bind(where.count() + 1, static_cast<std::int64_t>(limit));
    return every(*statement, [](const Statement& s) {
        FileRow row;
        int at = 0;
        for (std::string* text : {&row.repository, &row.file, &row.how, &row.lines, &row.tool, &row.upstream,
                                  &row.vendor, &row.account, &row.client, &row.model, &row.rule, &row.effective_class})
            *text = s.text(at++);
        for (std::int64_t* number : {&row.persons, &row.count, &row.characters, &row.first_ms, &row.last_ms})
            *number = s.number(at++);
        row.last_entry = static_cast<std::uint64_t>(s.number(at));
        return row;
    });
}

Result<std::vector<EntryPlace>> LedgerIndex::entries_of(std::string_view exchange) {
    inside_->entries_of.bind(1, exchange);
    return every(inside_->entries_of, place_of_row);
}
Result<std::optional<EntryPlace>> LedgerIndex::place_of(std::uint64_t entry) {
    inside_->place_of.bind(1, static_cast<std::int64_t>(entry));
    return first(inside_->place_of, place_of_row);
}
Result<std::optional<std::string>> LedgerIndex::exchange_of(std::uint64_t entry) {
    inside_->exchange_of.bind(1, static_cast<std::int64_t>(entry));
    return first(inside_->exchange_of, [](const Statement& s) { return std::string(s.text(0)); });
}

} // namespace sallyport::store
