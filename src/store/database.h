// SQLite, thinly, in our words. All SQL of the program is in this folder; values reach it as bound parameters only.
//
// A Database is one connection: one thread at a time (its owner locks). Opening sets WAL, a busy time-out, foreign keys and
// synchronous=FULL, so that a committed command survives a power cut and a second process may read and write the same file.
// Errors are sentences with the path: "cannot write /data/state.db: disk I/O error".
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace sallyport::store {

// A prepared statement, used again and again: bind 1.., step until false, reset. Views from text() and blob() hold until the
// next step or reset. A statement must not outlive its Database.
class Statement {
public:
    Statement() = default;
    Statement(sqlite3* db, sqlite3_stmt* statement, const std::string* path)
        : db_(db), statement_(statement), path_(path) {}
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    // Parameters are numbered from 1. Text and blobs are copied.
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, std::string_view text);
    Statement& bind_blob(int parameter, std::string_view bytes);
    Statement& bind_null(int parameter);

    Result<bool> step(); // true: a row is there
    Result<void> run();  // step to the end, then reset
    void reset();        // and clear the bindings

    std::int64_t number(int column) const;
    std::string_view text(int column) const;
    std::string_view blob(int column) const;
    bool null(int column) const;

private:
    sqlite3* db_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
    const std::string* path_ = nullptr;
    int bind_error_ = 0;
};

enum class Durability : std::uint8_t {
    full,  // synchronous=FULL: state
    cache, // synchronous=NORMAL: a power cut may take the last commits back, which can be made again
};

class Database {
public:
    // `migrations[i]` brings user_version i to i+1, each in one transaction. A file written by a newer program is refused.
    // `purpose` goes into application_id, so that a file of another kind is refused as well.
    static Result<Database> open(const std::filesystem::path& file, std::int32_t purpose,
                                 std::span<const char* const> migrations, Durability durability = Durability::full);
    Database(Database&& other) noexcept;
    Database& operator=(Database&& other) noexcept;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    Result<Statement> prepare(std::string_view sql);
    Result<void> execute(const char* sql); // constant text without values
    // Changes whenever another connection has committed to the file (PRAGMA data_version): reads shared memory only.
    Result<std::int64_t> foreign_changes();
    // After rows were removed for good: secure_delete overwrites them in the file, this writes the log back and empties it, for it holds
    // them too. Fails while another process reads the file.
    Result<void> wipe_log();
    const std::string& path() const { return *path_; }

private:
    Database() = default;
    sqlite3* db_ = nullptr;
    std::unique_ptr<std::string> path_; // its address is kept by statements
    std::unique_ptr<Statement> data_version_;
};

// BEGIN IMMEDIATE … COMMIT; rolled back when it goes without commit().
class Transaction {
public:
    static Result<Transaction> begin(Database& db);
    Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    ~Transaction();
    Result<void> commit();

private:
    explicit Transaction(Database& db) : db_(&db) {}
    Database* db_;
};

} // namespace sallyport::store
