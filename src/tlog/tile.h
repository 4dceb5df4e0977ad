// Names of the files of a log (C2SP tlog-tiles): "tile/0/x001/234", the last of a level that is not full "tile/0/x001/234.p/17",
// entries "tile/entries/x001/234".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sallyport::tlog {

inline constexpr unsigned tile_height = 8;
inline constexpr std::uint64_t tile_width = 256;

// `width` 256: a full tile; `level` nothing: of entries.
std::string tile_path(std::optional<unsigned> level, std::uint64_t index, std::uint64_t width = tile_width);

} // namespace sallyport::tlog
