#include "store/ledger_index.h"

#include "store/left_tables.h"
#include "store/where.h"

#include <array>
#include <unordered_map>
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
// What entries name. Of repositories and rules of inspection there are few, so that each has a list of its exchanges. Of files there are
// many, and a list for each would write to a page for each: those of an exchange stand together, and are looked through. Files that left are
// summed besides (left_tables.h).
constexpr const char* with_mentions = R"sql(
DELETE FROM exchange;
DELETE FROM entry;
DROP TABLE file;
DROP INDEX exchange_by_repository;
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE mention (
    word INTEGER NOT NULL, first_entry INTEGER NOT NULL, PRIMARY KEY (word, first_entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE named_files (first_entry INTEGER PRIMARY KEY, files TEXT NOT NULL) STRICT;
UPDATE progress SET segment = 0, offset = 0, next_entry = 0, frame_offset = 0, frame_crc = 0;
)sql";
const std::array migrations = {first_format, with_all_claims, with_mentions, LeftTables::format, LeftTables::with_open};

constexpr std::size_t words_held_max = 100'000;

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
    LeftTables left;
    Statement progress, set_progress, find, put, place, entries_of, place_of, exchange_of, add_word, word, mention,
        name_files;
    std::unordered_map<std::string, std::int64_t> words; // seen lately

    Result<void> prepare() {
        const std::pair<Statement*, std::string_view> all[] = {
            {&progress, "SELECT segment, offset, next_entry, frame_offset, frame_crc FROM progress"},
            {&set_progress, "UPDATE progress SET segment=?, offset=?, next_entry=?, frame_offset=?, frame_crc=?"},
            {&find, "SELECT * FROM exchange WHERE exchange = ?"},
            {&put, put_sql},
            {&place, "INSERT OR REPLACE INTO entry (entry, segment, offset, exchange) VALUES (?,?,?,?)"},
            {&add_word, "INSERT INTO word (text) VALUES (?) ON CONFLICT DO NOTHING"},
            {&word, "SELECT id FROM word WHERE text = ?"},
            {&name_files,
             "INSERT INTO named_files VALUES (?,?) ON CONFLICT DO UPDATE SET files = files || excluded.files "
             "WHERE files <> excluded.files"},
            {&mention, "INSERT INTO mention (word, first_entry) VALUES (?,?) ON CONFLICT DO NOTHING"},
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
        return left.prepare(db);
    }

    Result<std::int64_t> word_id(const std::string& text) {
        if (const auto known = words.find(text); known != words.end()) return known->second;
        if (auto added = add_word.bind(1, text).run(); !added) return std::unexpected(added.error());
        word.bind(1, text);
        const auto id = first(word, [](const Statement& s) { return s.number(0); });
        if (!id) return std::unexpected(id.error());
        if (words.size() >= words_held_max) words.clear();
        return words.emplace(text, id->value_or(0)).first->second;
    }
    // The first and the last exchange of that time; between them are others where a clock was set back.
    Result<std::optional<std::pair<std::int64_t, std::int64_t>>> entries_within(std::int64_t from_ms,
                                                                                std::int64_t to_ms) {
        auto statement =
            db.prepare("SELECT min(first_entry), max(first_entry) FROM exchange WHERE at_ms >= ? AND at_ms < ?");
        if (!statement) return std::unexpected(statement.error());
        statement->bind(1, from_ms).bind(2, to_ms != 0 ? to_ms : INT64_MAX);
        auto range = first(*statement, [](const Statement& s) {
            return std::pair(s.null(0) ? std::int64_t{-1} : s.number(0), s.number(1));
        });
        if (range && *range && (*range)->first < 0) range->reset();
        return range;
    }
    void forget() { // what is not in the file
        words.clear();
        left.forget();
    }
};

namespace {
std::string mention_text(Mention what, std::string_view text) {
    return (static_cast<char>(what) + std::string(":")).append(text);
}
} // namespace

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
    inside_->forget();
    if (auto done = inside_->db.execute(LeftTables::empty); !done) return done;
    return inside_->db.execute("DELETE FROM exchange; DELETE FROM entry; DELETE FROM mention; DELETE FROM word; "
                               "DELETE FROM named_files; "
                               "UPDATE progress SET segment=0, offset=0, next_entry=0, frame_offset=0, frame_crc=0;");
}

Result<IndexProgress> LedgerIndex::begin() {
    inside_->forget(); // another process may have built the index anew meanwhile
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    inside_->update.emplace(std::move(*transaction));
    auto row = first(inside_->progress, [](const Statement& s) {
        return IndexProgress{static_cast<std::uint64_t>(s.number(0)), static_cast<std::uint64_t>(s.number(1)),
                             static_cast<std::uint64_t>(s.number(2)), static_cast<std::uint64_t>(s.number(3)),
                             static_cast<std::uint32_t>(s.number(4))};
    });
    if (!row) return std::unexpected(row.error());
    if (auto loaded = inside_->left.load(); !loaded) return std::unexpected(loaded.error());
    return row->value_or(IndexProgress{});
}

