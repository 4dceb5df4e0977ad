// What an entry changes in the index: the meaning of entries, kept apart from reading files.
#pragma once

#include "ledger/entry.h"
#include "store/ledger_index.h"

namespace sallyport::ledger {

// Brings the exchange's row (and the files named) up to date with one more entry.
Result<void> index_entry(store::LedgerIndex& index, std::uint64_t entry_index, const Entry& entry);

} // namespace sallyport::ledger
