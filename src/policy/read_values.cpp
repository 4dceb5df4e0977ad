#include "policy/read.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

Mask read_mask(Reader& reader, Node node, std::span<const std::string_view> words, std::string_view what) {
    if (!node) return {};
    std::uint32_t mask = 0;
    for (const auto item : reader.list(node, what))
        if (const auto index = reader.word(item, words, what)) mask |= 1u << *index;
    return mask;
}

std::vector<std::string> read_texts(Reader& reader, Node node, std::string_view what, std::size_t bytes_max) {
    std::vector<std::string> texts;
    for (const auto item : reader.list(node, what)) {
        auto text = reader.text(item, what);
        if (!text) continue;
        if (text->size() > bytes_max || !std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7F; }))
            reader.mistake(item, fmt::format("{} '{}' is not printable ASCII without blanks of at most {} bytes", what,
                                             shown(*text), bytes_max));
        else
            texts.push_back(std::move(*text));
    }
    return texts;
}

std::optional<std::int64_t> read_date(Reader& reader, Node node, int utc_offset_minutes) {
    const auto text = reader.text(node, "a date");
    if (!text) return std::nullopt;
    const auto ms = date_ms(*text, utc_offset_minutes);
    if (!ms)
        reader.mistake(node,
                       fmt::format("'{}' is no date; write 2026-12-31 or 2026-12-31T18:00 (utc_offset says of which "
                                   "place)",
                                   shown(*text)));
    return ms;
}

Names read_full_names(Reader& reader, Node node, std::string_view what) {
    if (!node) return {};
    auto names = read_texts(reader, node, what, 64);
    for (const auto item : Reader::items(node))
        if (item.text().find('*') != std::string_view::npos)
            reader.mistake(item, fmt::format("'{}' is no pattern here: each {} is named in full; list them, or leave "
                                             "this out where all are meant",
                                             shown(item.text()), what));
    return names;
}

std::optional<VersionRange> read_range(Reader& reader, Node node, std::string_view what) {
    const auto text = reader.text(node, what);
    if (!text) return std::nullopt;
    auto range = parse_range(*text);
    if (!range) {
        reader.mistake(node, fmt::format("{} {}", what, range.error()));
        return std::nullopt;
    }
    if (range->accepts_none())
        reader.warning(node.place(),
                       fmt::format("{} '{}' can match no version: its ends exclude each other; write '||' "
                                   "between ranges of which one is enough",
                                   what, shown(*text)));
    return std::move(*range);
}

} // namespace sallyport::policy
