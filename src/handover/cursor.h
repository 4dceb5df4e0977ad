// How far a destination got: DATA/handover/NAME, replaced whole and synced. docs/handover.md.
//
//   {"from":1190,"next":1207,"origin":"k3f9x2ab","v":1}
//
// All entries below `next` were handed over, but for exchanges that were open then; the intent of the first of those is at `from`.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace sallyport::handover {

struct Cursor {
    std::string origin;     // of the ledger
    std::uint64_t next = 0; // index of the first entry that was not handed over
    std::uint64_t from = 0; // at most `next`
    bool operator==(const Cursor&) const = default;
};

std::string cursor_text(const Cursor& cursor);
Result<Cursor> parse_cursor(std::string_view text, const std::string& file);

// Nothing where the file is not there.
Result<std::optional<Cursor>> read_cursor(const std::filesystem::path& file);
Result<void> write_cursor(const std::filesystem::path& file, const Cursor& cursor);

} // namespace sallyport::handover
