#include "store/left_tables.h"

#include "base/line_ranges.h"
#include "store/where.h"

namespace sallyport::store {

namespace {
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::size_t open_max = 10'000; // exchanges under way whose files are held back

// What makes a row of `left_row`: its key, and the order of lists.
#define LEFT_KEY_BELOW                                                                                                 \
    "file, how, tool, upstream, vendor, account, client, model, rule, effective_class" // a repository
#define LEFT_KEY "repository, " LEFT_KEY_BELOW
constexpr std::size_t key_columns = 11;
template <class Row> auto key_of(Row& row) {
    return std::array{&row.repository, &row.file,   &row.how,   &row.tool, &row.upstream,       &row.vendor,
                      &row.account,    &row.client, &row.model, &row.rule, &row.effective_class};
}

// Statements that one row answers.
Result<bool> first(Statement& statement, auto read) {
    const auto row = statement.step();
    if (!row) return std::unexpected(row.error());
    if (*row) read(statement);
    statement.reset();
    return *row;
}
} // namespace

const char* const LeftTables::format = R"sql(
CREATE TABLE left_row (
    id INTEGER PRIMARY KEY,
    repository TEXT NOT NULL, file TEXT NOT NULL, how TEXT NOT NULL, tool TEXT NOT NULL, upstream TEXT NOT NULL,
    vendor TEXT NOT NULL, account TEXT NOT NULL, client TEXT NOT NULL, model TEXT NOT NULL, rule TEXT NOT NULL,
    effective_class TEXT NOT NULL, lines TEXT NOT NULL
) STRICT;
CREATE TABLE left_sum (
    row INTEGER PRIMARY KEY, persons INTEGER NOT NULL, count INTEGER NOT NULL, characters INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, last_entry INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX left_by_key ON left_row
    (repository, file, how, tool, upstream, vendor, account, client, model, rule, effective_class);
CREATE INDEX left_by_file ON left_row (file);
CREATE TABLE left_person (
    person TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (person, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE left_day (
    day INTEGER NOT NULL, row INTEGER NOT NULL, person TEXT NOT NULL, team TEXT NOT NULL, lines TEXT NOT NULL,
    count INTEGER NOT NULL, characters INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    last_entry INTEGER NOT NULL,
    PRIMARY KEY (day, row, person, team, lines)
) STRICT, WITHOUT ROWID;
)sql";
const char* const LeftTables::with_open = R"sql(
CREATE TABLE left_open (
    exchange TEXT NOT NULL, repository TEXT NOT NULL, file TEXT NOT NULL, how TEXT NOT NULL, tool TEXT NOT NULL,
    upstream TEXT NOT NULL, vendor TEXT NOT NULL, account TEXT NOT NULL, client TEXT NOT NULL, model TEXT NOT NULL,
    rule TEXT NOT NULL, effective_class TEXT NOT NULL, person TEXT NOT NULL, team TEXT NOT NULL, lines TEXT NOT NULL,
    characters INTEGER NOT NULL, at_ms INTEGER NOT NULL, entry INTEGER NOT NULL
) STRICT;
DELETE FROM exchange; DELETE FROM entry; DELETE FROM mention; DELETE FROM word; DELETE FROM named_files;
DELETE FROM left_row; DELETE FROM left_sum; DELETE FROM left_person; DELETE FROM left_day;
UPDATE progress SET segment = 0, offset = 0, next_entry = 0, frame_offset = 0, frame_crc = 0;
)sql";
const char* const LeftTables::empty =
    "DELETE FROM left_row; DELETE FROM left_sum; DELETE FROM left_person; DELETE FROM left_day; DELETE FROM left_open;";

Result<void> LeftTables::prepare(Database& db) {
    db_ = &db;
    const std::pair<Statement*, const char*> all[] = {
        {&find_, "SELECT id, lines FROM left_row WHERE (" LEFT_KEY ") = (?,?,?,?,?,?,?,?,?,?,?)"},
        {&insert_, "INSERT INTO left_row (" LEFT_KEY ", lines) VALUES (?,?,?,?,?,?,?,?,?,?,?,'') RETURNING id"},
        {&lines_, "UPDATE left_row SET lines = ? WHERE id = ?"},
        {&knows_, "INSERT INTO left_person VALUES (?,?) ON CONFLICT DO NOTHING RETURNING row"},
        {&detail_, "INSERT INTO left_day VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                   "count = count + excluded.count, characters = max(characters, excluded.characters), "
                   "first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms), "
                   "last_entry = max(last_entry, excluded.last_entry)"},
        {&sum_, "INSERT INTO left_sum VALUES (?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                "persons = persons + excluded.persons, count = count + excluded.count, "
                "characters = max(characters, excluded.characters), first_ms = min(first_ms, excluded.first_ms), "
                "last_ms = max(last_ms, excluded.last_ms), last_entry = max(last_entry, excluded.last_entry)"},
        {&find_open_, "SELECT " LEFT_KEY ", person, team, lines, characters, at_ms, entry, exchange FROM left_open"},
        {&put_open_, "INSERT INTO left_open (" LEFT_KEY ", person, team, lines, characters, at_ms, entry, exchange) "
                     "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
    };
    for (const auto& [statement, sql] : all) {
        auto prepared = db.prepare(sql);
        if (!prepared) return std::unexpected(prepared.error());
        *statement = std::move(*prepared);
    }
    return {};
}

void LeftTables::add(const FileRow& row) {
    std::string key;
    for (const std::string* text : key_of(row)) key.append(*text) += '\0';
    key.append(row.person) += '\0';
    key.append(row.team) += '\0';
    key.append(row.lines) += '\0';
    key += std::to_string(row.first_ms / day_ms);
    const auto [at, is_new] = pending_.try_emplace(std::move(key), row);
    if (is_new) return;
    FileRow& sum = at->second;
    sum.count += row.count;
    sum.characters = std::max(sum.characters, row.characters);
    sum.first_ms = std::min(sum.first_ms, row.first_ms);
    sum.last_ms = std::max(sum.last_ms, row.last_ms);
    sum.last_entry = std::max(sum.last_entry, row.last_entry);
}

void LeftTables::open(std::string_view exchange, FileRow row) {
    if (open_.size() >= open_max) return add(row); // rather too much than too little
    open_[std::string(exchange)].push_back(std::move(row));
}

void LeftTables::close(std::string_view exchange, bool left) {
    const auto at = open_.find(std::string(exchange));
    if (at == open_.end()) return;
    if (left)
        for (const FileRow& row : at->second) add(row);
    open_.erase(at);
}

void LeftTables::close_all() {
    for (const auto& [exchange, rows] : open_)
        for (const FileRow& row : rows) add(row);
    open_.clear();
}

Result<void> LeftTables::load() {
    open_.clear();
    while (true) {
        const auto more = find_open_.step();
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        FileRow row;
        int at = 0;
        for (std::string* text : key_of(row)) *text = find_open_.text(at++);
        for (std::string* text : {&row.person, &row.team, &row.lines}) *text = find_open_.text(at++);
        row.count = 1;
        row.characters = find_open_.number(at++);
        row.first_ms = row.last_ms = find_open_.number(at++);
        row.last_entry = static_cast<std::uint64_t>(find_open_.number(at++));
        open_[std::string(find_open_.text(at))].push_back(std::move(row));
    }
    find_open_.reset();
    table_has_open_ = !open_.empty();
    return {};
}

Result<void> LeftTables::flush() {
    for (const auto& [key, row] : pending_)
        if (auto written = write(row); !written) return written;
    pending_.clear();
    if (table_has_open_)
        if (auto emptied = db_->execute("DELETE FROM left_open"); !emptied) return emptied;
    table_has_open_ = !open_.empty();
    for (const auto& [exchange, rows] : open_)
        for (const FileRow& row : rows) {
            int at = 0;
            for (const std::string* text : key_of(row)) put_open_.bind(++at, *text);
            for (const std::string* text : {&row.person, &row.team, &row.lines}) put_open_.bind(++at, *text);
            put_open_.bind(++at, row.characters).bind(++at, row.first_ms);
            put_open_.bind(++at, static_cast<std::int64_t>(row.last_entry)).bind(++at, exchange);
            if (auto done = put_open_.run(); !done) return done;
        }
    return {};
}

// The row's id, and the lines that it tells of so far.
Result<std::int64_t> LeftTables::row_of(const FileRow& row, std::string& lines) {
    std::int64_t id = 0;
    int at = 0;
    for (const std::string* text : key_of(row)) find_.bind(++at, *text);
    const auto found = first(find_, [&](const Statement& s) { id = s.number(0), lines = s.text(1); });
    if (!found) return std::unexpected(found.error());
    if (*found) return id;
    at = 0;
    for (const std::string* text : key_of(row)) insert_.bind(++at, *text);
    const auto made = first(insert_, [&](const Statement& s) { id = s.number(0); });
    if (!made) return std::unexpected(made.error());
    return id;
}

Result<void> LeftTables::write(const FileRow& row) {
    std::string lines;
    const auto id = row_of(row, lines);
    if (!id) return std::unexpected(id.error());
    knows_.bind(1, row.person).bind(2, *id);
    const auto is_new = first(knows_, [](const Statement&) {});
    if (!is_new) return std::unexpected(is_new.error());
    detail_.bind(1, row.first_ms / day_ms).bind(2, *id).bind(3, row.person).bind(4, row.team).bind(5, row.lines);
    detail_.bind(6, row.count).bind(7, row.characters).bind(8, row.first_ms).bind(9, row.last_ms);
    detail_.bind(10, static_cast<std::int64_t>(row.last_entry));
    if (auto done = detail_.run(); !done) return done;
    sum_.bind(1, *id).bind(2, std::int64_t{*is_new ? 1 : 0}).bind(3, row.count).bind(4, row.characters);
    sum_.bind(5, row.first_ms).bind(6, row.last_ms).bind(7, static_cast<std::int64_t>(row.last_entry));
    if (auto done = sum_.run(); !done) return done;
    const std::string merged = row.lines.empty() ? lines : text_of(line_ranges(lines + "," + row.lines));
    return merged == lines ? Result<void>() : lines_.bind(1, merged).bind(2, *id).run();
}

namespace {

// Below a row of `left_row`, what the filter asks for: replaces the sums of `row`. With `apart` a row for each list of lines.
class Details {
public:
    Details(const ExchangeFilter& filter, bool apart) : filter_(filter), apart_(apart) {
        where_.equals("person", filter.person);
        where_.equals("team", filter.team);
        if (filter.from_ms != 0) where_.compare("last_ms >= ?", filter.from_ms);
        if (filter.to_ms != 0) where_.compare("first_ms < ?", filter.to_ms);
    }
    // False: the sums of the row are what is asked for.
    bool are_needed(const FileRow& row) const {
        return apart_ || !filter_.person.empty() || !filter_.team.empty() || row.first_ms < filter_.from_ms ||
               (filter_.to_ms != 0 && row.last_ms >= filter_.to_ms);
    }
    Result<void> prepare(Database& db) {
        // Day by day: a range of days would be all that everybody did in them.
        auto made = db.prepare("WITH RECURSIVE days(n) AS (VALUES(?) UNION ALL SELECT n + 1 FROM days WHERE n < ?) "
                               "SELECT group_concat(DISTINCT lines), count(DISTINCT person), sum(count), "
                               "max(characters), min(first_ms), max(last_ms), max(last_entry) "
                               "FROM days CROSS JOIN left_day ON day = n AND row = ?" +
                               where_.sql() + (apart_ ? " GROUP BY lines ORDER BY lines" : ""));
        if (!made) return std::unexpected(made.error());
        statement_ = std::move(*made);
        return {};
    }
    Result<void> add(std::int64_t id, const FileRow& row, std::vector<FileRow>& out) {
        const std::int64_t to_ms = filter_.to_ms != 0 ? std::min(filter_.to_ms, row.last_ms) : row.last_ms;
        statement_.bind(1, std::max(filter_.from_ms, row.first_ms) / day_ms).bind(2, to_ms / day_ms).bind(3, id);
        where_.bind(statement_, 3);
        while (true) {
            const auto more = statement_.step();
            if (!more) return std::unexpected(more.error());
            if (!*more) break;
            if (statement_.number(1) == 0) continue; // nobody did, as asked
            FileRow& one = out.emplace_back(row);
            one.lines = text_of(line_ranges(statement_.text(0)));
            int at = 1;
            for (std::int64_t* number : {&one.persons, &one.count, &one.characters, &one.first_ms, &one.last_ms})
                *number = statement_.number(at++);
            one.last_entry = static_cast<std::uint64_t>(statement_.number(at));
        }
        statement_.reset();
        return {};
    }

private:
    const ExchangeFilter& filter_;
    bool apart_;
    Where where_;
    Statement statement_;
};

// How the rows are found: in their order, by an index that has it, or few enough to be sorted. The planner does not know how many of them
// are asked for.
enum class By : std::uint8_t { key, file, person, team, day };
constexpr std::int64_t few_rows = 20'000;

Result<By> way_to(Database& db, const ExchangeFilter& filter) {
    if (!filter.person.empty()) return By::person;
    if (!filter.repository.empty()) return By::key;
    if (!filter.file.empty()) return By::file;
    if (!filter.team.empty()) return By::team;
    if (filter.from_ms == 0) return By::key;
    auto count = db.prepare("SELECT count(*) FROM (SELECT 1 FROM left_day WHERE day >= ? AND last_ms >= ? LIMIT ?)");
    if (!count) return std::unexpected(count.error());
    count->bind(1, filter.from_ms / day_ms).bind(2, filter.from_ms).bind(3, few_rows);
    std::int64_t rows = 0;
    if (const auto counted = first(*count, [&](const Statement& s) { rows = s.number(0); }); !counted)
        return std::unexpected(counted.error());
    return rows < few_rows ? By::day : By::key;
}
constexpr const char* index_for(By by) {
    return by == By::key ? " INDEXED BY left_by_key" : by == By::file ? " INDEXED BY left_by_file" : "";
}

Where conditions(const ExchangeFilter& filter, const LeftKey& after, By by) {
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
    where.equals("effective_class", filter.effective_class);
    if (filter.from_ms != 0) where.compare("last_ms >= ?", filter.from_ms);
    if (filter.to_ms != 0) where.compare("first_ms < ?", filter.to_ms);
    switch (by) {
    case By::key:
    case By::file: break;
    case By::person: where.holds("id IN (SELECT row FROM left_person WHERE person = ?)", filter.person); break;
    case By::team: where.holds("id IN (SELECT row FROM left_day WHERE team = ?)", filter.team); break;
    case By::day:
        where.compare("id IN (SELECT row FROM left_day WHERE day >= ?", filter.from_ms / day_ms);
        where.compare("last_ms >= ?)", filter.from_ms);
        break;
    }
    if (!after.empty())
        where.add(filter.repository.empty() ? "(" LEFT_KEY ") > (?,?,?,?,?,?,?,?,?,?,?)"
                                            : "(" LEFT_KEY_BELOW ") > (?,?,?,?,?,?,?,?,?,?)");
    return where;
}

} // namespace

// What is under way, as if it had left. The caller rolls it back.
Result<void> LeftTables::count_open() {
    if (auto loaded = load(); !loaded) return loaded;
    close_all();
    for (const auto& [key, row] : pending_)
        if (auto written = write(row); !written) return written;
    pending_.clear();
    return {};
}

Result<std::vector<FileRow>> LeftTables::rows(const ExchangeFilter& filter, const LeftKey& after, std::size_t limit,
                                              bool apart) {
    const auto question = Transaction::begin(*db_); // never committed
    if (!question) return std::unexpected(question.error());
    if (const auto counted_too = count_open(); !counted_too) return std::unexpected(counted_too.error());
    return counted(filter, after, limit, apart);
}

Result<std::vector<FileRow>> LeftTables::counted(const ExchangeFilter& filter, const LeftKey& after, std::size_t limit,
                                                 bool apart) {
    if (!after.empty() &&
        (after.size() != key_columns || (!filter.repository.empty() && after.front() != filter.repository)))
        return fail(ErrorKind::invalid, "the cursor is of another list; use the one that came with the page before",
                    ErrorSource::client);
    const auto by = way_to(*db_, filter);
    if (!by) return std::unexpected(by.error());
    const Where where = conditions(filter, after, *by);
    auto statement = db_->prepare("SELECT " LEFT_KEY ", persons, count, characters, first_ms, last_ms, last_entry, "
                                  "lines, id FROM left_row" +
                                  std::string(index_for(*by)) + " CROSS JOIN left_sum ON row = id" + where.sql() +
                                  " ORDER BY " LEFT_KEY);
    if (!statement) return std::unexpected(statement.error());
    where.bind(*statement);
    int parameter = where.count();
    for (std::size_t i = filter.repository.empty() ? 0 : 1; i < after.size(); ++i)
        statement->bind(++parameter, after[i]);
    Details details(filter, apart);
    if (auto prepared = details.prepare(*db_); !prepared) return std::unexpected(prepared.error());
    std::vector<FileRow> out;
    while (out.size() < limit) {
        const auto more = statement->step();
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        FileRow row;
        int at = 0;
        for (std::string* text : key_of(row)) *text = statement->text(at++);
        for (std::int64_t* number : {&row.persons, &row.count, &row.characters, &row.first_ms, &row.last_ms})
            *number = statement->number(at++);
        row.last_entry = static_cast<std::uint64_t>(statement->number(at++));
        row.lines = statement->text(at++);
        if (!details.are_needed(row))
            out.push_back(std::move(row));
        else if (auto added = details.add(statement->number(at), row, out); !added)
            return std::unexpected(added.error());
    }
    return out;
}

LeftKey left_key(const FileRow& row) {
    LeftKey key;
    for (const std::string* text : key_of(row)) key.push_back(*text);
    return key;
}

} // namespace sallyport::store
