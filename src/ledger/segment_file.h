// The writer's end of the ledger on the disk: the open segment, the room reserved behind it, the step to the next segment, and the
// notary, who is told of every entry that was written.
// One thread. Offsets are in the open file.
//
// Room is reserved ahead of what is written (fallocate, which keeps the file's size: the file ends where its frames end, so a
// torn end shows as such), so that a disk that fills up stops new work before it stops what closes old work.
#pragma once

#include "ledger/notary.h"
#include "ledger/segment.h"
#include "ledger/writer.h"

namespace sallyport::ledger {

class SegmentFileWriter {
public:
    static Result<std::unique_ptr<SegmentFileWriter>> open(const WriterOptions& options, Recovery& recovery);
    ~SegmentFileWriter();
    SegmentFileWriter(const SegmentFileWriter&) = delete;
    SegmentFileWriter& operator=(const SegmentFileWriter&) = delete;

    // Writes whole frames from the front of `frames`, the first of which has this index, starting new segments where due.
    // Returns how many bytes were taken: fewer than all where the disk is full, see problem().
    std::size_t write(std::string_view frames, std::uint64_t first_index);
    // fdatasync; a failure ends the process.
    void sync();
    // Asks the disk for the head-room, or for the next segment where that is due; false: full, see problem().
    bool make_room(std::uint64_t next_index);
    bool has_unsigned() const { return notary_->has_unsigned(); }
    std::uint64_t signed_index() const { return notary_->signed_size(); }
    // A checkpoint of all entries, which must be synced; false: full, see problem().
    bool sign();
    // A last mark, and the room behind it given back.
    void finish(std::uint64_t next_index);

    bool unsynced() const { return unsynced_; }
    std::uint64_t synced_index() const { return synced_index_; }
    // Empty where all is well; else why fresh entries cannot be taken.
    const std::string& problem() const { return problem_; }

private:
    SegmentFileWriter(const WriterOptions& options, FileOperations& files) : options_(options), files_(files) {}
    Result<int> begin_segment(std::uint64_t first_index); // under its draft name
    Result<void> make_durable(std::string_view segment, const SegmentEnd& end);
    bool reserve();
    bool next_segment(std::uint64_t first_index);
    bool write_all(std::string_view bytes);
    bool write_mark(std::uint64_t next_index);
    bool blocked(const std::string& what);
    void sync_folder() const;

    const WriterOptions options_;
    FileOperations& files_;
    std::filesystem::path path_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
    std::uint64_t reserved_ = 0; // end of the reserved room
    bool reserves_ = true;       // the file system can
    std::uint64_t written_index_ = 0;
    std::uint64_t synced_index_ = 0;
    std::uint64_t marked_index_ = 0;
    bool unsynced_ = false;
    std::string problem_;
    std::optional<Notary> notary_; // from open() on
};

} // namespace sallyport::ledger
