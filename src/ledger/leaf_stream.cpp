#include "ledger/leaf_stream.h"

#include "base/limits.h"

#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

namespace sallyport::ledger {

namespace {
constexpr std::size_t piece_bytes = 1u << 20;
static_assert(piece_bytes > frame_header_bytes + limits::entry_bytes_max, "a piece holds at least one whole frame");
} // namespace

struct LeafStream::Piece {
    struct Leaf {
        std::string_view entry; // in `bytes`
        tlog::Digest hash;
    };
    Buffer bytes{piece_bytes};
    std::uint64_t first_index = 0;
    std::vector<Leaf> leaves;
    std::size_t whole_bytes = 0; // of `bytes`: the frames that are whole
    FrameReader::State state{};
    bool is_last = false;

    // The frames that stand in `bytes`, which begin at `offset` of the file.
    void divide(std::uint64_t offset, std::uint64_t index) {
        leaves.clear();
        first_index = index;
        FrameReader reader(bytes.view(), offset, index);
        while ((state = reader.next()) == FrameReader::State::entry) leaves.push_back({reader.entry(), {}});
        whole_bytes = static_cast<std::size_t>(reader.end_offset() - offset);
    }
};

// One thread, one piece at a time.
class LeafStream::Hasher {
public:
    void begin(Piece& piece) {
        piece_ = &piece;
        wanted_.release();
    }
    void wait() { done_.acquire(); }
    ~Hasher() {
        piece_ = nullptr;
        wanted_.release();
    }

private:
    void run() {
        for (wanted_.acquire(); piece_ != nullptr; wanted_.acquire()) {
            for (auto& leaf : piece_->leaves) leaf.hash = tlog::leaf_hash(leaf.entry);
            done_.release();
        }
    }
    std::binary_semaphore wanted_{0}, done_{0};
    Piece* piece_ = nullptr; // handed over by the semaphores
    std::jthread thread_{[this] { run(); }};
};

LeafStream::LeafStream()
    : pieces_{std::make_unique<Piece>(), std::make_unique<Piece>()}, hasher_(std::make_unique<Hasher>()) {}
LeafStream::~LeafStream() = default;

// The next piece of the file from where `end` is. False: it is the last.
Result<bool> LeafStream::fill(Piece& piece, const SegmentFile& file, End& end) {
    if (end.offset == 0) {
        if (auto head = read_part(file.path, 0, segment_header_bytes, piece.bytes); !head)
            return std::unexpected(head.error());
        auto header = check_segment_header(piece.bytes, file);
        if (!header) return std::unexpected(header.error());
        end.header = std::move(*header);
        end.offset = segment_header_bytes;
    }
    if (auto read = read_part(file.path, end.offset, piece_bytes, piece.bytes); !read)
        return std::unexpected(read.error());
    piece.divide(end.offset, end.next_index);
    end.bytes = end.offset + piece.bytes.size();
    end.offset += piece.whole_bytes;
    end.next_index += piece.leaves.size();
    end.state = piece.state;
    return piece.bytes.size() == piece_bytes && piece.state != FrameReader::State::broken;
}

Result<LeafStream::End> LeafStream::read(const SegmentFile& file, const Take& take) {
    if (auto size = segment_size(file); !size) return std::unexpected(size.error());
    const auto take_all = [&](const Piece& piece) {
        std::uint64_t index = piece.first_index;
        for (const auto& leaf : piece.leaves) take(index++, leaf.hash, leaf.entry);
    };
    End end;
    end.next_index = file.first_index;
    Piece* piece = pieces_[0].get();
    Piece* before = nullptr; // the hasher has it
    for (bool goes_on = true; goes_on;) {
        const auto filled = fill(*piece, file, end);
        if (before != nullptr) hasher_->wait();
        if (filled) hasher_->begin(*piece);
        if (before != nullptr) take_all(*before);
        if (!filled) return std::unexpected(filled.error());
        goes_on = *filled;
        before = std::exchange(piece, pieces_[piece == pieces_[0].get() ? 1 : 0].get());
    }
    hasher_->wait();
    take_all(*before);
    return end;
}

} // namespace sallyport::ledger
