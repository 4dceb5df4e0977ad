// What an entry changes in the index: the meaning of entries, kept apart from reading files.
#pragma once

#include "ledger/entry.h"
#include "ledger/query.h"
#include "store/ledger_index.h"

#include <span>

namespace sallyport::ledger {

// Brings the exchange's row (and the files named) up to date with one more entry.
Result<void> index_entry(store::LedgerIndex& index, std::uint64_t entry_index, const Entry& entry);

// The row of one exchange, of its entries alone: no index is asked. Fails where they are not of one exchange.
Result<ExchangeRow> row_of(std::span<const EntryText> entries);

} // namespace sallyport::ledger
