// An exchange as a line for people.
#pragma once

#include "ledger/query.h"

namespace sallyport::cli {

void print_row(const ledger::ExchangeRow& row);

} // namespace sallyport::cli
