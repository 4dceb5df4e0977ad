// A new epoch of a log in words, for the act that tells of it: the same after `ledger recover` and after `ledger restore`.
#pragma once

#include "ledger/recover.h"

#include <string>

namespace sallyport::cli {

// `last`: the newest checkpoint of the old log that is known, nullptr where there is none; is_all: nothing newer can have been signed.
std::string epoch_text(const std::string& old_log, const std::string& new_log, std::uint64_t kept,
                       const tlog::Checkpoint* last, bool is_all);

} // namespace sallyport::cli
