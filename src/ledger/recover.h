// What can be saved of a ledger that cannot be started: what is broken is set aside, with the checkpoint and the tree that it no longer
// fits, so that a new epoch of the log may begin with what is whole. Nothing is deleted.
#pragma once

#include "base/error.h"
#include "tlog/checkpoint.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::ledger {

struct SetAside {
    std::uint64_t kept = 0;                       // entries from 0 on, whole
    std::optional<tlog::SignedCheckpoint> before; // the last one that can be read, whoever signed it
    std::vector<std::filesystem::path> files;     // that were set aside, as they are called now
};
// `mark` becomes part of their names; segments of another installation than `origin` are none of this ledger. No other process may write it.
Result<SetAside> set_aside(const std::filesystem::path& directory, const std::string& origin, const std::string& mark);

} // namespace sallyport::ledger
