// Which files a ledger's folder holds, by their names (docs/formats/ledger.md, section 1): what a verification has to look at, and what
// is somebody else's.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::ledger {

enum class LedgerFile : std::uint8_t {
    segment,
    odd_segment, // ends like one, and no segment has that name: no reader looks at it
    tree,
    own,   // any other one that a ledger has: checkpoints, lists, drafts, what was set aside
    other, // of somebody else
};
LedgerFile kind_of(std::string_view name);

struct FoundFile {
    std::string name;
    LedgerFile kind = LedgerFile::other;
    bool is_plain = false; // or a link to a plain file
};
// By name.
Result<std::vector<FoundFile>> list_files(const std::filesystem::path& directory);

} // namespace sallyport::ledger
