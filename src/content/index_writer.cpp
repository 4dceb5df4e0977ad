#include "content/index_writer.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/checksum.h"
#include "crypto/crypto.h"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sallyport::content {

namespace fs = std::filesystem;

Result<std::unique_ptr<IndexWriter>> IndexWriter::open(fs::path folder) {
    std::error_code code;
    fs::create_directories(folder, code);
    const auto file = folder / "LOCK";
    const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) return fail_errno("cannot open " + file.string());
    std::unique_ptr<IndexWriter> writer(new IndexWriter(std::move(folder), lock));
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorKind::unavailable,
                    "another process is writing the index " + file.parent_path().string() + ": try again later");
    if (auto loaded = writer->load(); !loaded) return std::unexpected(loaded.error());
    return writer;
}

IndexWriter::~IndexWriter() {
    std::error_code ignored;
    for (const std::string& name : sealed_) fs::remove(folder_ / name, ignored);
    ::close(lock_);
}

Result<void> IndexWriter::load() {
    auto manifest = Manifest::read(folder_);
    if (!manifest) return std::unexpected(manifest.error());
    manifest_ = std::move(*manifest);
    for (const std::string& name : manifest_.segments) {
        auto segment = Segment::open(folder_ / name);
        if (!segment) return std::unexpected(segment.error());
        segments_.push_back(std::move(*segment));
    }
    for (const std::string& name : manifest_.lists) {
        auto bytes = read_file(folder_ / name, limits::index_list_bytes_max);
        if (!bytes) return std::unexpected(bytes.error());
        const auto list = RepositoryList::parse(std::move(*bytes), (folder_ / name).string());
        if (!list) return std::unexpected(list.error());
        list_files_[std::string(list->repository())] = name;
    }
    return {};
}

Result<void> IndexWriter::begin(std::string_view repository, unsigned window) {
    if (repository.empty() || repository.size() > limits::index_path_bytes_max)
        return fail(ErrorKind::invalid, "a repository in the index needs a name of at most " +
                                            std::to_string(limits::index_path_bytes_max) + " bytes");
    if (window != window_narrow && window != window_wide)
        return fail(ErrorKind::internal, fmt::format("no window of {} is known", window));
    current_ = begun_.insert_or_assign(std::string(repository), Begun{window, false, {}}).first;
    return {};
}

void IndexWriter::remove(std::string_view repository) {
    begun_.insert_or_assign(std::string(repository), Begun{window_wide, true, {}});
    current_ = begun_.end();
}

bool IndexWriter::knows(const DocumentId& id) const {
    const unsigned window = current_ == begun_.end() ? window_wide : current_->second.window;
    if (const auto added = added_.find(id); added != added_.end() && added->second <= window) return true;
    return std::ranges::any_of(segments_, [&](const auto& segment) {
        const auto found = segment->find_document(id);
        return found && segment->document(*found).window <= window;
    });
}

Result<void> IndexWriter::add_known(const DocumentId& id, std::string_view path) {
    if (current_ == begun_.end()) return fail(ErrorKind::internal, "a document was added to no repository");
    if (path.size() > limits::index_path_bytes_max)
        return fail(ErrorKind::too_large, "a path is longer than " + std::to_string(limits::index_path_bytes_max) +
                                              " bytes: leave it out of the index");
    current_->second.places.push_back({id, std::string(path)});
    return {};
}

Result<void> IndexWriter::add(const DocumentId& id, std::string_view path, std::string_view text) {
    if (auto listed = add_known(id, path); !listed) return listed;
    if (knows(id)) return {};
    if (text.size() > limits::index_document_bytes_max) {
        current_->second.places.pop_back();
        return fail(ErrorKind::too_large, fmt::format("{} has more than {} bytes: leave it out of the index", path,
                                                      limits::index_document_bytes_max));
    }
    normalise_document(text, document_);
    const std::string file = current_->first + "\n" + std::string(path);
    const auto lineage = static_cast<std::uint32_t>(crypto::checksum(file));
    return add_document(id, lineage, current_->second.window, document_.text, document_.lines);
}

Result<void> IndexWriter::add_document(const DocumentId& id, std::uint32_t lineage, unsigned window,
                                       std::string_view normalised, std::span<const std::uint32_t> lines) {
    if (writer_ && writer_->is_full())
        if (auto sealed = seal(); !sealed) return sealed;
    if (!writer_) {
        const std::string name = fmt::format("{:08}-{}.seg", manifest_.serial + 1, sealed_.size());
        auto writer = SegmentWriter::create(folder_ / name);
        if (!writer) return std::unexpected(writer.error());
        writer_ = std::move(*writer);
    }
    added_[id] = window;
    return writer_->add(id, lineage, window, normalised, lines);
}

