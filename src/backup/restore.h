// Prepares what shall take the place of an installation's data, from a backup that was checked. identity/swap.h puts it there.
//
// Where the ledger in the backup is not the newest that is known, entries may be lost behind it, and what was signed of them must not be
// contradicted: the log begins a new epoch, with a new name and key, as after `ledger recover`.
#pragma once

#include "backup/check.h"
#include "identity/installation.h"
#include "ledger/recover.h"
#include "store/state.h"

#include <optional>

namespace sallyport::backup {

// Copies the files into the prepared directory, comparing each again. What was left there by a restore that was cut short goes first.
Result<void> prepare_files(const std::filesystem::path& backup, const Manifest& manifest,
                           const std::filesystem::path& data);

// Policies are never forgotten: those that are here come with it, as does the highest version that was taken. Cursors of destinations
// do not point behind the ledger's end.
Result<void> prepare_policies_and_cursors(const Manifest& manifest, const std::filesystem::path& data);

// What was taken back meanwhile stays taken back: revoked keys and exceptions, withdrawn disputes. Acts since the backup, whose entries
// may be lost, are recorded again (they keep their ids). `present`: as far as it can be read.
Result<void> carry_over(store::State& present, store::State& prepared, const Manifest& manifest);

struct Epoch {
    ledger::SetAside aside;
    std::shared_ptr<const crypto::NoteSigner> signer;
};
// The keys of both, each once; with `begins_epoch` a new one behind them and the ledger set aside from its old checkpoint and tree.
Result<std::optional<Epoch>> prepare_keys(const identity::Installation& installation, bool begins_epoch,
                                          const std::string& mark);

Result<void> sync_prepared(const std::filesystem::path& data);

} // namespace sallyport::backup
