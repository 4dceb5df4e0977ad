// What is in a backup: BACKUP/manifest, lines, and BACKUP/manifest.note, which says with the ledger's signature that it is that one.
//
//   manifest = "sallyport-backup 1" LF "origin" SP name LF "at" SP milliseconds LF "checkpoint" SP log SP size SP root LF file*
//   file     = "file" SP SHA-256 (64 hex digits) SP bytes SP path LF        by path, each once
//   note     = C2SP signed-note of: "sallyport backup" LF log LF SHA-256 of the manifest (64 hex digits) LF
//
// No checkpoint begins like that note, so neither signature can be taken for the other. docs/formats/backup.md.
#pragma once

#include "crypto/note.h"
#include "ledger/file_copy.h"
#include "tlog/checkpoint.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::backup {

inline constexpr std::string_view manifest_name = "manifest", note_name = "manifest.note";

struct BackupFile {
    std::string path; // below the backup, as below the data directory
    ledger::FileContent content;
    bool operator==(const BackupFile&) const = default;
};

struct Manifest {
    std::string origin; // the installation's
    std::int64_t at_ms = 0;
    tlog::Checkpoint checkpoint; // the ledger in the backup has exactly its entries
    std::vector<BackupFile> files;
    bool operator==(const Manifest&) const = default;
    const BackupFile* find(std::string_view path) const;
};

// Whether a file of that path may be in a backup. Anything else is refused, in whoever's manifest it stands.
bool belongs_in_backup(std::string_view path);

std::string encode(const Manifest& manifest); // sorts the files
Result<Manifest> parse_manifest(std::string_view text, const std::string& file);

std::string signed_note(std::string_view manifest, const crypto::NoteSigner& signer);
// Fails where none of the keys of the log `origin` signed this very manifest.
Result<void> check_note(std::string_view note, std::string_view manifest, std::string_view log,
                        std::span<const crypto::NoteVerifier> keys, const std::string& file);

} // namespace sallyport::backup
