// Files of a folder that were moved elsewhere, to a directory that the operator names: which ones, and where they are now.
//
//   <folder>/offloaded = line*      line = <SHA-256, 64 hex digits> <bytes> <name in the folder> <absolute path now>
//
// Readers look here for what is not in the folder, so that a segment or a pack is found wherever it lies. The list is replaced whole
// and synced before a file goes; a file that is in both places is read from the folder. docs/formats/ledger.md section 6.
#pragma once

#include "ledger/file_copy.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::ledger {

struct OffloadedFile {
    FileContent content;
    std::string name;
    std::filesystem::path path;
    bool operator==(const OffloadedFile&) const = default;
};

std::filesystem::path offloaded_list(const std::filesystem::path& folder);
std::string encode(const std::vector<OffloadedFile>& files);
Result<std::vector<OffloadedFile>> parse_offloaded(std::string_view text, const std::string& file);
// Nothing where there is no list.
Result<std::vector<OffloadedFile>> read_offloaded(const std::filesystem::path& folder);
Result<void> write_offloaded(const std::filesystem::path& folder, const std::vector<OffloadedFile>& files);

// Where the file of the folder is now: itself where it is there, else where the list says; itself where nothing is known of it.
std::filesystem::path where_is(const std::filesystem::path& file);
// The sentence of an error, after a file could not be opened (errno): of one that was moved, where it should be.
std::unexpected<Error> cannot_open(const std::filesystem::path& file);

} // namespace sallyport::ledger
