// Reads the ledger's segments behind an index, entry after entry, while the writer writes (docs/formats/ledger.md, invariant 8). Only
// entries below `durable` are told: they are whole and stay.
//
// Holds one part of one segment. One thread; views live until the next call.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "ledger/segment.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::handover {

// Of a frame, to read its entry again.
struct Position {
    std::filesystem::path segment;
    std::uint64_t offset = 0;
};

struct TailEntry {
    std::uint64_t index = 0;
    std::string_view text;
    Position position;
};

class Tail {
public:
    explicit Tail(std::filesystem::path ledger_directory) : directory_(std::move(ledger_directory)) {}

    // Looks for the entry with this index, which is told next. Costs reading the segment up to it.
    Result<void> seek(std::uint64_t index);
    // The next one; nothing where all below `durable` were told. Errors: a segment that is missing or damaged, in words.
    Result<std::optional<TailEntry>> next(std::uint64_t durable);
    std::uint64_t next_index() const { return next_index_; }

    // The entry of that index, whose frame was told to stand there.
    static Result<std::string> read_again(const Position& position, std::uint64_t index);

private:
    Result<bool> load(); // more of the ledger; false: there is none now
    std::filesystem::path directory_;
    std::filesystem::path segment_;
    std::uint64_t offset_ = 0; // in the segment, of the part
    std::uint64_t next_index_ = 0;
    Buffer part_;
    std::optional<ledger::FrameReader> frames_; // over the part
};

// The index of the first entry that is still there; 0 where there is none yet.
Result<std::uint64_t> first_index(const std::filesystem::path& ledger_directory);

} // namespace sallyport::handover