Result<void> LedgerIndex::commit(const IndexProgress& progress) {
    if (auto flushed = inside_->left.flush(); !flushed) return flushed;
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

void LedgerIndex::count_file(const FileRow& row) { inside_->left.add(row); }
void LedgerIndex::may_leave(std::string_view exchange, const FileRow& row) { inside_->left.open(exchange, row); }
void LedgerIndex::attempt_ended(std::string_view exchange, bool left) { inside_->left.close(exchange, left); }
void LedgerIndex::attempts_are_over() { inside_->left.close_all(); }

Result<void> LedgerIndex::mention(std::uint64_t first_entry, Mention what, std::string_view text) {
    if (text.empty()) return {};
    const auto id = inside_->word_id(mention_text(what, text));
    if (!id) return std::unexpected(id.error());
    return inside_->mention.bind(1, *id).bind(2, static_cast<std::int64_t>(first_entry)).run();
}

Result<void> LedgerIndex::name_files(std::uint64_t first_entry, const std::set<std::string_view>& files) {
    if (files.empty()) return {};
    std::string lines = "\n";
    for (const std::string_view file : files) lines.append(file) += '\n';
    return inside_->name_files.bind(1, static_cast<std::int64_t>(first_entry)).bind(2, lines).run();
}

Result<std::vector<ExchangeRow>> LedgerIndex::exchanges(const ExchangeFilter& filter,
                                                        std::optional<std::uint64_t> before, std::size_t limit) {
    Where where;
    // What is rare leads: the exchanges that mention it, in order, and no other is looked at.
    std::vector<std::string> mentioned;
    for (const auto& [what, text] :
         {std::pair{Mention::finding, &filter.finding}, std::pair{Mention::repository, &filter.repository}})
        if (!text->empty()) mentioned.push_back(mention_text(what, *text));
    std::string from = "exchange e", order = "e.first_entry";
    for (std::size_t i = 0; i < mentioned.size(); ++i)
        where.holds(i == 0 ? "m.word = (SELECT id FROM word WHERE text = ?)"
                           : "EXISTS (SELECT 1 FROM mention WHERE word = (SELECT id FROM word WHERE text = ?) AND "
                             "mention.first_entry = e.first_entry)",
                    mentioned[i]);
    if (!mentioned.empty()) {
        from = "mention m CROSS JOIN exchange e ON e.first_entry = m.first_entry";
        order = "m.first_entry";
    }
    const std::string file_line = "\n" + filter.file + "\n";
    if (!filter.file.empty() && mentioned.empty() && filter.person.empty()) {
        from = "named_files f CROSS JOIN exchange e ON e.first_entry = f.first_entry";
        order = "f.first_entry";
        where.holds("instr(f.files, ?) > 0", file_line);
    } else if (!filter.file.empty()) {
        where.holds("instr((SELECT files FROM named_files f WHERE f.first_entry = e.first_entry), ?) > 0", file_line);
    }
    where.equals("e.person", filter.person);
    where.equals("e.team", filter.team);
    where.equals("e.machine", filter.machine);
    where.equals("e.session", filter.session);
    where.equals("e.key", filter.key);
    where.equals("e.effective_class", filter.effective_class);
    if (filter.told_by_client) where.holds("e.evidence <> ?", "observed");
    where.equals("e.client", filter.client);
    where.equals("e.client_version", filter.client_version);
    where.equals("e.dialect", filter.dialect);
    where.equals("e.model", filter.model);
    where.equals("e.decision", filter.decision);
    where.equals("e.rule", filter.rule);
    where.equals("e.upstream", filter.upstream);
    where.equals("e.vendor", filter.vendor);
    where.equals("e.account", filter.account);
    if (filter.from_ms != 0 || filter.to_ms != 0) {
        const auto range = inside_->entries_within(filter.from_ms, filter.to_ms);
        if (!range) return std::unexpected(range.error());
        if (!*range) return std::vector<ExchangeRow>();
        where.compare(order + " >= ?", (*range)->first);
        where.compare(order + " <= ?", (*range)->second);
        where.compare("+e.at_ms >= ?",
                      filter.from_ms); // '+': not by the index of times, whose order would have to be undone
        if (filter.to_ms != 0) where.compare("+e.at_ms < ?", filter.to_ms);
    }
    if (before) where.compare(order + " < ?", static_cast<std::int64_t>(*before));
    auto statement =
        inside_->db.prepare("SELECT e.* FROM " + from + where.sql() + " ORDER BY " + order + " DESC LIMIT ?");
    if (!statement) return std::unexpected(statement.error());
    where.bind(*statement);
    statement->bind(where.count() + 1, static_cast<std::int64_t>(limit));
    return every(*statement, exchange_of_row);
}

Result<std::vector<FileRow>> LedgerIndex::files(const ExchangeFilter& filter, const LeftKey& after, std::size_t limit,
                                                bool apart) {
    return inside_->left.rows(filter, after, limit, apart);
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
