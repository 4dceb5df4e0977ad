// Whether what is recorded becomes sealed in the time that the policy gives it (docs/witnesses.md): of each class for which it asks for
// cosignatures, since when the oldest entry waits that no checkpoint with so many of them covers. Where that is too long, nothing more of the
// class passes.
//
// Entries of one second share a span, so that their ages are known to a second. Thread-safe; of a class that nobody asks about nothing is
// remembered.
#pragma once

#include "crypto/note.h"
#include "gateway/metrics.h"
#include "ledger/seals.h"
#include "policy/model.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace sallyport::gateway {

class Sealing {
public:
    struct Ledger {
        std::filesystem::path directory;
        std::vector<crypto::NoteVerifier> keys; // all that ever signed it
        std::function<std::uint64_t()> entries; // now; from any thread
    };
    explicit Sealing(Ledger ledger) : ledger_(std::move(ledger)) {}

    // At the start, before anything is recorded, and after a reload: what the policy asks for now, and whose cosignatures count. Where it asks
    // for more than before, the ledger's end that is not sealed yet is read. Of at most limits::unsealed_entries_read_max entries; what lies
    // behind is taken for one of each class.
    Result<void> use(const policy::Sealing& asked, std::span<const crypto::NoteVerifier> witnesses);

    // An entry of an exchange of this class was appended.
    void recorded(policy::Class cls, std::uint64_t index);
    // A checkpoint of so many entries is kept with so many cosignatures, or more.
    void sealed(std::size_t cosignatures, std::uint64_t entries);

    // Why nothing of this class may pass under that policy; empty where it may.
    std::string problem(const policy::Sealing& asked, policy::Class cls) const;
    std::vector<UnsealedFigure> figures() const;

private:
    struct Span {
        std::int64_t since_ms = 0; // monotonic: of its first entry
        std::uint64_t last_index = 0;
    };
    struct Unread { // of the ledger's end
        policy::Class cls{};
        std::uint64_t from = 0;
    };
    Result<void> read_end(std::vector<Unread> unread);

    const Ledger ledger_;
    std::array<std::atomic<std::uint8_t>, policy::class_count> asked_{};
    mutable std::mutex mutex_; // guards what follows
    ledger::Seals seals_;
    std::array<std::deque<Span>, policy::class_count> waiting_; // the oldest first
};

} // namespace sallyport::gateway
