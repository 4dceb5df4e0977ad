#include "ledger/export_log.h"

#include "base/file.h"
#include "ledger/checkpoint_file.h"
#include "ledger/log_folder.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"
#include "tlog/tile_walk.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::ledger {

namespace {

namespace fs = std::filesystem;
using tlog::Digest;
using tlog::Hashes;
using tlog::TilePlace;

constexpr std::string_view ask_verify = "; `sallyport ledger verify` tells what is wrong";

// The entries of a ledger one after the other, a segment in memory.
class Entries {
public:
    explicit Entries(std::vector<SegmentFile> segments) : segments_(std::move(segments)) {}
    // Valid until the next call.
    Result<std::string_view> next(std::uint64_t index);

private:
    std::vector<SegmentFile> segments_;
    std::size_t next_segment_ = 0;
    std::optional<LoadedSegment> segment_;
    std::optional<FrameReader> reader_;
};

Result<std::string_view> Entries::next(std::uint64_t index) {
    while (true) {
        if (reader_ && reader_->next() == FrameReader::State::entry && reader_->index() == index)
            return reader_->entry();
        if (next_segment_ == segments_.size() || segments_[next_segment_].first_index != index)
            return fail(ErrorKind::invalid,
                        "entry " + std::to_string(index) + " is missing or damaged" + std::string(ask_verify));
        const SegmentFile& file = segments_[next_segment_++];
        auto loaded = load_segment(file);
        if (!loaded) return std::unexpected(loaded.error());
        segment_ = std::move(*loaded);
        reader_.emplace(segment_->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
    }
}

class Export {
public:
    Export(const ExportOptions& options, const LogFolder& folder, bool is_ours, Exported& out, Entries entries)
        : options_(options), folder_(folder), is_ours_(is_ours), tree_(options.directory), entries_(std::move(entries)),
          out_(out) {}
    // Tiles and entries, on the disk when it returns.
    Result<void> run();
    // Tiles that are full now make those of fewer hashes needless (tlog-tiles, "Partial Tiles"). After the checkpoint.
    void remove_partial() const;

private:
    Result<void> write(const std::string& file, std::string_view content);
    Result<void> write_entries(const TilePlace& place, std::span<const Digest> hashes);

    const ExportOptions& options_;
    const LogFolder& folder_;
    bool is_ours_; // the checkpoint in the folder is of this log
    TreeReader tree_;
    Entries entries_;
    Exported& out_;
    std::vector<fs::path> partial_; // folders
};

// Readers see a file whole or not at all. It has reached the disk after syncfs().
Result<void> Export::write(const std::string& file, std::string_view content) {
    auto there = folder_.read(file, content.size());
    const bool is_there = !there || *there;
    if (there && *there && **there == content) {
        ++out_.files_kept;
        return {};
    }
    const fs::path path = options_.target / file;
    if (is_there && !is_ours_)
        return fail(ErrorKind::refused, path.string() + " is not of this ledger; export to an empty folder");
    for (std::size_t slash = file.find('/'); slash != std::string::npos; slash = file.find('/', slash + 1))
        if (::mkdirat(folder_.descriptor(), file.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST)
            return fail_errno("cannot make the folder of " + path.string());
    const std::string draft = (fs::path(file).parent_path() / ".sallyport-draft").string();
    ::unlinkat(folder_.descriptor(), draft.c_str(), 0);
    const int descriptor =
        ::openat(folder_.descriptor(), draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return fail_errno("cannot create " + (options_.target / draft).string());
    while (!content.empty()) {
        const ssize_t count = ::write(descriptor, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) break;
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    Result<void> out;
    if (!content.empty() || ::renameat(folder_.descriptor(), draft.c_str(), folder_.descriptor(), file.c_str()) != 0) {
        out = fail_errno("cannot write " + path.string());
        ::unlinkat(folder_.descriptor(), draft.c_str(), 0);
    }
    ::close(descriptor);
    if (!out) return out;
    ++out_.files_written;
    if (is_there) ++out_.files_mended;
    if (!file.contains(".p/") && folder_.has(file + ".p")) partial_.emplace_back(path.string() + ".p");
    return {};
}

Result<void> Export::write_entries(const TilePlace& place, std::span<const Digest> hashes) {
    std::string bundle;
    for (std::uint64_t i = 0; i < place.width; ++i) {
        const std::uint64_t index = place.first() + i;
        const auto entry = entries_.next(index);
        if (!entry) return std::unexpected(entry.error());
        if (tlog::leaf_hash(*entry) != hashes[i])
            return fail(ErrorKind::refused,
                        "entry " + std::to_string(index) + " is not what was signed" + std::string(ask_verify));
        tlog::append_entry(bundle, *entry);
    }
    if (options_.progress) options_.progress(place.end());
    return write(place.entries_path(), bundle);
}

Result<void> Export::run() {
    const tlog::TileWalk calls{
        .tile = [this](const TilePlace& place) -> Result<Hashes> {
            const auto bytes = tree_.read(place.level, place.index * tlog::tile_width, place.width);
            if (!bytes) return std::unexpected(bytes.error());
            return tlog::read_tile(*bytes, place.width);
        },
        .leaves = {},
        .fits = [this](const TilePlace& place, std::span<const Digest> hashes) -> Result<void> {
            if (auto written = write(place.path(), tlog::encode(hashes)); !written || place.level != 0) return written;
            return write_entries(place, hashes);
        },
        .damaged = [this](const TilePlace& place, const std::string& why, bool) -> Result<void> {
            return fail(ErrorKind::invalid, tree_file(options_.directory, place.level).string() +
                                                " is damaged at hash " +
                                                std::to_string(place.index * tlog::tile_width) + " to " +
                                                std::to_string(place.index * tlog::tile_width + place.width - 1) +
                                                " (" + why + ")" + std::string(ask_verify));
        },
    };
    const auto fits = tlog::walk_tiles(out_.checkpoint, calls);
    if (!fits) return std::unexpected(fits.error());
    if (!*fits)
        return fail(ErrorKind::refused, "the tree's files in " + options_.directory.string() +
                                            " are not what was signed" + std::string(ask_verify));
    if (::syncfs(folder_.descriptor()) != 0) return fail_errno("cannot sync " + options_.target.string());
    return {};
}

void Export::remove_partial() const {
    std::error_code ignored;
    for (const fs::path& folder : partial_)
        for (std::uint64_t width = 1; width <= tlog::tile_width; ++width)
            fs::remove(width < tlog::tile_width ? folder / std::to_string(width) : folder, ignored);
}

// Is the log in the folder the beginning of this ledger? `false`: none is in it yet.
Result<bool> look_at_target(const ExportOptions& options, const LogFolder& folder, const tlog::Checkpoint& now) {
    const auto text = folder.read("checkpoint", crypto::note_bytes_max);
    const std::string path = (options.target / "checkpoint").string();
    if (!text) return fail(ErrorKind::refused, path + " " + text.error().message);
    if (!*text) {
        std::error_code error;
        for (const auto& one : fs::directory_iterator(options.target, error)) {
            // What an export that was cut short leaves.
            const std::string name = one.path().filename().string();
            if (name != "tile" && !name.ends_with(".sallyport-draft"))
                return fail(ErrorKind::refused,
                            options.target.string() + " holds '" + name + "' and no log; export to an empty folder");
        }
        if (error) return fail(ErrorKind::io, "cannot list " + options.target.string() + ": " + error.message());
        return false;
    }
    const auto read = tlog::parse_signed_checkpoint(**text);
    if (!read)
        return fail(ErrorKind::refused, path + " is no checkpoint of this ledger (" + read.error().message +
                                            "); export to an empty folder");
    const tlog::Checkpoint& then = read->checkpoint;
    if (then.origin != now.origin)
        return fail(ErrorKind::refused, options.target.string() + " holds the log " + then.origin + ", not " +
                                            now.origin + "; export to another folder");
    TreeReader tree(options.directory);
    const auto root = then.size <= now.size ? tlog::root_of(then.size, tree.hashes()) : Result<Digest>(Digest{});
    if (!root) return std::unexpected(root.error());
    if (then.size > now.size || *root != then.root)
        return fail(ErrorKind::refused, options.target.string() + " holds the log at " + std::to_string(then.size) +
                                            " entries, and this ledger, of " + std::to_string(now.size) +
                                            ", does not go on from it: it was rolled back or written anew" +
                                            std::string(ask_verify) + ", with --seen " + path);
    return true;
}

} // namespace

Result<Exported> export_log(const ExportOptions& options) {
    const auto stored = read_checkpoint(checkpoint_path(options.directory));
    if (!stored) return std::unexpected(stored.error());
    if (!*stored)
        return fail(ErrorKind::unavailable,
                    "the ledger in " + options.directory.string() + " has no checkpoint yet; start the gateway once");
    const tlog::SignedCheckpoint& now = (*stored)->signed_checkpoint;
    if (auto is_signed = tlog::check_signatures(now, options.keys); !is_signed)
        return std::unexpected(is_signed.error());
    if (::mkdir(options.target.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno("cannot make the folder " + options.target.string());
    const auto folder = LogFolder::open(options.target);
    if (!folder) return std::unexpected(folder.error());
    if (::flock(folder->descriptor(), LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorKind::unavailable, "another export is writing to " + options.target.string());
    const auto is_ours = look_at_target(options, *folder, now.checkpoint);
    if (!is_ours) return std::unexpected(is_ours.error());
    auto segments = list_segments(options.directory);
    if (!segments) return std::unexpected(segments.error());
    Exported out{.checkpoint = now.checkpoint};
    Export one(options, *folder, *is_ours, out, Entries(std::move(*segments)));
    if (auto done = one.run(); !done) return std::unexpected(done.error());
    if (auto done = replace_file(options.target / "checkpoint", crypto::encode(now.note), 0600); !done)
        return std::unexpected(done.error());
    one.remove_partial();
    return out;
}

} // namespace sallyport::ledger
