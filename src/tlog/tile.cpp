#include "tlog/tile.h"

namespace sallyport::tlog {

std::string tile_path(std::optional<unsigned> level, std::uint64_t index, std::uint64_t width) {
    std::string number;
    for (bool is_last = true; is_last || index != 0; is_last = false, index /= 1000) {
        const std::string digits = std::to_string(1000 + index % 1000).substr(1);
        number = is_last ? digits : "x" + digits + "/" + number;
    }
    const std::string path = "tile/" + (level ? std::to_string(*level) : "entries") + "/" + number;
    return width == tile_width ? path : path + ".p/" + std::to_string(width);
}

} // namespace sallyport::tlog
