// Segments: the files of the ledger, docs/formats/ledger.md section 2.
//
//   <first index, 20 digits>.seg = header (64 bytes) frame*
//   frame = length u32, crc u32, bytes[length]        little-endian
//
// crc = CRC-32C of bytes, then the entry's index (u64), then the length (u32): a frame that stands in the wrong place, is left
// over from another file, or is a run of zeros is never valid. A length with the top bit set is a mark, not an entry: it says
// up to which index everything had reached the disk. By marks a torn end (nobody was told it is durable) is told from damage.
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::ledger {

inline constexpr std::size_t segment_header_bytes = 64;
inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::size_t mark_bytes = frame_header_bytes + 16;
inline constexpr std::uint32_t mark_bit = 0x8000'0000;

struct SegmentHeader {
    std::uint64_t first_index = 0;
    std::int64_t created_ms = 0;
    std::string origin; // 1 to 16 characters
};
std::string encode_segment_header(const SegmentHeader& header);
Result<SegmentHeader> decode_segment_header(std::string_view bytes, const std::string& file);

// `crc` is that of the bytes alone; the place is mixed in here, so that the long part can be computed outside a lock.
std::uint32_t frame_crc(std::uint32_t crc_of_bytes, std::uint64_t index, std::uint32_t length);
void append_frame(Buffer& out, std::uint64_t index, std::string_view entry, std::uint32_t crc_of_entry);
std::string encode_mark(std::uint64_t next_index, std::uint64_t synced_index);

std::string segment_name(std::uint64_t first_index); // "00000000000000000000.seg"
struct SegmentFile {
    std::filesystem::path
        path; // in the ledger's folder, also where it was moved elsewhere: readers find it (offloaded.h)
    std::uint64_t first_index = 0;
    bool is_offloaded = false;
};
// In order, with those that were moved elsewhere. A directory that is not there has none.
Result<std::vector<SegmentFile>> list_segments(const std::filesystem::path& directory);

// Walks over the frames in `bytes` (a whole segment, or a part that begins at a frame). Reads, never fails: what stops it is told.
class FrameReader {
public:
    enum class State : std::uint8_t {
        entry,      // index(), entry(), offset() are set
        end,        // the bytes end behind a whole frame
        incomplete, // the last frame is cut off
        broken,     // a frame whose length or checksum is wrong
    };
    FrameReader(std::string_view bytes, std::uint64_t offset, std::uint64_t next_index)
        : bytes_(bytes), base_(offset), next_index_(next_index) {}

    State next();
    std::uint64_t index() const { return next_index_ - 1; }
    std::string_view entry() const { return entry_; }
    std::uint64_t offset() const { return entry_offset_; }         // in the file, of the frame of entry()
    std::uint32_t crc() const { return crc_; }                     // of the frame of entry()
    std::uint64_t end_offset() const { return base_ + position_; } // behind the last whole frame
    std::uint64_t next_index() const { return next_index_; }
    // Where the last mark begins that was passed, else where the bytes begin: what lies before it was synced when it was written.
    std::uint64_t synced_offset() const { return base_ + synced_; }

private:
    std::string_view bytes_;
    std::uint64_t base_;
    std::uint64_t next_index_;
    std::size_t position_ = 0, synced_ = 0;
    std::string_view entry_;
    std::uint64_t entry_offset_ = 0;
    std::uint32_t crc_ = 0;
};

// The highest synced index that any mark at or behind `from` tells of; nullopt where there is none.
std::optional<std::uint64_t> highest_mark(std::string_view bytes, std::size_t from);

// An error where it is larger than any that is written.
Result<std::uint64_t> segment_size(const SegmentFile& file);
// `bytes` begin with a header: that of the file's name.
Result<SegmentHeader> check_segment_header(std::string_view bytes, const SegmentFile& file);

// One segment in memory, with its header checked against its name.
struct LoadedSegment {
    SegmentHeader header;
    Buffer bytes; // header and frames
};
Result<LoadedSegment> load_segment(const SegmentFile& file);
// At most `bytes_max` bytes from `offset` on; fewer at the end of the file.
Result<void> read_part(const std::filesystem::path& file, std::uint64_t offset, std::size_t bytes_max, Buffer& out);

// Where the last segment of a ledger really ends.
struct SegmentEnd {
    std::uint64_t next_index = 0;
    std::uint64_t bytes = 0;        // the length that holds whole frames only
    std::uint64_t torn_bytes = 0;   // what lies behind and was never acknowledged as durable
    std::uint64_t synced_bytes = 0; // of `bytes`, what is known to have been synced
};
// Fails with file and offset where a frame is broken that had reached the disk: that is damage, not a crash.
Result<SegmentEnd> find_end(const LoadedSegment& segment, const std::string& file);

} // namespace sallyport::ledger
