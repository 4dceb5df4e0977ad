// A consistent copy of an installation's data, made while its gateway runs.
//
// The ledger in it ends at a checkpoint: it has exactly the entries that this covers. What belongs to them is copied behind them, so
// nothing that they name is missing: bodies, policies. What is not in it, ever: installation.key, ledger.key, body-keys.db, names.db.
// Only files that manifest.h names are copied. What is derived (ledger-index.db, index/) is left out, the tree is not.
//
// The folder appears under its name when it is whole and synced, and not before.
#pragma once

#include "backup/manifest.h"
#include "identity/installation.h"
#include "ledger/verify.h"
#include "store/state.h"

#include <filesystem>

namespace sallyport::backup {

struct BackupRequest {
    const identity::Installation& installation;
    store::State& state;
    std::filesystem::path to;      // is not there, or an empty folder
    std::filesystem::path since{}; // an earlier backup: what is the same in it is linked, not copied, where that can be
};
struct BackupMade {
    Manifest manifest;
    std::uint64_t copied_bytes = 0, linked_bytes = 0;
    std::uint64_t offloaded_files = 0; // that lie elsewhere: not in this backup
    ledger::Verified verified;         // the ledger in the backup
};
Result<BackupMade> make_backup(const BackupRequest& request);

} // namespace sallyport::backup
