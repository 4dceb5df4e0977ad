// Questions to the ledger: lists of exchanges, one exchange with its entries, files that were named to a vendor.
// Answers come from the index (store::LedgerIndex), which update() brings up to the segments first; any process may ask while
// the gateway writes. Pseudonyms stay pseudonyms here: paths are named by whoever prints them, persons by identity::unmask() alone.
//
// One thread at a time.
#pragma once

#include "base/error.h"
#include "base/line_ranges.h"
#include "ledger/entry.h"
#include "store/ledger_index.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::ledger {

using store::ExchangeFilter;
using store::ExchangeRow;
using store::FileRow;

struct IndexUpdate {
    std::uint64_t entries = 0;    // read by this update
    std::uint64_t next_index = 0; // of the ledger
    bool rebuilt = false;
    bool is_complete = true; // nothing more was there; false: the time was over
};

// What ExchangeRow::decision says: as decided, or why it was let through all the same.
inline constexpr std::array<std::string_view, 7> decision_words = {"allow", "amend",        "withhold", "refuse",
                                                                   "warn",  "would-refuse", "exception"};

struct Page {
    std::vector<ExchangeRow> rows; // newest first
    std::string cursor; // for the next page; empty at the end. Holds for good, also in an index that was built anew
};

// Files that left, in the order of their keys.
struct LeftPage {
    std::vector<FileRow> rows;
    std::string cursor; // for the next page, as of Page
};

struct EntryText {
    std::uint64_t index = 0;
    std::string json; // as recorded
};

struct Shown {
    ExchangeRow exchange;
    std::vector<EntryText> entries;
};

class Query {
public:
    static Result<Query> open(const std::filesystem::path& ledger_directory, const std::filesystem::path& index_file);

    // Reads what was appended since. Stops before a frame that is not whole yet; begins nothing new once `ms_max` have passed (0: never).
    Result<IndexUpdate> update(std::int64_t ms_max = 0);
    // Empties the index and builds it again.
    Result<IndexUpdate> reindex();
    // The same for an index file that cannot even be opened: deletes it first.
    static Result<Query> discard_and_open(const std::filesystem::path& ledger_directory,
                                          const std::filesystem::path& index_file);

    Result<Page> list(const ExchangeFilter& filter, std::string_view cursor, std::size_t limit);
    // `id`: "origin/index" of any of its entries, the index alone, or the exchange's own id.
    Result<Shown> show(std::string_view id);
    // Files of which content, or the name in a tool call, was in requests that left. `lines` are merged.
    // `apart`: not merged, a row for each list of lines that left together; it has no cursor.
    Result<LeftPage> left(const ExchangeFilter& filter, std::string_view cursor, std::size_t limit, bool apart = false);
    Result<std::string> entry(std::uint64_t index); // its JSON
    std::optional<std::string> origin() const;      // of the ledger, for entry ids; nullopt where it has no segment yet

private:
    Query(std::filesystem::path directory, store::LedgerIndex index);
    class Pass;
    std::filesystem::path directory_;
    store::LedgerIndex index_;
};

// How a row of left() is known, for people.
std::string_view how_known(const FileRow& row);

} // namespace sallyport::ledger
