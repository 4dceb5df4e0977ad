// Keeps bodies: many threads hand them over, one compresses, seals and writes what is new in them.
//
// keep() cuts a body into pieces where it may be cut, looks which of them are kept already, copies the others, and returns the number
// of the chunk that tells of which pieces the body is; it never waits for the disk. The chunk reaches the file within write_ms and
// the disk within sync_ms. A number is given once, also after a crash: what a crash took is missing then, and never another body's.
//
// Disk full, or too much waits: nothing more is taken, with a sentence, until there is room. A sync that fails ends the process.
// Thread-safe but for close().
#pragma once

#include "base/error.h"
#include "base/limits.h"
#include "bodies/manifest.h"
#include "crypto/crypto.h"
#include "crypto/unit_name.h"
#include "ledger/file_operations.h"
#include "store/body_keys.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::bodies {

struct WriterOptions {
    std::filesystem::path directory;
    std::string origin;
    store::BodyKeys* keys = nullptr;
    const crypto::SealingKey* wrapping = nullptr; // the keys lie sealed with it
    const crypto::UnitNamer* names = nullptr;     // of pieces
    std::size_t pieces_remembered_max = limits::pieces_remembered_max;
    std::size_t pack_bytes_max = limits::pack_bytes_max;
    std::size_t queue_bytes_max = limits::bodies_queue_bytes_max;
    std::int64_t write_ms = 50;
    std::int64_t sync_ms = 200;
    std::int64_t retry_ms = 200;             // how often a full disk is asked again
    ledger::FileOperations* files = nullptr; // nullptr: the real ones
};

struct WriterFigures {
    std::uint64_t bodies = 0;     // kept
    std::uint64_t body_bytes = 0; // of them
    std::uint64_t new_bytes = 0;  // of them that were not kept before
    std::uint64_t disk_bytes = 0; // that became of these
    std::uint64_t queued_bytes = 0;
    std::uint64_t chunks = 0;                        // written
    std::uint64_t lost = 0;                          // handed over, and not written at the end
    std::uint64_t over_limit = 0;                    // not taken, since as much as is allowed is kept
    std::uint64_t folder_bytes = 0, limit_bytes = 0; // of the packs in the folder; 0: no limit
    std::uint64_t open_pack = 0; // packs whose first chunk has a lower number are not written any more
    std::uint64_t next_number = 0, synced_number = 0; // every chunk below is on the disk
};

// "A week's key" of this place; at_ms says which week.
store::BodyPlace place_at(std::string_view repository, std::string_view person, std::string_view effective_class,
                          std::int64_t at_ms);

// Within this time a writer takes notice of an erasure by another process: what is kept later refers to nothing that was erased.
inline constexpr unsigned erasure_seen_ms_max = 100;

class Writer {
public:
    static Result<std::unique_ptr<Writer>> open(const WriterOptions& options);
    ~Writer();

    // `cuts`: ascending offsets where a piece may begin; what is repeated between them is not kept again. Returns the chunk's number;
    // 0 where the limit is reached and nobody holds what belongs to the place (of a part: its chunk).
    Result<std::uint64_t> keep(const store::BodyPlace& place, std::string_view body,
                               std::span<const std::uint32_t> cuts);
    // A body that comes bit by bit is kept in parts; each returns its run, and finish() what tells of them all.
    Result<Run> keep_part(const store::BodyPlace& place, std::string_view part);
    Result<std::uint64_t> finish(const store::BodyPlace& place, std::span<const Run> parts, std::string_view last);

    // How much the packs in the folder hold and may hold (0: no limit). What is held by a matter is kept beyond the limit.
    void set_room(std::uint64_t folder_bytes, std::uint64_t limit_bytes, std::vector<store::BodyHold> holds);

    bool full() const;           // one relaxed load
    std::string problem() const; // why nothing is taken; empty where all is well
    WriterFigures figures() const;
    // Writes and syncs everything, then stops. Also done by the destructor.
    void close();

private:
    class Inside;
    explicit Writer(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

} // namespace sallyport::bodies
