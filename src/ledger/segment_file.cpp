#include "ledger/segment_file.h"

#include "base/clock.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace sallyport::ledger {

namespace {
constexpr std::string_view draft_suffix = ".new";

std::uint32_t frame_bytes(std::string_view frames, std::size_t at) {
    std::uint32_t length = 0;
    std::memcpy(&length, frames.data() + at, sizeof length); // little-endian machines only, see the assertion
    return length + static_cast<std::uint32_t>(frame_header_bytes);
}
static_assert(std::endian::native == std::endian::little);
} // namespace

SegmentFileWriter::~SegmentFileWriter() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void SegmentFileWriter::sync_folder() const {
    if (files_.sync_folder(options_.directory) != 0) sync_failed(options_.directory);
}

void SegmentFileWriter::sync() {
    if (!unsynced_) return;
    if (files_.sync(descriptor_) != 0) sync_failed(path_);
    unsynced_ = false;
    synced_index_ = written_index_;
}

bool SegmentFileWriter::blocked(const std::string& what) {
    problem_ = "the ledger cannot be written (" + what + ": " + std::strerror(errno) +
               "); nothing new is let through until there is room on the disk again";
    return false;
}

Result<int> SegmentFileWriter::begin_segment(std::uint64_t first_index) {
    const auto draft = options_.directory / (segment_name(first_index) + std::string(draft_suffix));
    const int descriptor = retried([&] { return files_.create(draft); });
    if (descriptor < 0) return fail_errno("cannot create " + draft.string());
    const std::string header = encode_segment_header({first_index, wall_ms(), options_.origin});
    std::size_t done = 0;
    while (done < header.size()) {
        const auto count = files_.write(descriptor, std::string_view(header).substr(done), done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    const bool reserved =
        done == header.size() &&
        (!reserves_ || retried([&] { return files_.reserve(descriptor, done, options_.headroom_bytes); }) == 0 ||
         errno == EOPNOTSUPP);
    if (!reserved) {
        const int reason = errno;
        ::close(descriptor);
        std::error_code ignored;
        std::filesystem::remove(draft, ignored);
        errno = reason;
        return fail_errno("cannot write " + draft.string());
    }
    if (files_.sync(descriptor) != 0) sync_failed(draft);
    return descriptor;
}

Result<std::unique_ptr<SegmentFileWriter>> SegmentFileWriter::open(const WriterOptions& options, Recovery& recovery) {
    FileOperations& files = options.files != nullptr ? *options.files : FileOperations::real();
    std::unique_ptr<SegmentFileWriter> writer(new SegmentFileWriter(options, files));
    std::error_code error;
    if (!std::filesystem::exists(options.directory, error)) {
        std::filesystem::create_directories(options.directory, error);
        std::filesystem::permissions(options.directory, std::filesystem::perms::owner_all, error);
        if (error) return fail(ErrorKind::io, "cannot create " + options.directory.string() + ": " + error.message());
    }
    const auto segments = list_segments(options.directory);
    if (!segments) return std::unexpected(segments.error());
    for (const auto& item : std::filesystem::directory_iterator(options.directory, error))
        if (item.path().extension() == draft_suffix)
            std::filesystem::remove(item.path(), error); // a start that was cut short

    if (segments->empty()) {
        auto descriptor = writer->begin_segment(0);
        if (!descriptor) return std::unexpected(descriptor.error());
        writer->descriptor_ = *descriptor;
        writer->path_ = options.directory / segment_name(0);
        if (files.rename(writer->path_.string() + std::string(draft_suffix), writer->path_) != 0)
            return fail_errno("cannot name " + writer->path_.string());
        writer->sync_folder();
        writer->size_ = segment_header_bytes;
    } else {
        const SegmentFile& last = segments->back();
        const auto segment = load_segment(last);
        if (!segment) return std::unexpected(segment.error());
        if (segment->header.origin != options.origin)
            return fail(ErrorKind::refused, last.path.string() + " belongs to the ledger of '" +
                                                segment->header.origin + "', not to this installation ('" +
                                                options.origin + "')");
        const auto end = find_end(*segment, last.path.string());
        if (!end) return std::unexpected(end.error());
        writer->path_ = last.path;
        writer->descriptor_ = retried([&] { return files.open(last.path); });
        if (writer->descriptor_ < 0) return fail_errno("cannot open " + last.path.string());
        if (end->torn_bytes != 0 && retried([&] { return files.truncate(writer->descriptor_, end->bytes); }) != 0)
            return fail_errno("cannot cut the torn end off " + last.path.string());
        if (auto kept = writer->make_durable(segment->bytes.view(), *end); !kept) return std::unexpected(kept.error());
        writer->size_ = end->bytes;
        writer->written_index_ = writer->synced_index_ = end->next_index;
        recovery = {end->next_index, end->torn_bytes, end->torn_bytes != 0 ? last.path.string() : std::string()};
    }
    writer->reserved_ = writer->size_;
    writer->reserve();
    const auto all = list_segments(options.directory);
    if (!all) return std::unexpected(all.error());
    auto notary = Notary::open(options, files, *all, writer->written_index_);
    if (!notary) return std::unexpected(notary.error());
    writer->notary_.emplace(std::move(*notary));
    return writer;
}

// What a process that ended had written becomes durable, before anything is added. From the last mark on it is written once more: where a
// sync failed, the kernel may show as clean what never reached the disk, and another sync alone would say "done" (see sync_failed).
Result<void> SegmentFileWriter::make_durable(std::string_view segment, const SegmentEnd& end) {
    size_ = end.synced_bytes;
    if (!write_all(segment.substr(end.synced_bytes, end.bytes - end.synced_bytes)))
        return fail_errno("cannot write the end of " + path_.string() + " once more");
    if (files_.sync(descriptor_) != 0) return fail_errno("cannot sync " + path_.string());
    // That process may have given the segment its name and ended before the folder was synced.
    if (files_.sync_folder(options_.directory) != 0) return fail_errno("cannot sync " + options_.directory.string());
    unsynced_ = false;
    return {};
}

bool SegmentFileWriter::reserve() {
    if (!reserves_ || reserved_ >= size_ + options_.headroom_bytes) {
        problem_.clear();
        return true;
    }
    // In steps of the head-room, so that one call serves many groups.
    const std::uint64_t wanted = size_ + 2 * options_.headroom_bytes;
    const std::uint64_t from = std::max(reserved_, size_);
    if (retried([&] { return files_.reserve(descriptor_, from, wanted - from); }) != 0) {
        if (errno != EOPNOTSUPP) return blocked("no room to reserve behind " + path_.string());
        reserves_ = false;
    }
    reserved_ = wanted;
    problem_.clear();
    return true;
}

bool SegmentFileWriter::write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = files_.write(descriptor_, bytes, size_);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            if (count == 0) errno = ENOSPC;
            return blocked("writing " + path_.string());
        }
        size_ += static_cast<std::uint64_t>(count);
        unsynced_ = true;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool SegmentFileWriter::write_mark(std::uint64_t next_index) {
    if (marked_index_ == synced_index_) return true;
    const std::uint64_t before = size_;
    if (!write_all(encode_mark(next_index, synced_index_))) {
        size_ = before; // half a mark is written over
        return false;
    }
    marked_index_ = synced_index_;
    return true;
}

bool SegmentFileWriter::sign() { return notary_->sign() || blocked("signing a checkpoint"); }

bool SegmentFileWriter::next_segment(std::uint64_t first_index) {
    if (!notary_->keep_tree()) return blocked("writing the tree of the ledger");
    const auto descriptor = begin_segment(first_index);
    if (!descriptor) return blocked("beginning a new segment in " + options_.directory.string());
    finish(first_index);
    const auto path = options_.directory / segment_name(first_index);
    if (files_.rename(path.string() + std::string(draft_suffix), path) != 0) {
        ::close(*descriptor);
        return blocked("naming " + path.string());
    }
    sync_folder();
    ::close(descriptor_);
    descriptor_ = *descriptor;
    path_ = path;
    size_ = segment_header_bytes;
    reserved_ = size_ + options_.headroom_bytes;
    return true;
}

void SegmentFileWriter::finish(std::uint64_t next_index) {
    sync();
    if (write_mark(next_index)) sync();
    if (retried([&] { return files_.truncate(descriptor_, size_); }) == 0) reserved_ = size_;
}

bool SegmentFileWriter::make_room(std::uint64_t next_index) {
    const bool due = size_ >= options_.segment_bytes_max;
    return (!due || next_segment(next_index)) && reserve();
}

std::size_t SegmentFileWriter::write(std::string_view frames, std::uint64_t first_index) {
    std::size_t taken = 0;
    std::uint64_t index = first_index;
    while (taken < frames.size()) {
        // Without room the write below is tried all the same: it goes into what was reserved before.
        make_room(index);
        std::size_t end = taken;
        while (end < frames.size() && (end == taken || size_ + (end - taken) < options_.segment_bytes_max))
            end += frame_bytes(frames, end);
        if (!write_mark(index)) return taken;
        const std::uint64_t begin = size_;
        const bool all = write_all(frames.substr(taken, end - taken));
        // Of a write that broke off, whole frames count; the rest is written over later.
        const std::size_t limit = taken + (size_ - begin);
        while (taken < limit && taken + frame_bytes(frames, taken) <= limit) {
            const std::uint32_t bytes = frame_bytes(frames, taken);
            notary_->add(frames.substr(taken + frame_header_bytes, bytes - frame_header_bytes));
            taken += bytes;
            ++index;
        }
        size_ -= limit - taken;
        written_index_ = index;
        if (!all) return taken;
    }
    return taken;
}

} // namespace sallyport::ledger
