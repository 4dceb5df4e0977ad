#include "ledger/tree_files.h"

#include "base/plain_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sallyport::ledger {

std::filesystem::path tree_file(const std::filesystem::path& directory, unsigned level) {
    return directory / ("tree-" + std::to_string(level));
}

TreeReader::~TreeReader() {
    for (const int file : files_)
        if (file >= 0) ::close(file);
}

Result<std::string> TreeReader::read(unsigned level, std::uint64_t first, std::uint64_t count) {
    const auto path = tree_file(directory_, level);
    if (files_[level] < 0) {
        const auto opened = open_plain_file(path);
        if (!opened) return std::unexpected(opened.error());
        files_[level] = *opened;
    }
    std::string out(count * hash_bytes, '\0');
    for (std::size_t done = 0; done < out.size();) {
        const ssize_t got =
            ::pread(files_[level], out.data() + done, out.size() - done, static_cast<off_t>(first * hash_bytes + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("cannot read " + path.string());
        if (got == 0)
            return fail(ErrorKind::invalid, path.string() + " ends before hash " + std::to_string(first + count - 1));
        done += static_cast<std::size_t>(got);
    }
    return out;
}

Result<tlog::Digest> TreeReader::subtree(unsigned height, std::uint64_t index) {
    const unsigned level = height / 8;
    const std::uint64_t width = 1ULL << height % 8;
    const auto bytes = read(level, index * width, width);
    if (!bytes) return std::unexpected(bytes.error());
    std::vector<tlog::Digest> hashes(width);
    std::memcpy(hashes.data(), bytes->data(), bytes->size());
    for (std::size_t left = width / 2; left > 0; left /= 2)
        for (std::size_t i = 0; i < left; ++i) hashes[i] = tlog::node_hash(hashes[2 * i], hashes[2 * i + 1]);
    return hashes.front();
}

Result<TreeWriter> TreeWriter::open(const std::filesystem::path& directory, FileOperations& files, std::uint64_t size) {
    TreeReader reader(directory);
    auto tree = tlog::GrowingTree::of(size, reader.hashes());
    if (!tree) return std::unexpected(tree.error());
    TreeWriter writer(files);
    writer.directory_ = directory;
    writer.tree_ = *tree;
    for (unsigned number = 0; number < tree_levels_max; ++number) {
        Level& level = writer.levels_[number];
        level.bytes = hashes_in_level(size, number) * hash_bytes;
        const auto path = tree_file(directory, number);
        std::error_code error;
        const auto there = std::filesystem::file_size(path, error);
        if (error && level.bytes == 0) continue; // is made when it is needed
        if (error || there < level.bytes)
            return fail(ErrorKind::invalid, path.string() + " is shorter than the tree of the entries before");
        level.descriptor = retried([&] { return files.open(path); });
        if (level.descriptor < 0) return fail_errno("cannot open " + path.string());
        if (there > level.bytes && retried([&] { return files.truncate(level.descriptor, level.bytes); }) != 0)
            return fail_errno("cannot cut " + path.string());
    }
    return writer;
}

TreeWriter::TreeWriter(TreeWriter&& other) noexcept
    : files_(other.files_), directory_(std::move(other.directory_)), tree_(other.tree_),
      levels_(std::exchange(other.levels_, {})) {}

TreeWriter& TreeWriter::operator=(TreeWriter&& other) noexcept {
    std::swap(files_, other.files_);
    std::swap(directory_, other.directory_);
    std::swap(tree_, other.tree_);
    std::swap(levels_, other.levels_);
    return *this;
}

TreeWriter::~TreeWriter() {
    for (const Level& level : levels_)
        if (level.descriptor >= 0) ::close(level.descriptor);
}

void TreeWriter::add(std::string_view entry) {
    tree_.add(tlog::leaf_hash(entry), [this](unsigned height, std::uint64_t, const tlog::Digest& hash) {
        if (height % 8 == 0) levels_[height / 8].pending.append(hash.data(), hash.size());
    });
}

bool TreeWriter::flush() {
    for (unsigned number = 0; number < tree_levels_max; ++number) {
        Level& level = levels_[number];
        if (level.pending.empty()) continue;
        if (level.descriptor < 0)
            level.descriptor = retried([&] { return files_->create(tree_file(directory_, number)); });
        if (level.descriptor < 0) return false;
        std::size_t done = 0;
        while (done < level.pending.size()) {
            const auto count =
                files_->write(level.descriptor, std::string_view(level.pending).substr(done), level.bytes);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) {
                if (count == 0) errno = ENOSPC;
                break;
            }
            done += static_cast<std::size_t>(count);
            level.bytes += static_cast<std::uint64_t>(count);
            level.is_unsynced = true;
        }
        const bool is_whole = done == level.pending.size();
        level.pending.erase(0, done);
        if (!is_whole) return false;
    }
    return true;
}

bool TreeWriter::sync() {
    for (Level& level : levels_) {
        if (!level.is_unsynced) continue;
        if (files_->sync(level.descriptor) != 0) return false;
        level.is_unsynced = false;
    }
    return true;
}

} // namespace sallyport::ledger