Result<void> IndexWriter::seal() {
    if (!writer_) return {};
    const std::string name = fmt::format("{:08}-{}.seg", manifest_.serial + 1, sealed_.size());
    if (auto finished = writer_->finish(); !finished) return finished;
    writer_.reset();
    sealed_.push_back(name);
    return {};
}

Result<void> IndexWriter::write_lists(Manifest& next) {
    for (auto& [repository, begun] : begun_) {
        const auto old = list_files_.find(repository);
        if (old != list_files_.end()) std::erase(next.lists, old->second);
        if (begun.removed) continue;
        const auto digest = crypto::sha256(repository);
        const std::string name = fmt::format("{}-{:08}.list", to_hex(crypto::bytes(digest).substr(0, 12)), next.serial);
        const std::string bytes = encode_list(repository, begun.window, begun.places);
        if (bytes.size() > limits::index_list_bytes_max)
            return fail(ErrorKind::too_large, "the repository " + repository + " has too many files for the index");
        if (auto written = replace_file(folder_ / name, bytes, 0600); !written) return written;
        next.lists.push_back(name);
    }
    return {};
}

// What the old manifest named and the new one does not is deleted: who has it open keeps it.
Result<void> IndexWriter::replace_manifest(Manifest next) {
    if (auto replaced = next.replace(folder_); !replaced) return replaced;
    std::error_code ignored;
    for (const auto& [before, after] :
         {std::pair{&manifest_.segments, &next.segments}, std::pair{&manifest_.lists, &next.lists}})
        for (const std::string& name : *before)
            if (std::ranges::find(*after, name) == after->end()) fs::remove(folder_ / name, ignored);
    sealed_.clear();
    added_.clear();
    begun_.clear();
    current_ = begun_.end();
    segments_.clear();
    list_files_.clear();
    return load();
}

Result<void> IndexWriter::commit() {
    if (auto sealed = seal(); !sealed) return sealed;
    Manifest next = manifest_;
    ++next.serial;
    next.segments.insert(next.segments.end(), sealed_.begin(), sealed_.end());
    if (auto written = write_lists(next); !written) return written;
    return replace_manifest(std::move(next));
}

Result<void> IndexWriter::copy_live(const Segment& segment, const std::map<DocumentId, unsigned>& live) {
    std::string block;
    std::vector<std::uint32_t> lines;
    std::uint32_t block_read = UINT32_MAX;
    for (std::uint32_t at = 0; at < segment.documents(); ++at) {
        const auto& document = segment.document(at);
        const auto found = live.find(document.id);
        if (found == live.end() || found->second != document.window || added_.contains(document.id)) continue;
        if (document.block != block_read)
            if (auto read = segment.read_block(document.block, block); !read) return read;
        block_read = document.block;
        segment.lines_in(block, at, lines);
        const std::string_view text = segment.text_in(block, at);
        if (auto added = add_document(document.id, document.lineage, document.window, text, lines); !added)
            return added;
    }
    return {};
}

Result<bool> IndexWriter::merge(bool all) {
    if (!begun_.empty() || !sealed_.empty() || writer_)
        return fail(ErrorKind::internal, "an index cannot be merged in the middle of a change");
    // What is larger than the others together stays as it is.
    std::uint64_t total = 0;
    for (const auto& segment : segments_) total += segment->entries();
    const auto stays = [&](const Segment& segment) { return !all && segment.entries() > total / 2; };
    if (!all && segments_.size() <= limits::index_segments_max) return false;
    std::map<DocumentId, unsigned> live; // with the narrowest window that there is
    for (const auto& [repository, file] : list_files_) {
        auto bytes = read_file(folder_ / file, limits::index_list_bytes_max);
        if (!bytes) return std::unexpected(bytes.error());
        const auto list = RepositoryList::parse(std::move(*bytes), file);
        if (!list) return std::unexpected(list.error());
        for (std::size_t i = 0; i < list->size(); ++i) live[list->id(i)] = UINT32_MAX;
    }
    for (const auto& segment : segments_)
        for (std::uint32_t at = 0; at < segment->documents(); ++at)
            if (const auto found = live.find(segment->document(at).id); found != live.end())
                found->second = std::min(found->second, segment->document(at).window);
    Manifest next = manifest_;
    ++next.serial;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (stays(*segments_[i])) continue;
        if (auto copied = copy_live(*segments_[i], live); !copied) return std::unexpected(copied.error());
        std::erase(next.segments, manifest_.segments[i]);
    }
    if (auto sealed = seal(); !sealed) return std::unexpected(sealed.error());
    next.segments.insert(next.segments.end(), sealed_.begin(), sealed_.end());
    if (auto replaced = replace_manifest(std::move(next)); !replaced) return std::unexpected(replaced.error());
    return true;
}

} // namespace sallyport::content
