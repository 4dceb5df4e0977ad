// The leaves of a segment, for whoever hashes a whole ledger. Read in pieces of a megabyte: a whole segment in fresh memory costs more
// in page faults than its digests do. A second thread hashes one piece while the first reads the next and takes what is done.
#pragma once

#include "ledger/segment.h"
#include "tlog/merkle.h"

#include <functional>
#include <memory>

namespace sallyport::ledger {

class LeafStream {
public:
    LeafStream();
    ~LeafStream();
    LeafStream(const LeafStream&) = delete;
    LeafStream& operator=(const LeafStream&) = delete;

    // How a segment ended: as FrameReader says it.
    struct End {
        SegmentHeader header;
        FrameReader::State state{};
        std::uint64_t offset = 0;     // behind the last whole frame
        std::uint64_t next_index = 0; // behind the last whole entry
        std::uint64_t bytes = 0;      // that were there, whole or not
    };
    // Calls take(index, leaf hash, its text) for every entry in order. Errors: the file cannot be read, or is none of a ledger.
    using Take = std::function<void(std::uint64_t index, const tlog::Digest& leaf, std::string_view entry)>;
    Result<End> read(const SegmentFile& file, const Take& take);

private:
    struct Piece;
    class Hasher;
    static Result<bool> fill(Piece& piece, const SegmentFile& file, End& end);
    std::unique_ptr<Piece> pieces_[2];
    std::unique_ptr<Hasher> hasher_;
};

} // namespace sallyport::ledger
