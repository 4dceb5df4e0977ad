// The ledger as a log that others read (C2SP tlog-tiles, tlog-checkpoint): its newest checkpoint and the tiles of the tree that this
// signs, made from the ledger's own files at each question. What export_log() writes as a folder; no more than what was signed is shown.
//
// Errors: unavailable, source client: the tree has no such tile (yet). Else the ledger is damaged, or the disk did not do it.
#pragma once

#include "ledger/query.h"
#include "tlog/tile.h"

#include <filesystem>
#include <string>

namespace sallyport::gateway {

// With the cosignatures of witnesses where there are some of this very checkpoint.
Result<std::string> newest_checkpoint(const std::filesystem::path& ledger_directory);
Result<std::string> hash_tile(const std::filesystem::path& ledger_directory, const tlog::TilePlace& place);
// `query`: brought up to date.
Result<std::string> entry_tile(const std::filesystem::path& ledger_directory, ledger::Query& query,
                               const tlog::TilePlace& place);

} // namespace sallyport::gateway
