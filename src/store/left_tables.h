// Which files left: the tables of the ledger's index that `ledger left` is answered from. One row for each way in which a file left
// (repository, file, how it is known, to whom, with what), summed over everybody and all time, so that the question reads as many rows
// as it shows, whatever the ledger's size; below it what each person did on each day, for questions that ask for that. Days lie one behind
// the other, so that what is new is written in one place.
//
// Attempts whose outcome is not known yet stand apart (`left_open`), since what reached no vendor did not leave; questions count them all
// the same, and forget it again.
//
// Part of store::LedgerIndex: same thread, same transaction.
#pragma once

#include "store/ledger_index.h"

#include <map>
#include <string>
#include <unordered_map>

namespace sallyport::store {

class LeftTables {
public:
    static const char* const format;    // SQL that makes them
    static const char* const with_open; // adds the table of attempts under way
    static const char* const empty;     // SQL that empties them

    Result<void> prepare(Database& db);
    // In memory until flush(): what a conversation names in each turn is one change of the tables.
    void add(const FileRow& row);
    // What an attempt under way takes along, until it is told whether it left; of an exchange one attempt at a time.
    void open(std::string_view exchange, FileRow row);
    void close(std::string_view exchange, bool left);
    void close_all(); // their outcomes will never be known: they may have left

    Result<void> load();
    Result<void> flush();
    void forget() { pending_.clear(), open_.clear(); }

    // As LedgerIndex::files().
    Result<std::vector<FileRow>> rows(const ExchangeFilter& filter, const LeftKey& after, std::size_t limit,
                                      bool apart);

private:
    Result<std::vector<FileRow>> counted(const ExchangeFilter& filter, const LeftKey& after, std::size_t limit,
                                         bool apart);
    Result<void> count_open();
    Result<std::int64_t> row_of(const FileRow& row, std::string& lines);
    Result<void> write(const FileRow& row);

    Database* db_ = nullptr;
    Statement find_, insert_, lines_, sum_, knows_, detail_, find_open_, put_open_;
    std::map<std::string, FileRow> pending_;                     // in the order of the keys: neighbours lie on one page
    std::unordered_map<std::string, std::vector<FileRow>> open_; // by exchange
    bool table_has_open_ = false;
};

} // namespace sallyport::store
