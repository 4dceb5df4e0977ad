// The ledger, opened for writing: held against its checkpoint (ledger::Writer), and against what state.db noted of it.
#pragma once

#include "base/log.h"
#include "identity/installation.h"
#include "ledger/writer.h"
#include "store/state.h"

#include <memory>

namespace sallyport::gateway {

// Refused where entries that had been signed are not there any more, although all its files fit: they were taken away together.
Result<std::unique_ptr<ledger::Writer>> open_ledger(const identity::Installation& installation, store::State& state,
                                                    const Log& log);
// How far it is signed now. An error is told in the log: it will be noted later.
void note_ledger(const identity::Installation& installation, store::State& state, const ledger::Writer& writer,
                 const Log& log);

} // namespace sallyport::gateway
