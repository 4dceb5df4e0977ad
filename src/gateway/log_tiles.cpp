#include "gateway/log_tiles.h"

#include "ledger/checkpoint_file.h"
#include "ledger/tree_files.h"
#include "tlog/witness.h"

namespace sallyport::gateway {

namespace {

Result<ledger::StoredCheckpoint> newest(const std::filesystem::path& directory) {
    auto stored = ledger::read_checkpoint(ledger::checkpoint_path(directory));
    if (!stored) return std::unexpected(stored.error());
    if (!*stored)
        return fail(ErrorKind::unavailable, "the ledger has no checkpoint yet; it gets one with its first entry");
    return std::move(**stored);
}

} // namespace

Result<std::string> newest_checkpoint(const std::filesystem::path& ledger_directory) {
    const auto stored = newest(ledger_directory);
    if (!stored) return std::unexpected(stored.error());
    const crypto::Note& note = stored->signed_checkpoint.note;
    const auto cosigned = ledger::read_checkpoint(ledger::cosigned_path(ledger_directory));
    if (cosigned && *cosigned && (*cosigned)->signed_checkpoint.note.text == note.text)
        return crypto::encode((*cosigned)->signed_checkpoint.note);
    return crypto::encode(note);
}

Result<std::string> checkpoint_since(const std::filesystem::path& ledger_directory, std::uint64_t old_size) {
    auto stored = newest(ledger_directory);
    if (!stored) return std::unexpected(stored.error());
    tlog::AddCheckpoint out{old_size, {}, std::move(stored->signed_checkpoint)};
    const std::uint64_t size = out.checkpoint.checkpoint.size;
    if (old_size > 0 && old_size <= size) {
        ledger::TreeReader tree(ledger_directory);
        auto proof = tlog::prove_consistency(old_size, size, tree.hashes());
        if (!proof) return std::unexpected(proof.error());
        out.proof = std::move(*proof);
    }
    return tlog::encode(out);
}

Result<std::string> hash_tile(const std::filesystem::path& ledger_directory, const tlog::TilePlace& place) {
    const auto stored = newest(ledger_directory);
    if (!stored) return std::unexpected(stored.error());
    const std::uint64_t first = place.index * tlog::tile_width, size = stored->signed_checkpoint.checkpoint.size;
    if (first + place.width > ledger::hashes_in_level(size, place.level))
        return fail(ErrorKind::unavailable,
                    "the log of " + std::to_string(size) + " entries has no " + place.path() +
                        "; its last tiles are as wide as /checkpoint says",
                    ErrorSource::client);
    return ledger::TreeReader(ledger_directory).read(place.level, first, place.width);
}

Result<std::string> entry_tile(const std::filesystem::path& ledger_directory, ledger::Query& query,
                               const tlog::TilePlace& place) {
    const auto bytes = hash_tile(ledger_directory, place);
    if (!bytes) return std::unexpected(bytes.error());
    const auto hashes = tlog::read_tile(*bytes, place.width);
    if (!hashes) return std::unexpected(hashes.error());
    std::string out;
    for (std::uint64_t i = 0; i < place.width; ++i) {
        const std::uint64_t index = place.first() + i;
        const auto entry = query.entry(index);
        if (!entry) return std::unexpected(entry.error());
        if (tlog::leaf_hash(*entry) != (*hashes)[i])
            return fail(ErrorKind::io, "entry " + std::to_string(index) +
                                           " is not what was signed; `sallyport ledger verify` tells what is wrong");
        tlog::append_entry(out, *entry);
    }
    return out;
}

} // namespace sallyport::gateway
