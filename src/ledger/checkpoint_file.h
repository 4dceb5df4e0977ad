// A file of checkpoints: the newest one in one of two slots, so that a write that a crash tears never takes the one before with it.
// docs/formats/ledger.md section 5. The ledger has DATA/ledger/checkpoint, its newest, and DATA/ledger/cosigned, the newest that
// enough witnesses cosigned, and DATA/ledger/cosigned-K; a witness has one of each log.
//
//   file = slot slot          slot = sequence u64   length u32   checksum u32   note: `length` bytes   zeros up to 8,192 bytes
//
// little-endian; checksum = CRC-32C of sequence, length and note. The slot with the higher sequence is the newer one.
#pragma once

#include "ledger/file_operations.h"
#include "tlog/checkpoint.h"

#include <filesystem>
#include <optional>

namespace sallyport::ledger {

inline constexpr std::size_t checkpoint_slot_bytes = 8192;

// Of the ledger in that directory.
std::filesystem::path checkpoint_path(const std::filesystem::path& directory);
std::filesystem::path cosigned_path(const std::filesystem::path& directory);
// The newest with so many cosignatures, where a policy asks for them: "cosigned-2".
std::filesystem::path cosigned_path(const std::filesystem::path& directory, std::size_t cosignatures);

struct StoredCheckpoint {
    tlog::SignedCheckpoint signed_checkpoint;
    std::uint64_t sequence = 0;
    std::string damage; // of the other slot: what is wrong with it; a write that was torn, or somebody's hand
};
// Nothing where the file is not there. Fails where neither slot holds one.
Result<std::optional<StoredCheckpoint>> read_checkpoint(const std::filesystem::path& file);

// One thread.
class CheckpointWriter {
public:
    // Makes the file with the first checkpoint in it, whole or not at all, where it is not there.
    static Result<CheckpointWriter> open(const std::filesystem::path& file, FileOperations& files,
                                         const tlog::SignedCheckpoint& first);
    CheckpointWriter(CheckpointWriter&& other) noexcept;
    CheckpointWriter& operator=(CheckpointWriter&&) = delete;
    ~CheckpointWriter();

    // Writes the older slot and syncs it; `false`: not written, errno says why. A failed sync ends the process.
    bool write(const tlog::SignedCheckpoint& checkpoint);

private:
    explicit CheckpointWriter(FileOperations& files) : files_(&files) {}
    FileOperations* files_;
    std::filesystem::path path_;
    int descriptor_ = -1;
    std::uint64_t sequence_ = 0; // of the newest
    unsigned slot_ = 0;          // to write next
};

} // namespace sallyport::ledger
