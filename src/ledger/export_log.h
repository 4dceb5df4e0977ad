// The whole ledger as a log that anybody's programs read: a folder in the C2SP tlog-tiles layout, which any web server can offer as it is.
//
//   checkpoint   tile/<level>/<number>[.p/<width>]   tile/entries/<number>[.p/<width>]
//
// Only what fits the signed checkpoint is written, so that a damaged ledger cannot spoil an export that was whole. Files that are there
// and right stay as they are. The checkpoint comes last, when all else has reached the disk: what it tells of is always there.
#pragma once

#include "base/error.h"
#include "tlog/checkpoint.h"

#include <filesystem>
#include <functional>
#include <vector>

namespace sallyport::ledger {

struct ExportOptions {
    std::filesystem::path directory;                       // of the ledger
    std::filesystem::path target;                          // made where it is not there; its parent must be
    std::vector<crypto::NoteVerifier> keys;                // of the log
    std::function<void(std::uint64_t entries)> progress{}; // at every 256th entry at most
};

struct Exported {
    tlog::Checkpoint checkpoint;
    std::uint64_t files_written = 0, files_kept = 0; // tiles and bundles of entries
    std::uint64_t files_mended = 0;                  // of those written: that were there and were not what was signed
};

// Fails where the ledger is not what was signed, where the folder holds something else or another log, and where another export is
// writing there. One thread; beside a gateway that writes the ledger.
Result<Exported> export_log(const ExportOptions& options);

} // namespace sallyport::ledger
