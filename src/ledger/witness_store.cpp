#include "ledger/witness_store.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/limits.h"
#include "identity/private_files.h"
#include "ledger/checkpoint_file.h"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <sys/file.h>
#include <unistd.h>

namespace sallyport::ledger {

namespace {
constexpr std::size_t key_file_bytes_max = 4'096;

std::filesystem::path logs_folder(const std::filesystem::path& directory) { return directory / "logs"; }
std::string digest_of(std::string_view origin) { return to_hex(crypto::bytes(crypto::sha256(origin))); }

struct Descriptor {
    int number = -1;
    ~Descriptor() { ::close(number); }
};

bool has_cosigned(const std::filesystem::path& directory) {
    std::error_code error;
    return std::filesystem::exists(logs_folder(directory), error) &&
           !std::filesystem::is_empty(logs_folder(directory), error);
}
} // namespace

Result<crypto::NoteSigner> open_witness_key(const std::filesystem::path& directory, const std::string& name) {
    if (auto made = identity::make_directory(directory); !made) return std::unexpected(made.error());
    if (auto closed = identity::require_private(directory, identity::private_directory); !closed)
        return std::unexpected(closed.error());
    const auto setup = identity::lock_file(directory / "setup.lock", LOCK_EX, "witness"); // two starts make one key
    if (!setup) return std::unexpected(setup.error());
    const Descriptor held{*setup};
    const auto file = directory / "witness.key";
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        if (has_cosigned(directory))
            return fail(ErrorKind::refused, file.string() + " is missing, but there is what it cosigned; put the key "
                                                            "back from its backup, or begin in a new directory");
        const std::string wanted = name.empty() ? "sallyport-witness/" + to_hex(crypto::random_bytes(4)) : name;
        const auto made = crypto::NoteSigner::generate(wanted, crypto::NoteAlgorithm::cosignature);
        if (!made) return made;
        if (auto written = replace_file(file, std::string(made->text().reveal()) + "\n", identity::private_file);
            !written)
            return std::unexpected(written.error());
    }
    if (auto closed = identity::require_private(file, identity::private_file); !closed)
        return std::unexpected(closed.error());
    auto content = read_file(file, key_file_bytes_max);
    if (!content) return std::unexpected(content.error());
    auto signer = crypto::NoteSigner::parse(Secret(std::move(*content)));
    if (!signer) return fail(ErrorKind::invalid, file.string() + ": " + signer.error().message);
    if (signer->verifier().algorithm() != crypto::NoteAlgorithm::cosignature)
        return fail(ErrorKind::invalid, file.string() + " holds a key that makes no cosignatures");
    if (!name.empty() && signer->verifier().name() != name)
        return fail(ErrorKind::refused, "the key in " + directory.string() + " has the name " +
                                            signer->verifier().name() + ", not " + name +
                                            "; a witness of another name needs a directory of its own");
    return signer;
}

struct WitnessStore::Witnessed {
    std::mutex adding; // judging and keeping are one step
    std::optional<CheckpointWriter> writer;
    std::filesystem::path file;
    mutable std::mutex reading; // guards `last`, so that whoever asks for it need not wait for the disk
    std::optional<tlog::SignedCheckpoint> last;
};

WitnessStore::WitnessStore(std::filesystem::path directory, crypto::NoteSigner signer,
                           std::vector<crypto::NoteVerifier> keys, const Log& log, FileOperations& files)
    : directory_(std::move(directory)), signer_(std::move(signer)), keys_(std::move(keys)), log_(log), files_(files) {}

WitnessStore::~WitnessStore() {
    if (lock_ >= 0) ::close(lock_);
}

Result<std::unique_ptr<WitnessStore>> WitnessStore::open(const std::filesystem::path& directory,
                                                         crypto::NoteSigner signer,
                                                         std::vector<crypto::NoteVerifier> logs, const Log& log,
                                                         FileOperations& files) {
    if (logs.empty() || logs.size() > limits::witnessed_logs_max)
        return fail(ErrorKind::invalid, "a witness has 1 to " + std::to_string(limits::witnessed_logs_max) +
                                            " keys of logs to believe; `sallyport ledger key` prints a ledger's");
    std::unique_ptr<WitnessStore> store(new WitnessStore(directory, std::move(signer), std::move(logs), log, files));
    const auto lock = identity::lock_file(directory / "lock", LOCK_EX | LOCK_NB, "witness");
    if (!lock) return std::unexpected(lock.error());
    store->lock_ = *lock;
    if (auto made = identity::make_directory(logs_folder(directory)); !made) return std::unexpected(made.error());
    // Else a power cut could take the folder with what is synced in it.
    if (files.sync_folder(directory) != 0) return fail_errno("cannot sync " + directory.string());
    for (const crypto::NoteVerifier& key : store->keys_) {
        auto& witnessed = store->logs_[digest_of(key.name())];
        if (witnessed) continue;
        witnessed = std::make_unique<Witnessed>();
        if (auto loaded = store->load(*witnessed, logs_folder(directory) / digest_of(key.name())); !loaded)
            return std::unexpected(loaded.error());
    }
    return store;
}

