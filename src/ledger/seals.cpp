#include "ledger/seals.h"

#include "ledger/checkpoint_file.h"
#include "ledger/tree_files.h"

#include <algorithm>
#include <vector>

namespace sallyport::ledger {

namespace {
std::vector<std::filesystem::path> kept_files(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> out{cosigned_path(directory), checkpoint_path(directory)};
    for (std::size_t count = 1; count <= limits::witnesses_max; ++count) out.push_back(cosigned_path(directory, count));
    return out;
}
} // namespace

Seals read_seals(const std::filesystem::path& directory, std::span<const crypto::NoteVerifier> log,
                 std::span<const crypto::NoteVerifier> witnesses) {
    std::vector<crypto::NoteVerifier> keys(log.begin(), log.end());
    keys.insert(keys.end(), witnesses.begin(), witnesses.end());
    TreeReader tree(directory);
    Seals out;
    for (const auto& file : kept_files(directory)) {
        const auto stored = read_checkpoint(file);
        if (!stored || !*stored) continue;
        const tlog::SignedCheckpoint& one = (*stored)->signed_checkpoint;
        const auto cosigned = tlog::check_signatures(one, keys);
        if (!cosigned) continue;
        const auto root = tlog::root_of(one.checkpoint.size, tree.hashes());
        if (!root || *root != one.checkpoint.root) continue;
        for (std::size_t count = 0; count <= std::min(cosigned->size(), limits::witnesses_max); ++count)
            out.entries[count] = std::max(out.entries[count], one.checkpoint.size);
    }
    return out;
}

Result<std::optional<tlog::SignedCheckpoint>> newest_with(const std::filesystem::path& directory,
                                                          std::span<const crypto::NoteVerifier> keys,
                                                          std::size_t cosignatures) {
    std::optional<tlog::SignedCheckpoint> out;
    for (const auto& file : kept_files(directory)) {
        auto stored = read_checkpoint(file);
        if (!stored) return std::unexpected(stored.error());
        if (!*stored) continue;
        tlog::SignedCheckpoint& one = (*stored)->signed_checkpoint;
        const auto witnesses = tlog::check_signatures(one, keys);
        if (!witnesses) return fail(witnesses.error().kind, file.string() + ": " + witnesses.error().message);
        const bool is_newer = !out || one.checkpoint.size > out->checkpoint.size;
        if (witnesses->size() >= cosignatures && is_newer) out = std::move(one);
    }
    return out;
}

} // namespace sallyport::ledger
