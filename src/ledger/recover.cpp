#include "ledger/recover.h"

#include "base/limits.h"
#include "ledger/checkpoint_file.h"
#include "ledger/file_operations.h"
#include "ledger/offloaded.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"
#include "ledger/unsigned_entries.h"

#include <algorithm>

namespace sallyport::ledger {

namespace {

class Recovery {
public:
    Recovery(const std::filesystem::path& directory, const std::string& origin, const std::string& mark)
        : directory_(directory), origin_(origin), mark_(mark) {}

    Result<SetAside> run() {
        if (auto read = read_checkpoint(checkpoint_path(directory_)); read && *read)
            out_.before = std::move((*read)->signed_checkpoint);
        const auto segments = list_segments(directory_);
        if (!segments) return std::unexpected(segments.error());
        for (const SegmentFile& file : *segments)
            if (file.is_offloaded)
                if (auto there = look_at(file.path); !there) return std::unexpected(there.error());
        if (out_.before) {
            const auto foreign = foreign_entry(*segments, out_.before->checkpoint.size);
            if (foreign && *foreign) foreign_ = **foreign;
        }
        bool is_whole = true; // so far
        for (const SegmentFile& file : *segments) {
            if (is_whole && file.first_index == out_.kept) {
                const auto whole = keep_whole_part(file);
                if (!whole) return std::unexpected(whole.error());
                is_whole = *whole;
            } else if (auto moved = put_away(file); !moved) {
                return std::unexpected(moved.error());
            }
        }
        if (auto listed = list_what_is_kept(); !listed) return std::unexpected(listed.error());
        std::vector<std::filesystem::path> derived = {checkpoint_path(directory_), cosigned_path(directory_)};
        for (std::size_t count = 1; count <= limits::witnesses_max; ++count)
            derived.push_back(cosigned_path(directory_, count));
        for (unsigned level = 0; level < tree_levels_max; ++level) derived.push_back(tree_file(directory_, level));
        for (const auto& path : derived)
            if (auto moved = put_away(path); !moved) return std::unexpected(moved.error());
        if (FileOperations::real().sync_folder(directory_) != 0) sync_failed(directory_);
        return std::move(out_);
    }

private:
    // What lies where it cannot be read now is not lost: nothing is set aside before it is known.
    static Result<void> look_at(const std::filesystem::path& path) {
        Buffer head;
        return read_part(path, 0, segment_header_bytes, head);
    }

    // False where the segment does not end behind a whole frame, or goes on with what no gateway wrote: then only what is before is kept
    // in its place.
    Result<bool> keep_whole_part(const SegmentFile& file) {
        const auto segment = load_segment(file);
        if (!segment) {
            if (auto moved = put_away(file); !moved) return std::unexpected(moved.error());
            return false;
        }
        if (segment->header.origin != origin_) {
            if (auto moved = put_away(file); !moved) return std::unexpected(moved.error());
            return false;
        }
        FrameReader reader(segment->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
        std::uint64_t end_offset = segment_header_bytes; // behind the last entry that is kept
        auto state = reader.next();
        for (; state == FrameReader::State::entry && reader.index() < foreign_; state = reader.next()) {
            out_.kept = reader.next_index();
            end_offset = reader.end_offset();
        }
        if (state == FrameReader::State::end) return true;
        if (file.is_offloaded) // where it lies nothing is written over: its whole part comes here
            if (auto here = copy_synced(where_is(file.path), file.path); !here) return std::unexpected(here.error());
        std::error_code error;
        const auto aside = file.path.string() + "." + mark_;
        std::filesystem::copy_file(file.path, aside, error);
        if (!error) std::filesystem::resize_file(file.path, end_offset, error);
        if (error) return fail(ErrorKind::io, "cannot set " + file.path.string() + " aside: " + error.message());
        out_.files.emplace_back(aside);
        return false;
    }

    Result<void> put_away(const SegmentFile& file) {
        if (!file.is_offloaded) return put_away(file.path);
        out_.files.push_back(where_is(file.path)); // stays where it lies
        gone_.push_back(file.path.filename().string());
        return {};
    }

    // The list as it was is set aside as well.
    Result<void> list_what_is_kept() {
        if (gone_.empty()) return {};
        auto list = read_offloaded(directory_);
        if (!list) return std::unexpected(list.error());
        if (auto moved = put_away(offloaded_list(directory_)); !moved) return moved;
        std::erase_if(*list,
                      [&](const OffloadedFile& one) { return std::ranges::find(gone_, one.name) != gone_.end(); });
        return write_offloaded(directory_, *list);
    }

    Result<void> put_away(const std::filesystem::path& path) {
        std::error_code error;
        if (!std::filesystem::exists(path, error)) return {};
        const auto aside = path.string() + "." + mark_;
        std::filesystem::rename(path, aside, error);
        if (error) return fail(ErrorKind::io, "cannot set " + path.string() + " aside: " + error.message());
        out_.files.emplace_back(aside);
        return {};
    }

    const std::filesystem::path& directory_;
    const std::string &origin_, &mark_;
    std::uint64_t foreign_ = UINT64_MAX; // the first entry that no gateway wrote
    std::vector<std::string> gone_;      // offloaded, and no longer of this ledger
    SetAside out_;
};

} // namespace

Result<SetAside> set_aside(const std::filesystem::path& directory, const std::string& origin, const std::string& mark) {
    return Recovery(directory, origin, mark).run();
}

} // namespace sallyport::ledger