Result<void> WitnessStore::load(Witnessed& log, const std::filesystem::path& file) {
    log.file = file;
    auto stored = read_checkpoint(file);
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) return {};
    const tlog::SignedCheckpoint& last = (*stored)->signed_checkpoint;
    const auto own = crypto::signers_of(last.note, {&signer_.verifier(), 1});
    if (digest_of(last.checkpoint.origin) != file.filename().string() || !own || own->empty())
        return fail(ErrorKind::refused, file.string() + " was not written with the key " + signer_.verifier().text() +
                                            "; restore the directory from a backup, or begin in a new one");
    // Torn by a crash before it was answered; what was answered is in the other slot.
    if (!(*stored)->damage.empty())
        log_.warning("witness.torn", {{"file", file.string()}, {"what", (*stored)->damage}});
    auto writer = CheckpointWriter::open(file, files_, last);
    if (!writer) return std::unexpected(writer.error());
    log.writer.emplace(std::move(*writer));
    log.last = std::move((*stored)->signed_checkpoint);
    return {};
}

bool WitnessStore::keep(Witnessed& log, const tlog::SignedCheckpoint& checkpoint) {
    if (log.writer) {
        if (log.writer->write(checkpoint)) return true;
        log_.error("witness.not_kept", {{"file", log.file.string()}, {"why", std::strerror(errno)}});
        return false;
    }
    auto made = CheckpointWriter::open(log.file, files_, checkpoint);
    if (!made) {
        log_.error("witness.not_kept", {{"file", log.file.string()}, {"why", made.error().message}});
        return false;
    }
    log.writer.emplace(std::move(*made));
    return true;
}

WitnessStore::Answer WitnessStore::add(std::string_view request) {
    const auto read = tlog::parse_add_checkpoint(request);
    if (!read) return {400, read.error().message + "\n"};
    const tlog::Checkpoint& asked = read->checkpoint.checkpoint;
    const auto found = logs_.find(digest_of(asked.origin));
    if (found == logs_.end()) {
        const tlog::WitnessVerdict unknown = tlog::judge(*read, keys_, std::nullopt);
        return {unknown.status, unknown.body};
    }
    Witnessed& log = *found->second;
    const std::scoped_lock adding(log.adding);
    std::optional<tlog::Checkpoint> last;
    if (log.last) last = log.last->checkpoint; // written under `adding` alone
    tlog::WitnessVerdict verdict = tlog::judge(*read, keys_, last);
    // The log signed what does not go on from what it signed before: whoever runs it has to explain that.
    if (verdict.status == 422)
        log_.error("witness.inconsistent", {{"log", asked.origin},
                                            {"last", static_cast<std::int64_t>(last ? last->size : 0)},
                                            {"asked", static_cast<std::int64_t>(asked.size)},
                                            {"checkpoint", read->checkpoint.note.text}});
    if (!verdict.accepted) return {verdict.status, std::move(verdict.body)};
    crypto::sign(verdict.accepted->note, signer_);
    if (!keep(log, *verdict.accepted))
        return {503, "this witness's disk did not take the checkpoint, so it was not cosigned; try again\n"};
    std::string lines = tlog::cosignature_lines(verdict.accepted->note, signer_.verifier());
    const std::scoped_lock reading(log.reading);
    log.last = std::move(*verdict.accepted);
    return {200, std::move(lines)};
}

std::optional<std::string> WitnessStore::checkpoint(std::string_view origin_digest) const {
    const auto found = logs_.find(origin_digest);
    if (found == logs_.end()) return std::nullopt;
    const std::scoped_lock reading(found->second->reading);
    if (!found->second->last) return std::nullopt;
    return crypto::encode(found->second->last->note);
}

} // namespace sallyport::ledger
