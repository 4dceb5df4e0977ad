#include "bodies/pack_writer.h"

#include "base/clock.h"
#include "bodies/pack.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace sallyport::bodies {

namespace {
constexpr std::string_view draft_suffix = ".new";
// Of numbers that were given and did not reach the disk before a crash there are fewer than this.
constexpr std::uint64_t skipped_numbers = 1u << 10;
} // namespace

Result<std::unique_ptr<PackWriter>> PackWriter::open(const WriterOptions& options) {
    ledger::FileOperations& files = options.files != nullptr ? *options.files : ledger::FileOperations::real();
    std::unique_ptr<PackWriter> writer(new PackWriter(options, files));
    std::error_code error;
    std::filesystem::create_directories(options.directory, error);
    std::filesystem::permissions(options.directory, std::filesystem::perms::owner_all, error);
    if (error) return fail(ErrorKind::io, "cannot create " + options.directory.string() + ": " + error.message());
    const auto packs = list_packs(options.directory);
    if (!packs) return std::unexpected(packs.error());
    for (const auto& item : std::filesystem::directory_iterator(options.directory, error))
        if (item.path().extension() == draft_suffix) std::filesystem::remove(item.path(), error);
    writer->first_ = 1;
    if (!packs->empty()) {
        std::uint64_t end = 0;
        const PackFile& last = packs->back();
        const auto places = read_places(last.path, end);
        if (!places && !last.is_offloaded) return std::unexpected(places.error());
        // Where it was offloaded to is perhaps not mounted: no pack holds so many.
        if (!places) end = last.first + limits::pack_bytes_max / chunk_header_bytes;
        writer->first_ = std::max(end, last.first) + skipped_numbers;
    }
    // A start whose first pack never reached the disk gave numbers too, which entries may hold: the time tells the starts apart. In
    // microseconds, so that no start comes up to the next one (and exact in JSON, 2^53).
    writer->first_ = std::max(writer->first_, static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ms(), 1)) * 1'000);
    return writer;
}

PackWriter::~PackWriter() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool PackWriter::blocked(const std::string& what) {
    problem_ = "bodies cannot be kept (" + what + ": " + std::strerror(errno) +
               "); nothing new is let through until there is room on the disk again";
    return false;
}

bool PackWriter::write_all(int descriptor, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const auto count = files_.write(descriptor, bytes, offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            if (count == 0) errno = ENOSPC;
            return false;
        }
        offset += static_cast<std::uint64_t>(count);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool PackWriter::begin_pack(std::uint64_t first) {
    const auto path = options_.directory / pack_name(first);
    const std::string draft = path.string() + std::string(draft_suffix);
    const int descriptor = ledger::retried([&] { return files_.create(draft); });
    if (descriptor < 0) return blocked("creating " + draft);
    if (!write_all(descriptor, encode_pack_header({first, wall_ms(), options_.origin}), 0)) {
        ::close(descriptor);
        return blocked("writing " + draft);
    }
    if (files_.sync(descriptor) != 0) ledger::sync_failed(draft);
    if (files_.rename(draft, path) != 0) {
        ::close(descriptor);
        return blocked("naming " + path.string());
    }
    if (files_.sync_folder(options_.directory) != 0) ledger::sync_failed(options_.directory);
    sync(); // the one before
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = descriptor;
    path_ = path;
    open_pack_ = first;
    size_ = pack_header_bytes;
    return true;
}

bool PackWriter::write(std::string_view frames, std::uint64_t number) {
    if ((descriptor_ < 0 || size_ >= options_.pack_bytes_max) && !begin_pack(number)) return false;
    // What broke off is written over by the next try.
    if (!write_all(descriptor_, frames, size_)) return blocked("writing " + path_.string());
    size_ += frames.size();
    unsynced_ = true;
    problem_.clear();
    return true;
}

void PackWriter::sync() {
    if (!unsynced_) return;
    if (files_.sync(descriptor_) != 0) ledger::sync_failed(path_);
    unsynced_ = false;
}

} // namespace sallyport::bodies
