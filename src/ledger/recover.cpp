#include "ledger/recover.h"

#include "base/limits.h"
#include "ledger/checkpoint_file.h"
#include "ledger/file_operations.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"

namespace sallyport::ledger {

namespace {

class Recovery {
public:
    Recovery(const std::filesystem::path& directory, const std::string& mark) : directory_(directory), mark_(mark) {}

    Result<SetAside> run() {
        if (auto read = read_checkpoint(checkpoint_path(directory_)); read && *read)
            out_.before = std::move((*read)->signed_checkpoint);
        const auto segments = list_segments(directory_);
        if (!segments) return std::unexpected(segments.error());
        bool is_whole = true; // so far
        for (const SegmentFile& file : *segments) {
            if (is_whole && file.first_index == out_.kept) {
                const auto whole = keep_whole_part(file);
                if (!whole) return std::unexpected(whole.error());
                is_whole = *whole;
            } else if (auto moved = put_away(file.path); !moved) {
                return std::unexpected(moved.error());
            }
        }
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
    // False where the segment does not end behind a whole frame: then only what is before is kept in its place.
    Result<bool> keep_whole_part(const SegmentFile& file) {
        const auto segment = load_segment(file);
        if (!segment) {
            if (auto moved = put_away(file.path); !moved) return std::unexpected(moved.error());
            return false;
        }
        FrameReader reader(segment->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
        auto state = reader.next();
        while (state == FrameReader::State::entry) state = reader.next();
        out_.kept = reader.next_index();
        if (state == FrameReader::State::end) return true;
        std::error_code error;
        const auto aside = file.path.string() + "." + mark_;
        std::filesystem::copy_file(file.path, aside, error);
        if (!error) std::filesystem::resize_file(file.path, reader.end_offset(), error);
        if (error) return fail(ErrorKind::io, "cannot set " + file.path.string() + " aside: " + error.message());
        out_.files.emplace_back(aside);
        return false;
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
    const std::string& mark_;
    SetAside out_;
};

} // namespace

Result<SetAside> set_aside(const std::filesystem::path& directory, const std::string& mark) {
    return Recovery(directory, mark).run();
}

} // namespace sallyport::ledger
