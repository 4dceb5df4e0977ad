// Shows the ledger's newest checkpoint to the witnesses that sallyport.yaml names, and keeps what they cosign (docs/witnesses.md).
//
// In rounds, each at most every LedgerConfig::every_ms: all witnesses that have not cosigned the newest checkpoint are asked at once,
// each from the size at which it was last. One that fails is left out for a while that doubles. As soon as enough cosigned the same
// checkpoint, it is kept as DATA/ledger/cosigned (ledger/checkpoint_file.h), with all cosignatures that came; and where the policy asks
// for K before a class is sealed, the newest that has them as DATA/ledger/cosigned-K. The writer goes on with its own checkpoint and
// knows nothing of this.
//
// A witness that has seen what this ledger is not tells of a ledger that was rolled back or that there are two of: compare() refuses
// the start, later it is logged and told by problem().
//
// On a thread and a loop of its own, so that neither an exchange nor the control loop waits for it. Public functions are thread-safe.
#pragma once

#include "base/log.h"
#include "gateway/metrics.h"
#include "gateway/sealing.h"
#include "gateway/witness_call.h"
#include "gateway/world.h"
#include "ledger/checkpoint_file.h"

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace sallyport::gateway {

class Witnesses {
public:
    struct Ledger {
        std::filesystem::path directory;
        std::vector<crypto::NoteVerifier> keys; // all that ever signed it, the present one last
        std::function<std::uint64_t()> entries; // now; from any thread
    };
    // `sealing` is told of what is kept with how many cosignatures.
    Witnesses(Ledger ledger, std::shared_ptr<const World> world, Sealing& sealing, const Log& log);
    ~Witnesses(); // cuts what is under way
    Witnesses(const Witnesses&) = delete;
    Witnesses& operator=(const Witnesses&) = delete;

    // Before anything is written to the ledger: what each witness cosigned last must be its beginning. Blocks until each answered or
    // its time was over, which is logged. An error is the reason, in a sentence, why this ledger must not go on.
    Result<void> compare();
    void start();                                 // goes on with rounds
    void use(std::shared_ptr<const World> world); // after a reload
    void finish(); // a last round for what was written last, at most limits::witness_last_ms

    // Why the ledger is not vouched for as sallyport.yaml demands; empty where it is, or nothing is demanded.
    std::string problem() const;
    WitnessFigures figures() const;

private:
    struct Asked { // a witness
        std::string name;
        std::uint64_t known = 0;    // the size of its last checkpoint, as far as it is known
        std::uint64_t cosigned = 0; // the newest that it cosigned for us
        std::uint64_t failures = 0;
        std::int64_t pause_ms = 0, not_before_ms = 0; // after failures
        std::string apart;                            // a sentence: it has seen what this ledger is not
    };
    // Until all that were asked at once are done.
    struct Waiting {
        net::Completion all;
        std::size_t left;
        void one_less() {
            if (--left == 0) all.complete();
        }
    };
    using Compared = std::promise<Result<void>>;

    net::Task<void> compare_all(std::shared_ptr<Compared> compared);
    net::Task<void> compare_one(const World& world, std::size_t number, Waiting& waiting);
    net::Task<void> run();
    net::Task<void> round(std::shared_ptr<const World> world);
    net::Task<void> show(const World& world, std::size_t number, const tlog::SignedCheckpoint& newest,
                         Waiting& waiting);
    net::Task<Result<Shown>> show_from_where_it_is(const World& world, std::size_t number,
                                                   const tlog::SignedCheckpoint& newest);

    WitnessLine line_to(const World& world, std::size_t number);
    Asked& asked(const World& world, std::size_t number);
    Result<void> take_kept();
    Result<std::uint64_t> take_kept(const std::filesystem::path& path); // how many entries it is of; 0: it is not there
    bool keep(std::optional<ledger::CheckpointWriter>& writer, const std::filesystem::path& path);
    std::optional<tlog::SignedCheckpoint> newest_checkpoint();
    void gather(const World& world, const tlog::SignedCheckpoint& of, std::vector<crypto::NoteSignature> cosignatures);
    void failed(Asked& asked, const Error& error);
    void tell_apart(Asked& asked, std::string sentence);
    std::string first_apart() const;
    const std::string& origin() const { return ledger_.keys.back().name(); }

    const Ledger ledger_;
    Sealing& sealing_;
    const Log& log_;
    net::Loop loop_;
    std::unique_ptr<net::Resolver>
        resolver_; // an own one: a slow look-up of a witness must not hold that of an upstream
    http::BufferPool buffers_;
    http::Pool pool_;
    std::shared_ptr<const World> world_;            // the loop's
    tlog::SignedCheckpoint gathered_;               // what is being cosigned, with what has come
    std::optional<ledger::CheckpointWriter> keeps_; // DATA/ledger/cosigned
    std::map<std::size_t, std::optional<ledger::CheckpointWriter>>
        keeps_for_policy_; // DATA/ledger/cosigned-K, for each K that the policy asks for
    std::atomic<bool> ending_ = false;
    std::promise<void> ended_;

    mutable std::mutex mutex_;           // guards what follows
    std::map<std::string, Asked> asked_; // by verifier key, so that a reload forgets nothing
    std::vector<std::string> in_use_;    // verifier keys of the configuration
    std::size_t demanded_ = 0;
    std::int64_t within_ms_ = 0, timeout_ms_ = 0;
    std::uint64_t kept_size_ = 0;       // of what has enough cosignatures
    std::int64_t waiting_since_ms_ = 0; // monotonic: since when there is something newer; 0: there is not
    std::thread thread_;
};

// Why a checkpoint that somebody saw is not of the beginning of this ledger, which has `entries`; empty where it is. `by`: "the witness
// w1.acme.example".
std::string contradiction(const tlog::Checkpoint& seen, std::string_view by, std::uint64_t entries,
                          const tlog::SubtreeHash& tree);

} // namespace sallyport::gateway
