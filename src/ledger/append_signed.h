// The first entry of a gateway: signed before anything else is recorded, so that whatever stands unsigned behind a stop is known to be no
// gateway's (unsigned_entries.h).
#pragma once

#include "ledger/writer.h"

namespace sallyport::ledger {

// Returns when a checkpoint covers the entry; also where the disk is full, since nothing new is let through then before this one is
// written and signed. Fails where neither is known within half a minute.
Result<void> append_signed(Writer& writer, std::string_view entry);

} // namespace sallyport::ledger
