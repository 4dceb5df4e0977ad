// The ledger, opened for writing: held against its checkpoint (ledger::Writer), and against what state.db noted of it.
#pragma once

#include "base/log.h"
#include "identity/installation.h"
#include "ledger/writer.h"
#include "store/state.h"

#include <memory>

namespace sallyport::gateway {

// Refused where entries that had been signed are not there any more or are others, although all files of the ledger fit: they were taken
// away or made anew together.
Result<std::unique_ptr<ledger::Writer>> open_ledger(const identity::Installation& installation, store::State& state,
                                                    const Log& log);
// state.db is no cache: where the ledger has entries and it is missing, it was lost. Before it is opened, which would make one.
Result<void> require_state(const identity::Installation& installation);

} // namespace sallyport::gateway
