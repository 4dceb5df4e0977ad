// Which files left: the tables of the ledger's index that `ledger left` is answered from. One row for each way in which a file left
// (repository, file, how it is known, to whom, with what), summed over everybody and all time, so that the question reads as many rows
// as it shows, whatever the ledger's size; below it what each person did on each day, for questions that ask for that. Days lie one behind
// the other, so that what is new is written in one place.
//
// Part of store::LedgerIndex: same thread, same transaction.
#pragma once

#include "store/ledger_index.h"

#include <map>
#include <string>

namespace sallyport::store {

class LeftTables {
public:
    static const char* const format; // SQL that makes them
    static const char* const empty;  // SQL that empties them

    Result<void> prepare(Database& db);
    // In memory until flush(): what a conversation names in each turn is one change of the tables.
    void add(const FileRow& row);
    Result<void> flush();
    void forget() { pending_.clear(); }

    // As LedgerIndex::files().
    Result<std::vector<FileRow>> rows(const ExchangeFilter& filter, const LeftKey& after, std::size_t limit,
                                      bool apart);

private:
    Result<std::int64_t> row_of(const FileRow& row, std::string& lines);
    Result<void> write(const FileRow& row);

    Database* db_ = nullptr;
    Statement find_, insert_, lines_, sum_, knows_, detail_;
    std::map<std::string, FileRow> pending_; // in the order of the keys: neighbours lie on one page
};

} // namespace sallyport::store
