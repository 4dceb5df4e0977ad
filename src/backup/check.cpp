#include "backup/check.h"

#include "base/file.h"

namespace sallyport::backup {

namespace {
constexpr std::size_t manifest_bytes_max = 256u << 20;

Result<Manifest> read_manifest(const std::filesystem::path& backup, std::span<const crypto::NoteVerifier> keys) {
    const auto file = backup / manifest_name;
    const auto text = read_file(file, manifest_bytes_max);
    if (!text) return std::unexpected(text.error());
    const auto note = read_file(backup / note_name, crypto::note_bytes_max);
    if (!note) return std::unexpected(note.error());
    auto manifest = parse_manifest(*text, file.string());
    if (!manifest) return manifest;
    if (auto is_signed = check_note(*note, *text, manifest->checkpoint.origin, keys, (backup / note_name).string());
        !is_signed)
        return std::unexpected(is_signed.error());
    for (const std::string_view needed : {"origin", "ledger-keys", "state.db", "ledger/checkpoint"})
        if (manifest->find(needed) == nullptr)
            return fail(ErrorKind::invalid,
                        file.string() + " names no " + std::string(needed) + "; take another backup");
    return manifest;
}
} // namespace

Result<Checked> check_backup(const std::filesystem::path& backup, std::span<const crypto::NoteVerifier> keys,
                             const std::function<void(std::uint64_t files)>& progress) {
    auto manifest = read_manifest(backup, keys);
    if (!manifest) return std::unexpected(manifest.error());
    std::uint64_t read = 0;
    for (const BackupFile& file : manifest->files) {
        const auto content = ledger::content_of(backup / file.path);
        if (!content)
            return fail(ErrorKind::invalid, "the backup is not whole: " + content.error().message +
                                                "; take another one, nothing was touched");
        if (*content != file.content)
            return fail(ErrorKind::invalid, (backup / file.path).string() +
                                                " is not what was backed up: it was changed or damaged; take another "
                                                "backup, nothing was touched");
        if (progress) progress(++read);
    }
    auto verified = ledger::verify({.directory = backup / "ledger", .keys = {keys.begin(), keys.end()}, .seen = {}});
    if (!verified) return std::unexpected(verified.error());
    for (const ledger::Problem& one : verified->problems)
        if (one.kind != "unreadable")
            return fail(ErrorKind::invalid, "the ledger in " + backup.string() + " does not hold: " + one.sentence +
                                                "; nothing was touched");
    if (!verified->checkpoint || verified->checkpoint->checkpoint != manifest->checkpoint ||
        verified->entries != manifest->checkpoint.size)
        return fail(ErrorKind::invalid, "the ledger in " + backup.string() +
                                            " does not end at the checkpoint that its manifest names; nothing was "
                                            "touched");
    return Checked{std::move(*manifest), std::move(*verified)};
}

} // namespace sallyport::backup
