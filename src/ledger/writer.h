// Writes the ledger: many threads append, one thread writes and syncs whole groups.
//
// append() copies the entry into the group in memory and returns its index; it never waits for the disk. The group is written
// within write_ms and synced within sync_ms, or at once when somebody waits for it (append_durable). Entries reach the file in
// the order of their indexes; an index is given once.
//
// The entries are the leaves of a transparency log: what is durable is in a signed checkpoint within checkpoint_ms.
//
// Disk full: no fresh entries are taken, with a sentence, until there is room again; entries that close what is already under
// way (Admission::closing) go into room reserved for them. A sync that fails ends the process with code 70 at once: after that
// nobody knows what is on the disk, and asking again would lie.
//
// Thread-safe but for close(). Completions are called on the writer's thread and must only hand over a message.
#pragma once

#include "base/error.h"
#include "base/limits.h"
#include "crypto/note.h"
#include "ledger/file_operations.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::ledger {

// Called once. `durable` false: the entry did not reach the disk, do not act on it; it may still appear in the ledger, so follow
// it with an Outcome that says not_sent.
struct Completion {
    void (*done)(void* context, bool durable) = nullptr;
    void* context = nullptr;
};

enum class Admission : std::uint8_t {
    fresh,   // something new: refused when the disk is full
    closing, // the end of something recorded before
};

struct WriterOptions {
    std::filesystem::path directory;
    std::string origin;
    std::shared_ptr<const crypto::NoteSigner> signer; // of the checkpoints; its name is the log's origin
    std::vector<crypto::NoteVerifier> earlier_keys{}; // that signed before this one
    std::size_t segment_bytes_max = limits::segment_bytes_max;
    std::size_t queue_bytes_max = limits::ledger_queue_bytes_max;
    std::size_t headroom_bytes = 8u << 20; // reserved on the disk ahead of what is written
    std::int64_t write_ms = 50;
    std::int64_t sync_ms = 200;
    std::int64_t checkpoint_ms = 200; // a checkpoint at most so often
    std::int64_t retry_ms = 200;      // how often a full disk is asked again
    FileOperations* files = nullptr;  // nullptr: the real ones
};

// What open() found.
struct Recovery {
    std::uint64_t next_index = 0;
    std::uint64_t torn_bytes = 0; // cut off: 0 after a clean stop
    std::string torn_file;        // where
};

struct Health {
    bool ok = true;
    std::string sentence; // for /readyz and the refusal: "the ledger's disk is full: …"
};

struct WriterFigures {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t groups = 0; // writes
    std::uint64_t syncs = 0;
    std::uint64_t queued_bytes = 0;
    std::uint64_t next_index = 0;
    std::uint64_t synced_index = 0; // every entry below is on the disk
    std::uint64_t signed_index = 0; // every entry below is in a checkpoint
};

class Writer {
public:
    // Finds the end of the last segment and cuts off a torn tail. Fails where a segment is damaged or another origin's, and where the
    // entries are not those of the last checkpoint.
    static Result<std::unique_ptr<Writer>> open(WriterOptions options);
    ~Writer();

    Result<std::uint64_t> append(std::string_view entry, Admission admission = Admission::fresh);
    Result<std::uint64_t> append_durable(std::string_view entry, Completion completion,
                                         Admission admission = Admission::fresh);

    const Recovery& recovery() const;
    bool full() const; // one relaxed load
    Health health() const;
    WriterFigures figures() const;
    // Writes, syncs and completes everything, then stops. Later appends are refused. Also done by the destructor.
    void close();

private:
    class Inside;
    explicit Writer(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

} // namespace sallyport::ledger
