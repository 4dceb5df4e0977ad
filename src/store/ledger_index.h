// The index of the ledger: a cache in its own file that can be deleted at any time and is built again from the segments.
// Rows here are plain text and numbers; what an entry means is known by ledger/.
//
// One thread at a time. Several processes may open one file; an update is one transaction that starts from the progress it finds.
#pragma once

#include "base/error.h"
#include "store/database.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::store {

// One exchange: its intents, outcomes, refusal and repeats joined. Empty texts and -1 mean "not known (yet)".
struct ExchangeRow {
    std::string exchange;
    std::uint64_t first_entry = 0; // index of the first entry: the order of lists, and the cursor
    std::uint64_t last_entry = 0;
    std::int64_t at_ms = 0;
    std::string person, team, machine, session, key;
    std::string repository, evidence, effective_class;
    std::string client, client_version, dialect, model, operation;
    bool stream = false;
    std::string decision, rule, refused_by, sentence;
    std::string upstream, vendor, account; // of the last attempt
    std::int64_t attempts = 0;
    std::int64_t status = -1;
    std::string ended, stop_reason, error;
    std::int64_t sent_bytes = -1, answer_bytes = -1;
    std::int64_t input_tokens = -1, output_tokens = -1, cache_read_tokens = -1, cache_write_tokens = -1;
    std::int64_t total_ms = -1;
    std::int64_t repeats = 0;
    std::string also_claimed; // further repositories that the request named, one a line
};

// Empty text: any. Times are wall milliseconds, from inclusive, to exclusive; 0: open.
struct ExchangeFilter {
    std::int64_t from_ms = 0, to_ms = 0;
    std::string person{}, team{}, machine{}, session{}, key{};
    std::string repository{}, effective_class{};
    std::string client{}, client_version{}, dialect{}, model{};
    std::string decision{}, rule{};
    std::string upstream{}, vendor{}, account{};
    std::string file{};          // pseudonym: named in one of its entries, or found there
    std::string finding{};       // rule of inspection
    std::string how{};           // of files() alone
    bool told_by_client = false; // none whose repository was found out by its content; not of files()
};

// A file of which content or the name was in requests that left, per UTC day; `file` and `person` are pseudonyms.
struct FileRow {
    std::string repository, file;
    std::string how;   // it is known: "verified" content, or "named" in a tool call
    std::string lines; // of verified content: "101-110,130-140"
    std::string tool;  // of a tool call
    std::string upstream, vendor, account, client, model, rule, effective_class;
    std::string person, team;    // kept by row, not told by files()
    std::int64_t persons = 0;    // different ones, told by files()
    std::int64_t count = 0;      // requests whose conversation has it
    std::int64_t characters = 0; // of verified content, the most of a request
    std::int64_t first_ms = 0, last_ms = 0;
    std::uint64_t last_entry = 0; // an example
};

// What tells a row of files() from all others; their order. Texts of entries only, so that it holds in an index that is built anew.
using LeftKey = std::vector<std::string>;
LeftKey left_key(const FileRow& row);

// What an exchange's entries name, beside what its row tells.
enum class Mention : char { repository = 'r', finding = 'n' };

// How far the segments were read. `frame_crc` is that of the last frame read: where the segment holds another one there now,
// the ledger was cut back by a crash and the cache is built anew.
struct IndexProgress {
    std::uint64_t segment = 0; // first index of the segment
    std::uint64_t offset = 0;  // of the next frame
    std::uint64_t next_entry = 0;
    std::uint64_t frame_offset = 0;
    std::uint32_t frame_crc = 0;
};

struct EntryPlace {
    std::uint64_t entry = 0;
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
};

class LedgerIndex {
public:
    static Result<LedgerIndex> open(const std::filesystem::path& file);
    LedgerIndex(LedgerIndex&&) noexcept;
    LedgerIndex& operator=(LedgerIndex&&) noexcept;
    ~LedgerIndex();

    Result<void> clear();

    // An update: begin, any number of changes, commit; without commit nothing happened.
    Result<IndexProgress> begin();
    Result<void> commit(const IndexProgress& progress);
    void abandon();
    Result<std::optional<ExchangeRow>> find(std::string_view exchange);
    Result<void> put(const ExchangeRow& row); // inserts, or replaces the row of the same exchange
    Result<void> place(const EntryPlace& place, std::string_view exchange);
    // Adds row.count to its person's day, widens first and last; written by commit(). The files of an attempt under way wait until it is
    // told whether it left, those of all of them where their outcomes will never be known.
    void count_file(const FileRow& row);
    void may_leave(std::string_view exchange, const FileRow& row);
    void attempt_ended(std::string_view exchange, bool left);
    void attempts_are_over();
    Result<void> mention(std::uint64_t first_entry, Mention what, std::string_view text);
    Result<void> name_files(std::uint64_t first_entry, const std::set<std::string_view>& files); // of one entry

    // Newest first; `before` is the first_entry of the last row of the page before, or nothing.
    Result<std::vector<ExchangeRow>> exchanges(const ExchangeFilter& filter, std::optional<std::uint64_t> before,
                                               std::size_t limit);
    // In the order of their keys, those behind `after`; an empty key: from the first. Summed over the days that overlap from..to. Of the
    // filter: person, team, repository, class, client, model, rule, upstream, vendor, account, file, how.
    // `apart`: a row for each list of lines that left together, possibly some more than `limit`; else those of a row are joined.
    Result<std::vector<FileRow>> files(const ExchangeFilter& filter, const LeftKey& after, std::size_t limit,
                                       bool apart);
    Result<std::vector<EntryPlace>> entries_of(std::string_view exchange);
    Result<std::optional<EntryPlace>> place_of(std::uint64_t entry);
    Result<std::optional<std::string>> exchange_of(std::uint64_t entry);

private:
    struct Inside;
    explicit LedgerIndex(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

} // namespace sallyport::store
