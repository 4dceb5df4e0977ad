// Whether a backup is what was made: its manifest is signed, every file has its digest, the ledger in it holds and ends where the
// manifest says. Everything is read; nothing is changed.
#pragma once

#include "backup/manifest.h"
#include "ledger/verify.h"

#include <filesystem>
#include <functional>
#include <span>

namespace sallyport::backup {

struct Checked {
    Manifest manifest;
    ledger::Verified verified; // problems: at most of segments that lie elsewhere and cannot be read now
};
// `keys`: those of the ledger that are trusted here. The error names the file, and what to do.
Result<Checked> check_backup(const std::filesystem::path& backup, std::span<const crypto::NoteVerifier> keys,
                             const std::function<void(std::uint64_t files)>& progress = {});

} // namespace sallyport::backup
