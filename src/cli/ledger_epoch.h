// A new epoch of a log in words, for the act that tells of it: the same after `ledger recover` and after `ledger restore`.
#pragma once

#include "store/state.h"
#include "tlog/checkpoint.h"

#include <span>
#include <string>

namespace sallyport::cli {

// What is known of a log and its epochs before it is set aside.
struct KnownLog {
    std::string name;                            // of what goes on: of the backup, or of the present one
    const tlog::Checkpoint* last = nullptr;      // the newest of it that is known
    std::span<const store::NotedLedger> noted{}; // state.db, before
    bool is_all = false;                         // nothing newer than `last` can have been signed
};
std::string epoch_text(const KnownLog& known, const std::string& new_log, std::uint64_t kept);
// What of epochs is lost where only `kept` entries of `name` go on, by what state.db noted: "; …" each; empty where nothing is.
std::string lost_by_note(std::span<const store::NotedLedger> noted, const std::string& name, std::uint64_t kept);

} // namespace sallyport::cli
