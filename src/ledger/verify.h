// Is the ledger in a directory what was recorded? Offline, from its files alone, while a gateway may go on writing.
//
// All entries are hashed again and held against the tree's files and the last signed checkpoint, against the one that witnesses
// cosigned, and against checkpoints that were seen elsewhere. What does not fit is named: the entry, the file, and what can still be trusted.
#pragma once

#include "base/error.h"
#include "tlog/checkpoint.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::ledger {

struct VerifyOptions {
    std::filesystem::path directory;
    std::vector<crypto::NoteVerifier> keys;   // of the log, and of witnesses
    std::vector<tlog::SignedCheckpoint> seen; // elsewhere: the ledger must begin with what they tell of
    // Entries below are taken from the tree's files, not read: they were verified before, up to this checkpoint.
    std::optional<tlog::SignedCheckpoint> verified{};
    std::function<void(std::uint64_t entries)> progress{}; // about every 65,536 entries
};

// One thing that does not hold. `kind` is a word for programs.
struct Problem {
    // segment, entry, moved, missing, tree, checkpoint, signature, seen; foreign: no gateway wrote it; repeated: what was recorded before
    // stands there once more; unreadable: was offloaded, is not there now
    std::string kind;
    std::optional<std::uint64_t> first, last; // entries
    std::string sentence;
};

struct Verified {
    std::uint64_t read = 0;    // entries
    std::uint64_t entries = 0; // in the ledger
    std::optional<tlog::SignedCheckpoint> checkpoint;
    std::optional<tlog::SignedCheckpoint> cosigned; // the newest that enough witnesses cosigned, where there are any
    std::vector<std::string> witnesses;             // who cosigned that, or `checkpoint` where it is not there
    std::vector<Problem> problems;                  // at most limits::problems_told_max
    std::uint64_t problems_left_out = 0;
    // Where the last segment does not end with a whole frame, behind all that was signed: being written now, torn by a crash, or
    // damaged. Nothing that was signed is missing. Empty where it does.
    std::string torn;
    std::vector<std::string> other_files; // names in the folder that no ledger has; at most limits::problems_told_max
    bool ok() const { return problems.empty(); }
};

// An error where nothing can be said: no ledger there, or it cannot be read.
Result<Verified> verify(const VerifyOptions& options);
// Only entries `first` to `last`, each by its own proof from the tree's files to the signed checkpoint: what they cost, not what the ledger
// holds. Says nothing of any other; `seen` and `verified` are not looked at.
Result<Verified> verify_range(const VerifyOptions& options, std::uint64_t first, std::uint64_t last);

} // namespace sallyport::ledger
