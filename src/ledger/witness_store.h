// What a witness keeps (sallyport ledger witness): its key, and of each log the last checkpoint that it cosigned.
//
//   DIRECTORY/witness.key                        0600, a signer key (crypto/note.h); made at the first opening
//   DIRECTORY/logs/<sha256 of the origin, hex>   two slots (checkpoint_file.h), with the log's signatures and the own one
//   DIRECTORY/lock                               held by the one process that writes here
//
// Invariant: what was answered with a cosignature is on the disk, and of each log no smaller size follows a larger one. Judging a
// checkpoint and keeping it are one step, one after the other for each log (C2SP tlog-witness, add-checkpoint).
//
// Thread-safe. A sync that fails ends the process (file_operations.h).
#pragma once

#include "base/log.h"
#include "ledger/file_operations.h"
#include "tlog/witness.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::ledger {

// The witness's signer. `name`: of a key that is made now; else that of the key must be the same, where one is given. Fails where a
// key is missing beside what was cosigned with one.
Result<crypto::NoteSigner> open_witness_key(const std::filesystem::path& directory, const std::string& name);

class WitnessStore {
public:
    // `logs`: their verifier keys; of one log, which the name tells, there may be several. Locks the directory as long as it lives.
    static Result<std::unique_ptr<WitnessStore>> open(const std::filesystem::path& directory, crypto::NoteSigner signer,
                                                      std::vector<crypto::NoteVerifier> logs, const Log& log,
                                                      FileOperations& files = FileOperations::real());
    ~WitnessStore();
    WitnessStore(const WitnessStore&) = delete;
    WitnessStore& operator=(const WitnessStore&) = delete;

    struct Answer {
        int status = 0; // the verdict's; 503 where the disk does not take it: then nothing was cosigned
        std::string body;
    };
    // Waits for the disk.
    Answer add(std::string_view request);
    // The note last cosigned of the log whose origin has this SHA-256, in hex; nothing where there is none.
    std::optional<std::string> checkpoint(std::string_view origin_digest) const;
    std::size_t logs() const { return logs_.size(); }

private:
    struct Witnessed;
    WitnessStore(std::filesystem::path directory, crypto::NoteSigner signer, std::vector<crypto::NoteVerifier> keys,
                 const Log& log, FileOperations& files);
    Result<void> load(Witnessed& log, const std::filesystem::path& file);
    bool keep(Witnessed& log, const tlog::SignedCheckpoint& checkpoint);

    std::filesystem::path directory_;
    crypto::NoteSigner signer_;
    std::vector<crypto::NoteVerifier> keys_; // of the logs
    const Log& log_;
    FileOperations& files_;
    int lock_ = -1;
    std::map<std::string, std::unique_ptr<Witnessed>, std::less<>> logs_; // by the digest of the origin
};

} // namespace sallyport::ledger
