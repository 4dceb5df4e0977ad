// Is a log in a folder, in the C2SP tlog-tiles layout, what its checkpoint tells? Any log's, by whatever program it was written.
//
// The checkpoint is held against the key, the tiles against the checkpoint from the root down (tlog/tile_walk.h), the entries against
// their tile. What does not fit is named: the file, the entries, and what can still be trusted. Streams: it holds a tile a level and one
// bundle of entries at a time.
#pragma once

#include "ledger/verify.h"

namespace sallyport::ledger {

struct ImportOptions {
    std::filesystem::path directory;
    std::vector<crypto::NoteVerifier> keys;                // of the log, and of witnesses
    std::function<void(std::uint64_t entries)> progress{}; // at every 256th entry at most
};

struct EntryRange {
    std::uint64_t first = 0, last = 0;
    bool operator==(const EntryRange&) const = default;
};

struct Imported {
    std::optional<tlog::SignedCheckpoint> checkpoint;
    std::vector<std::string> signers;   // keys of the log
    std::vector<std::string> witnesses; // who signed it besides
    // `false`: the log has its entries in another form (tile/data of static-ct-api). Then only the tiles were verified, and what is said
    // of entries is said of their hashes.
    bool has_entries = true;
    std::uint64_t entries = 0;       // that fit
    std::vector<EntryRange> trusted; // at most limits::problems_told_max of them
    std::uint64_t trusted_left_out = 0;
    std::vector<Problem>
        problems; // kinds: checkpoint, signature, root, tile, entry, missing; at most limits::problems_told_max
    std::uint64_t problems_left_out = 0;
    bool ok() const { return problems.empty(); }
};

// An error where nothing can be said: the folder cannot be opened, or no log is in it.
Result<Imported> import_log(const ImportOptions& options);

} // namespace sallyport::ledger
