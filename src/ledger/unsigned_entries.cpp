#include "ledger/unsigned_entries.h"

#include "ledger/entry.h"

#include <algorithm>

namespace sallyport::ledger {

namespace {
constexpr std::size_t remembered_max = 1u << 20;

// Entries are canonical JSON: there is one way to write the member, and no text within holds its quotes. What looks like one is read.
bool is_kind(std::string_view entry, std::string_view member, Kind kind) {
    if (!entry.contains(member)) return false;
    const auto read = decode(entry);
    return read && read->kind() == kind;
}
bool is_start(std::string_view entry) { return is_kind(entry, R"("kind":"start")", Kind::start); }
bool is_stop(std::string_view entry) { return is_kind(entry, R"("kind":"stop")", Kind::stop); }
bool is_act(std::string_view entry) { return is_kind(entry, R"("kind":"act")", Kind::act); }
} // namespace

Result<std::optional<std::uint64_t>> foreign_entry(std::span<const SegmentFile> segments, std::uint64_t signed_size) {
    constexpr std::optional<std::uint64_t> nothing;
    if (signed_size == 0) return nothing;
    const auto behind = std::ranges::upper_bound(segments, signed_size - 1, {}, &SegmentFile::first_index);
    if (behind == segments.begin()) return nothing;
    bool is_behind_stop = false;
    for (const SegmentFile& file : std::span(behind - 1, segments.end())) {
        const auto segment = load_segment(file);
        if (!segment) return std::unexpected(segment.error());
        FrameReader reader(segment->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
        while (reader.next() == FrameReader::State::entry) {
            if (reader.index() + 1 == signed_size) is_behind_stop = is_stop(reader.entry());
            if (reader.index() < signed_size) continue;
            if (!is_behind_stop) return nothing;
            if (!is_start(reader.entry())) return reader.index();
        }
    }
    return nothing;
}

void RepeatedEntries::add(std::uint64_t index, const tlog::Digest& leaf, std::string_view entry) {
    if (seen_.size() == remembered_max || is_act(entry)) return;
    if (const auto [there, is_new] = seen_.emplace(leaf, index); !is_new) found_.push_back({index, there->second});
}

std::vector<RepeatedEntries::Repeated> RepeatedEntries::found(TreeLeaves& before) {
    for (std::uint64_t i = 0; i < before.count() && !seen_.empty(); ++i) {
        const tlog::Digest* const leaf = before.at(i);
        if (leaf == nullptr) break;
        if (const auto there = seen_.find(*leaf); there != seen_.end()) {
            found_.push_back({there->second, i});
            seen_.erase(there);
        }
    }
    std::ranges::sort(found_, {}, &Repeated::index);
    return found_;
}

} // namespace sallyport::ledger
