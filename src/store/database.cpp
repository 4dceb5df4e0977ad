#include "store/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

namespace sallyport::store {

namespace {
constexpr int busy_ms = 5'000;

std::unexpected<Error> failed(sqlite3* db, int code, const std::string& path, std::string_view what) {
    const ErrorKind kind = code == SQLITE_BUSY || code == SQLITE_LOCKED ? ErrorKind::unavailable
                           : code == SQLITE_CONSTRAINT                  ? ErrorKind::invalid
                                                                        : ErrorKind::io;
    std::string sentence = "cannot " + std::string(what) + " " + path + ": ";
    sentence +=
        db != nullptr && (sqlite3_errcode(db) & 0xFF) == (code & 0xFF) ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    if (code == SQLITE_BUSY) sentence += " (another process has held it for five seconds; try again)";
    return fail(kind, std::move(sentence));
}
} // namespace

Statement::Statement(Statement&& other) noexcept { *this = std::move(other); }
Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(db_, other.db_);
    std::swap(statement_, other.statement_);
    std::swap(path_, other.path_);
    std::swap(bind_error_, other.bind_error_);
    return *this;
}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int parameter, std::int64_t value) {
    if (const int code = sqlite3_bind_int64(statement_, parameter, value); code != SQLITE_OK) bind_error_ = code;
    return *this;
}
Statement& Statement::bind(int parameter, std::string_view text) {
    const char* data = text.data() != nullptr ? text.data() : ""; // a null pointer would bind NULL
    const int code = sqlite3_bind_text64(statement_, parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (code != SQLITE_OK) bind_error_ = code;
    return *this;
}
Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
    const char* data = bytes.data() != nullptr ? bytes.data() : "";
    const int code = sqlite3_bind_blob64(statement_, parameter, data, bytes.size(), SQLITE_TRANSIENT);
    if (code != SQLITE_OK) bind_error_ = code;
    return *this;
}
Statement& Statement::bind_null(int parameter) {
    if (const int code = sqlite3_bind_null(statement_, parameter); code != SQLITE_OK) bind_error_ = code;
    return *this;
}

Result<bool> Statement::step() {
    if (bind_error_ != SQLITE_OK) {
        const int code = std::exchange(bind_error_, SQLITE_OK);
        reset();
        return failed(nullptr, code, *path_, "pass a value to");
    }
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    auto error = failed(db_, code & 0xFF, *path_, sqlite3_stmt_readonly(statement_) != 0 ? "read" : "write");
    reset();
    return error;
}

Result<void> Statement::run() {
    while (true) {
        const auto more = step();
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
    }
    reset();
    return {};
}

void Statement::reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }
std::string_view Statement::text(int column) const { return blob(column); }
std::string_view Statement::blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
bool Statement::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Database::Database(Database&& other) noexcept { *this = std::move(other); }
Database& Database::operator=(Database&& other) noexcept {
    std::swap(db_, other.db_);
    std::swap(path_, other.path_);
    std::swap(data_version_, other.data_version_);
    return *this;
}
Database::~Database() {
    data_version_.reset();
    sqlite3_close_v2(db_);
}

Result<Database> Database::open(const std::filesystem::path& file, std::int32_t purpose,
                                std::span<const char* const> migrations, Durability durability) {
    Database db;
    db.path_ = std::make_unique<std::string>(file.string());
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    // Made here, so that nobody else can read it; SQLite gives its -wal and -shm the mode of the main file. Only where it is not there: to
    // close a file gives up all locks that this process has on it (POSIX), also those of another connection.
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0 && errno != EEXIST) return fail_errno("cannot open " + *db.path_);
    if (made >= 0) ::close(made);
    const int code = sqlite3_open_v2(file.c_str(), &db.db_, flags, nullptr);
    if (code != SQLITE_OK) return failed(db.db_, code & 0xFF, *db.path_, "open");
    sqlite3_busy_timeout(db.db_, busy_ms);
    sqlite3_db_config(db.db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db.db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);

    const auto pragmas =
        durability == Durability::full
            ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
            : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;";
    if (auto set = db.execute(pragmas); !set) return std::unexpected(set.error());

    auto transaction = Transaction::begin(db);
    if (!transaction) return std::unexpected(transaction.error());
    const auto pragma = [&](const char* sql) -> Result<std::int64_t> {
        auto statement = db.prepare(sql);
        if (!statement) return std::unexpected(statement.error());
        const auto row = statement->step();
        if (!row) return std::unexpected(row.error());
        return statement->number(0);
    };
    const auto id = pragma("PRAGMA application_id");
    if (!id) return std::unexpected(id.error());
    const auto version = pragma("PRAGMA user_version");
    if (!version) return std::unexpected(version.error());
    if (*id != purpose && (*id != 0 || *version != 0))
        return fail(ErrorKind::invalid, *db.path_ + " is a database of another program or purpose; move it away");
    const auto wanted = static_cast<std::int64_t>(migrations.size());
    if (*version > wanted)
        return fail(ErrorKind::invalid, *db.path_ + " was written by a newer version of sallyport (format " +
                                            std::to_string(*version) + ", this one knows " + std::to_string(wanted) +
                                            ")");
    for (auto i = *version; i < wanted; ++i)
        if (auto done = db.execute(migrations[static_cast<std::size_t>(i)]); !done)
            return std::unexpected(done.error());
    if (*version < wanted) {
        // Pragmas take no parameters; both are numbers of ours.
        const std::string stamp = "PRAGMA application_id=" + std::to_string(purpose) +
                                  "; PRAGMA user_version=" + std::to_string(wanted) + ";";
        if (auto done = db.execute(stamp.c_str()); !done) return std::unexpected(done.error());
    }
    if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
    auto data_version = db.prepare("PRAGMA data_version");
    if (!data_version) return std::unexpected(data_version.error());
    db.data_version_ = std::make_unique<Statement>(std::move(*data_version));
    return db;
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return failed(db_, code & 0xFF, *path_, "query");
    return Statement(db_, statement, path_.get());
}

Result<void> Database::execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failed(db_, code & 0xFF, *path_, "change");
    return {};
}

Result<void> Database::wipe_log() {
    auto checkpoint = prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!checkpoint) return std::unexpected(checkpoint.error());
    const auto result = checkpoint->step();
    if (!result) return std::unexpected(result.error());
    if (checkpoint->number(0) != 0)
        return fail(ErrorKind::unavailable, "it was removed, but its old bytes are still in " + path() +
                                                "-wal, since another process reads it; try again to wipe them");
    return {};
}

Result<std::int64_t> Database::foreign_changes() {
    const auto row = data_version_->step();
    if (!row) return std::unexpected(row.error());
    const std::int64_t version = data_version_->number(0);
    data_version_->reset();
    return version;
}

Result<Transaction> Transaction::begin(Database& db) {
    if (auto begun = db.execute("BEGIN IMMEDIATE"); !begun) return std::unexpected(begun.error());
    return Transaction(db);
}

Transaction::~Transaction() {
    if (db_ == nullptr) return;
    // Where even this fails, SQLite rolls back when the file is opened next.
    [[maybe_unused]] const auto ignored = db_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
    if (auto done = db_->execute("COMMIT"); !done) return done;
    db_ = nullptr;
    return {};
}

} // namespace sallyport::store
