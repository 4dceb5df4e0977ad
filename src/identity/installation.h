// The data directory of one installation and its root key. Made at first use: directories 0700, files 0600.
//
//   installation.key   32 random bytes; everything keyed is derived from it. Never in a data backup.
//   ledger.key         signs the ledger's checkpoints (a signer key of C2SP signed-note), where no other source is named (ledger_key.h).
//                      Never in a data backup.
//   ledger-keys        the verifier keys of those that did, one a line, the present one last
//   origin             the installation's short name, first half of entry ids ("k3f9x2ab/1207")
//   lock               held by the gateway that writes this directory
//   state.db           store::State
//   ledger/            segments
//   bodies/            what was kept of requests and answers, sealed (docs/formats/bodies.md)
//   body-keys.db       store::BodyKeys. Never in a data backup.
//   names.db           names behind pseudonyms, sealed. Never in a data backup.
//   restore.new, restoring, replaced-…  of a restore (swap.h)
//   ledger-index.db    store::LedgerIndex, a cache
//   policies/          every policy that was in force, by digest
//   index/             the index of the company's code (docs/formats/index.md)
//   code-clones/       bare clones of what `repo index ADDRESS` reads
//
// A directory that has a ledger or state but no key is refused: a new key would make every pseudonym and key digest void.
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "crypto/note.h"
#include "identity/ledger_key.h"

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sallyport::identity {

struct InstallationKeys {
    Secret key_digests;
    Secret pseudonyms;
    Secret sealing;
    Secret unit_names;
    Secret bindings;
    Secret body_keys; // with which the keys of kept bodies lie sealed
};

enum class Tenancy : std::uint8_t {
    gateway, // takes the lock for as long as the Installation lives; fails where another process has it
    visitor, // the command line: reads and issues commands beside a running gateway
};

class Installation {
public:
    // A visitor runs no command: it has no signer where one gives the key, but for the first time of all.
    static Result<Installation> open(const std::filesystem::path& directory, Tenancy tenancy,
                                     const LedgerKeySource& source = {});
    Installation(Installation&&) noexcept;
    Installation& operator=(Installation&&) noexcept;
    Installation(const Installation&) = delete;
    ~Installation();

    const InstallationKeys& keys() const { return keys_; }
    const std::string& origin() const { return origin_; }
    // Signs the ledger's checkpoints; its name is the log's: "sallyport/<origin>". Null for a visitor where a command gives the key.
    const std::shared_ptr<const crypto::NoteSigner>& ledger_signer() const { return ledger_signer_; }
    // From the next start on: written to ledger-keys and to the key's file; where a command gives the key, to ledger.key.next, from where
    // the operator has to bring it to where the command finds it. Returns that file. Only whoever holds the lock may.
    Result<std::filesystem::path> take_ledger_signer(const crypto::NoteSigner& signer);
    // A ledger.key that is not read, since sallyport.yaml names another source: whoever reads it can sign for the ledger.
    bool keeps_its_key() const { return source_.is_default(); } // in the data directory
    bool has_key_left_behind() const;
    std::string next_epoch() const; // the log's name when it begins anew: "sallyport/<origin>/2"
    const std::vector<crypto::NoteVerifier>& ledger_keys() const { return ledger_keys_; } // all that ever signed
    const std::filesystem::path& directory() const { return directory_; }
    std::filesystem::path state_file() const { return directory_ / "state.db"; }
    std::filesystem::path ledger_directory() const { return directory_ / "ledger"; }
    std::filesystem::path bodies_directory() const { return directory_ / "bodies"; }
    std::filesystem::path body_keys_file() const { return directory_ / "body-keys.db"; }
    std::filesystem::path policies_directory() const { return directory_ / "policies"; }
    std::filesystem::path code_index_directory() const { return directory_ / "index"; }
    std::filesystem::path code_clones_directory() const { return directory_ / "code-clones"; }
    std::filesystem::path index_file() const { return directory_ / "ledger-index.db"; }
    bool created() const { return created_; } // by this very open()

private:
    Installation() = default;
    Result<void> open_ledger_key(Tenancy tenancy);
    std::filesystem::path directory_;
    std::string origin_;
    InstallationKeys keys_;
    LedgerKeySource source_;
    std::shared_ptr<const crypto::NoteSigner> ledger_signer_;
    std::vector<crypto::NoteVerifier> ledger_keys_;
    int lock_ = -1;
    bool created_ = false;
};

// The name of a log that begins anew, behind all that these keys signed: "sallyport/<origin>/2".
std::string next_epoch(const std::string& origin, std::span<const crypto::NoteVerifier> keys);
// ledger.key in that directory.
Result<void> write_ledger_signer(const std::filesystem::path& directory, const crypto::NoteSigner& signer);

} // namespace sallyport::identity
