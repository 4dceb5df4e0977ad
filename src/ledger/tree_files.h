// The ledger's Merkle tree on the disk: DATA/ledger/tree-<level>, the hashes of the perfect subtrees of height 8 * level one after
// the other, 32 bytes each. 256 of them are a tile of C2SP tlog-tiles. Derived: TreeWriter makes them from the entries.
#pragma once

#include "ledger/file_operations.h"
#include "tlog/merkle.h"

#include <array>
#include <filesystem>
#include <string>

namespace sallyport::ledger {

inline constexpr unsigned tree_levels_max = 8; // 2^64 entries
inline constexpr std::size_t hash_bytes = 32;

std::filesystem::path tree_file(const std::filesystem::path& directory, unsigned level);
// How many hashes a level has in a tree of that size.
constexpr std::uint64_t hashes_in_level(std::uint64_t size, unsigned level) { return size >> 8 * level; }

// One thread. Sees what was flushed, also while another process writes.
class TreeReader {
public:
    explicit TreeReader(std::filesystem::path directory) : directory_(std::move(directory)) { files_.fill(-1); }
    ~TreeReader();
    TreeReader(const TreeReader&) = delete;
    TreeReader& operator=(const TreeReader&) = delete;

    // Fails where the files do not reach that far.
    Result<tlog::Digest> subtree(unsigned height, std::uint64_t index);
    tlog::SubtreeHash hashes() {
        return [this](unsigned height, std::uint64_t index) { return subtree(height, index); };
    }
    // `count` hashes of a level from `first` on, as they stand in the file.
    Result<std::string> read(unsigned level, std::uint64_t first, std::uint64_t count);

private:
    std::filesystem::path directory_;
    std::array<int, tree_levels_max> files_; // -1: not opened yet
};

// One thread. Calls return false with errno where the disk does not do it.
class TreeWriter {
public:
    // Goes on behind the first `size` entries, whose hashes must be there; hashes behind them are taken away.
    static Result<TreeWriter> open(const std::filesystem::path& directory, FileOperations& files, std::uint64_t size);
    TreeWriter(TreeWriter&& other) noexcept;
    TreeWriter& operator=(TreeWriter&& other) noexcept;
    ~TreeWriter();

    void add(std::string_view entry); // in memory until flush()
    const tlog::GrowingTree& tree() const { return tree_; }
    bool flush();
    bool sync(); // what was flushed

private:
    explicit TreeWriter(FileOperations& files) : files_(&files) {}
    struct Level {
        int descriptor = -1;
        std::uint64_t bytes = 0; // in the file
        std::string pending;
        bool is_unsynced = false;
    };
    FileOperations* files_;
    std::filesystem::path directory_;
    tlog::GrowingTree tree_;
    std::array<Level, tree_levels_max> levels_;
};

} // namespace sallyport::ledger
