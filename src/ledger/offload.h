// Moves files that are not written any more to a directory that the operator names, the oldest first, as long as the folder holds more
// than it shall. Each is copied, synced, read back and compared, entered in the list (offloaded.h), and only then removed: a crash at
// any point leaves it in one of the two places at least, and the next pass goes on.
//
// Their names there bear the beginning of their digest ("00000000000000000000-1f0c7a39d2b65e84.seg"), so that no two ever meet.
#pragma once

#include "ledger/offloaded.h"

#include <functional>
#include <span>

namespace sallyport::ledger {

// Which files go, and where to. `directory` must be there: the folder of an installation and kind is made in it, never itself, so that
// nothing is written below the place of a mount that is not there.
struct OffloadRule {
    std::filesystem::path directory;
    std::uint64_t above_bytes = 0; // that the folder may hold
};

struct Offloaded {
    std::uint64_t files = 0, bytes = 0; // moved now
    std::uint64_t left_bytes = 0;       // in the folder
};

// `installation` and the folder's name become folders below rule.directory. `sealed`: names of files that are not written any more,
// oldest first; `folder_bytes`: of all of its kind in the folder. `goes_on` is asked before each file. One process at a time.
Result<Offloaded> offload(const std::filesystem::path& folder, std::span<const std::string> sealed,
                          std::uint64_t folder_bytes, const OffloadRule& rule, const std::string& installation,
                          const std::function<bool()>& goes_on = {});

// The segments of a ledger but for the last one, which is written.
Result<Offloaded> offload_segments(const std::filesystem::path& ledger, const OffloadRule& rule,
                                   const std::string& installation, const std::function<bool()>& goes_on = {});

// Makes the list anew of what lies in the directory and is not in the folder. Fails where two files there claim the same name.
Result<std::vector<OffloadedFile>> rebuild_offloaded(const std::filesystem::path& folder,
                                                     const std::filesystem::path& directory,
                                                     const std::string& installation);

// Of a file that nobody needs any more: from where it is, then from the list.
Result<void> remove_offloaded(const std::filesystem::path& folder, const std::string& name);

} // namespace sallyport::ledger
