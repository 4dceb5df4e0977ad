// The ledger as a log that others read (C2SP tlog-tiles, tlog-checkpoint): its newest checkpoint and the tiles of the tree that this
// signs, made from the ledger's own files at each question. What export_log() writes as a folder; no more than what was signed is shown.
//
// Errors: unavailable, source client: the tree has no such tile (yet). Else the ledger is damaged, or the disk did not do it.
#pragma once

#include "crypto/note.h"
#include "ledger/query.h"
#include "tlog/tile.h"

#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::gateway {

// With the cosignatures of witnesses where there are some of this very checkpoint.
Result<std::string> newest_checkpoint(const std::filesystem::path& ledger_directory);
// The same behind a proof that it goes on from the first `old_size` entries: what is said to a witness (tlog/witness.h). Without a proof
// where the ledger has fewer: the witness is to see that.
Result<std::string> checkpoint_since(const std::filesystem::path& ledger_directory, std::uint64_t old_size);
Result<std::string> hash_tile(const std::filesystem::path& ledger_directory, const tlog::TilePlace& place);
// `query`: brought up to date.
Result<std::string> entry_tile(const std::filesystem::path& ledger_directory, ledger::Query& query,
                               const tlog::TilePlace& place);

// What launchers are shown of it.
struct ShownLedger {
    std::filesystem::path directory;
    std::vector<crypto::NoteVerifier> keys; // all that ever signed it, the present one last
};

} // namespace sallyport::gateway
