// Of which pieces a body is: runs of bytes in chunks, one after the other.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::bodies {

struct Run {
    std::uint64_t chunk = 0;
    std::uint32_t offset = 0; // in its content
    std::uint32_t length = 0;
    bool operator==(const Run&) const = default;
};

// Appends; goes on in the last run where the new one follows it.
void add_run(std::vector<Run>& runs, const Run& run);

// LEB128 numbers: count, then for each run `own` - chunk, offset, length. Chunks are not newer than `own`.
void encode(std::span<const Run> runs, std::uint64_t own, std::string& out);
// The whole text.
Result<std::vector<Run>> decode_manifest(std::string_view text, std::uint64_t own);

// Unsigned LEB128, at most 10 bytes.
void put_number(std::string& out, std::uint64_t value);
bool take_number(std::string_view& text, std::uint64_t& value);

} // namespace sallyport::bodies
