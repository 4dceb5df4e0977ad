// Which files an index of code consists of. A change writes new files and then replaces this one: whoever reads it sees the index
// before the change or after it. Layout: docs/formats/index.md.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

struct Manifest {
    std::uint64_t serial = 0; // goes up by one with each change; new files have it in their names
    std::vector<std::string> segments, lists;

    std::string encode() const;
    static Result<Manifest> parse(std::string_view text, const std::string& name);
    // An index that was never written is an empty one.
    static Result<Manifest> read(const std::filesystem::path& folder);
    Result<void> replace(const std::filesystem::path& folder) const;
};

} // namespace sallyport::content
