#include "tlog/tile.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sallyport::tlog {

std::string tile_path(std::optional<unsigned> level, std::uint64_t index, std::uint64_t width) {
    const auto digits = [](std::uint64_t value) { return std::to_string(1000 + value % 1000).substr(1); };
    std::string number = digits(index);
    while ((index /= 1000) != 0) number.insert(0, "x" + digits(index) + "/");
    const std::string path = "tile/" + (level ? std::to_string(*level) : "entries") + "/" + number;
    return width == tile_width ? path : path + ".p/" + std::to_string(width);
}

std::optional<TileName> parse_tile_path(std::string_view path) {
    constexpr std::string_view first = "tile/";
    if (!path.starts_with(first) || path.size() > 64) return std::nullopt;
    std::string_view rest = path.substr(first.size());
    const auto number = [](std::string_view digits, std::uint64_t& into) {
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
        return error == std::errc() && end == digits.data() + digits.size();
    };
    TileName out;
    const std::string_view level = rest.substr(0, rest.find('/'));
    out.is_of_entries = level == "entries";
    std::uint64_t value = 0;
    if (!out.is_of_entries && (!number(level, value) || value >= tile_levels)) return std::nullopt;
    out.place.level = static_cast<unsigned>(value);
    rest.remove_prefix(std::min(rest.size(), level.size() + 1));
    if (const std::size_t partial = rest.find(".p/"); partial != std::string_view::npos) {
        if (!number(rest.substr(partial + 3), out.place.width) || out.place.width == 0 || out.place.width >= tile_width)
            return std::nullopt;
        rest = rest.substr(0, partial);
    }
    std::string digits;
    for (const char c : rest)
        if (c != 'x' && c != '/') digits += c;
    // Beyond this an index times the width of a tile is no number of entries any more.
    if (!number(digits, out.place.index) || out.place.index > UINT64_MAX / tile_width / tile_width) return std::nullopt;
    const auto made = out.is_of_entries ? out.place.entries_path() : out.place.path();
    return made == path ? std::optional(out) : std::nullopt;
}

std::string encode(std::span<const Digest> tile) {
    std::string out;
    out.reserve(tile.size() * std::tuple_size_v<Digest>);
    for (const Digest& hash : tile) out += crypto::bytes(hash);
    return out;
}

Result<Hashes> read_tile(std::string_view bytes, std::uint64_t width) {
    if (bytes.size() != width * std::tuple_size_v<Digest>)
        return fail(ErrorKind::invalid, "has " + std::to_string(bytes.size()) + " bytes and not the " +
                                            std::to_string(width * std::tuple_size_v<Digest>) + " of " +
                                            std::to_string(width) + " hashes");
    Hashes out(width);
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
}

Digest subtree_root(std::span<const Digest> hashes) {
    if (hashes.size() == 1) return hashes.front();
    Hashes nodes(hashes.size() / 2);
    for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
    for (std::size_t left = nodes.size() / 2; left > 0; left /= 2)
        for (std::size_t i = 0; i < left; ++i) nodes[i] = node_hash(nodes[2 * i], nodes[2 * i + 1]);
    return nodes.front();
}

void append_entry(std::string& bundle, std::string_view entry) {
    bundle += static_cast<char>(entry.size() >> 8);
    bundle += static_cast<char>(entry.size() & 0xFF);
    bundle += entry;
}

EntryBundle read_entries(std::string_view bytes, std::uint64_t count, bool is_prefix) {
    EntryBundle out;
    while (out.entries.size() < count) {
        std::size_t length = 0; // that is not there counts as 0: too few bytes in any case
        for (std::size_t i = 0; i < entry_head_bytes && i < bytes.size(); ++i)
            length = length << 8 | static_cast<unsigned char>(bytes[i]);
        if (bytes.size() < entry_head_bytes + length) {
            out.problem =
                "ends within entry " + std::to_string(out.entries.size() + 1) + " of " + std::to_string(count);
            return out;
        }
        out.entries.push_back(bytes.substr(entry_head_bytes, length));
        bytes.remove_prefix(entry_head_bytes + length);
    }
    if (!bytes.empty() && !is_prefix)
        out.problem = "has " + std::to_string(bytes.size()) + " bytes behind its " + std::to_string(count) + " entries";
    return out;
}

} // namespace sallyport::tlog
