#include "handover/tail.h"

#include "base/limits.h"
#include "ledger/offloaded.h"

#include <algorithm>

namespace sallyport::handover {

namespace {
constexpr std::size_t part_bytes = 256 * 1024;
static_assert(part_bytes > limits::entry_bytes_max + ledger::frame_header_bytes);
} // namespace

Result<std::uint64_t> first_index(const std::filesystem::path& ledger_directory) {
    const auto segments = ledger::list_segments(ledger_directory);
    if (!segments) return std::unexpected(segments.error());
    return segments->empty() ? 0 : segments->front().first_index;
}

Result<void> Tail::seek(std::uint64_t index) {
    const auto segments = ledger::list_segments(directory_);
    if (!segments) return std::unexpected(segments.error());
    const auto behind = std::ranges::upper_bound(*segments, index, {}, &ledger::SegmentFile::first_index);
    if (behind == segments->begin())
        return fail(ErrorKind::unavailable, "entry " + std::to_string(index) + " is in no segment of " +
                                                directory_.string() + "; restore the ledger from a backup");
    const ledger::SegmentFile& segment = *(behind - 1);
    segment_ = segment.path;
    offset_ = ledger::segment_header_bytes;
    next_index_ = segment.first_index;
    frames_.reset();
    while (next_index_ < index) {
        const auto passed = next(index);
        if (!passed) return std::unexpected(passed.error());
        if (!*passed)
            return fail(ErrorKind::invalid, "the ledger ends before entry " + std::to_string(index) +
                                                ", of which a destination was told; was it restored from a backup?");
    }
    return {};
}

Result<bool> Tail::load() {
    if (auto read = ledger::read_part(segment_, offset_, part_bytes, part_); !read)
        return std::unexpected(read.error());
    if (part_.empty()) { // the next segment begins where this one ended
        const std::filesystem::path following = directory_ / ledger::segment_name(next_index_);
        std::error_code code;
        if (following == segment_ || !std::filesystem::exists(ledger::where_is(following), code)) return false;
        segment_ = following;
        offset_ = ledger::segment_header_bytes;
        if (auto read = ledger::read_part(segment_, offset_, part_bytes, part_); !read)
            return std::unexpected(read.error());
        if (part_.empty()) return false;
    }
    frames_.emplace(part_.view(), offset_, next_index_);
    return true;
}

Result<std::optional<TailEntry>> Tail::next(std::uint64_t durable) {
    bool fresh = false;
    while (next_index_ < durable) {
        if (!frames_) {
            const auto more = load();
            if (!more) return std::unexpected(more.error());
            if (!*more) return std::nullopt; // an index is durable a moment before its bytes are looked for
            fresh = true;
        }
        const auto state = frames_->next();
        if (state == ledger::FrameReader::State::entry) {
            next_index_ = frames_->next_index();
            return TailEntry{frames_->index(), frames_->entry(), {segment_, frames_->offset()}};
        }
        const bool moved = frames_->end_offset() > offset_;
        offset_ = frames_->end_offset();
        frames_.reset();
        if (state == ledger::FrameReader::State::end ||
            (state == ledger::FrameReader::State::incomplete && (moved || !fresh)))
            continue; // the rest of the frame is in the next part
        return fail(ErrorKind::invalid, segment_.string() + " is damaged behind byte " + std::to_string(offset_) +
                                            ": entry " + std::to_string(next_index_) +
                                            " cannot be read; restore the file from a backup");
    }
    return std::nullopt;
}

Result<std::string> Tail::read_again(const Position& position, std::uint64_t index) {
    Buffer frame;
    if (auto read = ledger::read_part(position.segment, position.offset,
                                      limits::entry_bytes_max + ledger::frame_header_bytes, frame);
        !read)
        return std::unexpected(read.error());
    ledger::FrameReader reader(frame.view(), position.offset, index);
    if (reader.next() != ledger::FrameReader::State::entry || reader.index() != index)
        return fail(ErrorKind::invalid, position.segment.string() + " at offset " + std::to_string(position.offset) +
                                            ": entry " + std::to_string(index) +
                                            " is not there any more; restore the file from a backup");
    return std::string(reader.entry());
}

} // namespace sallyport::handover
