// Copies of large files whose bytes count: for backups, and for what is moved to another directory.
#pragma once

#include "base/error.h"
#include "crypto/crypto.h"

#include <cstdint>
#include <filesystem>

namespace sallyport::ledger {

struct FileContent {
    std::uint64_t bytes = 0;
    crypto::Digest digest{}; // SHA-256
    bool operator==(const FileContent&) const = default;
};

// Plain files alone: a link or a device in a file's place is an error.
Result<FileContent> content_of(const std::filesystem::path& file);

// The first `bytes_max` bytes of `from` into the new file `to`, mode 0600, synced; where that fails `to` is taken away again. An error
// where `to` is there already. The folder is for the caller to sync.
Result<FileContent> copy_synced(const std::filesystem::path& from, const std::filesystem::path& to,
                                std::uint64_t bytes_max = UINT64_MAX);

Result<void> sync_folder(const std::filesystem::path& folder);

} // namespace sallyport::ledger
