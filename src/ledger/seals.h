// How much of a ledger is sealed: which entries a checkpoint covers that so many witnesses cosigned. From its files alone, while a
// gateway may go on.
#pragma once

#include "base/error.h"
#include "base/limits.h"
#include "tlog/checkpoint.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

namespace sallyport::ledger {

struct Seals {
    // [k]: entries in the newest checkpoint that is kept and has k cosignatures or more; [0]: in the newest of all.
    std::array<std::uint64_t, limits::witnesses_max + 1> entries{};
    bool covers(std::uint64_t index, std::size_t cosignatures) const {
        return cosignatures < entries.size() && index < entries[cosignatures];
    }
};

// Signatures of `log` (all keys that ever signed it) and of these witnesses count. What is damaged, is not signed by the log or is not of
// the beginning of its tree seals nothing: `ledger verify` says what is wrong with it.
Seals read_seals(const std::filesystem::path& directory, std::span<const crypto::NoteVerifier> log,
                 std::span<const crypto::NoteVerifier> witnesses);

// The newest checkpoint that is kept and has so many cosignatures or more by `keys` (the log's and witnesses'). Nothing where there is none;
// fails where one that is there is damaged or not signed.
Result<std::optional<tlog::SignedCheckpoint>> newest_with(const std::filesystem::path& directory,
                                                          std::span<const crypto::NoteVerifier> keys,
                                                          std::size_t cosignatures);

} // namespace sallyport::ledger
