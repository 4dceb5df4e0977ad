// An exchange as a line for people.
#pragma once

#include "cli/sealed.h"
#include "ledger/query.h"

namespace sallyport::cli {

void print_row(const ledger::ExchangeRow& row, const Sealed& sealed = {});

} // namespace sallyport::cli
