#include "ledger/query.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "ledger/index_rows.h"
#include "ledger/offloaded.h"
#include "ledger/segment.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

namespace sallyport::ledger {

namespace {
constexpr std::size_t part_bytes = 4u << 20;
constexpr std::uint64_t entries_per_commit =
    20'000; // so that a long update lets others in and loses little when stopped

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The one frame at this place; nothing where it is not whole or another entry's.
Result<std::optional<std::string>> frame_at(const std::filesystem::path& file, std::uint64_t offset,
                                            std::uint64_t index, std::uint32_t& crc) {
    Buffer bytes;
    if (auto read = read_part(file, offset, frame_header_bytes + limits::entry_bytes_max, bytes); !read)
        return std::unexpected(read.error());
    FrameReader reader(bytes.view(), offset, index);
    if (reader.next() != FrameReader::State::entry) return std::optional<std::string>();
    crc = reader.crc();
    return std::optional<std::string>(reader.entry());
}
} // namespace

// One transaction's worth of an update.
class Query::Pass {
public:
    Pass(const std::filesystem::path& directory, store::LedgerIndex& index, IndexUpdate& told)
        : directory_(directory), index_(index), told_(told) {}

    // True where there may be more.
    Result<bool> run() {
        auto segments = list_segments(directory_);
        if (!segments) return std::unexpected(segments.error());
        auto progress = index_.begin();
        if (!progress) return std::unexpected(progress.error());
        progress_ = *progress;
        auto more = read(*segments);
        if (more) {
            if (auto done = index_.commit(progress_); !done) more = std::unexpected(done.error());
        }
        index_.abandon();
        told_.next_index = progress_.next_entry;
        return more;
    }

private:
    // A crash may have taken back unsynced entries that were indexed; then other ones stand in their place.
    Result<bool> still_holds() {
        if (progress_.next_entry == 0) return true;
        std::uint32_t crc = 0;
        const auto file = directory_ / segment_name(progress_.segment);
        std::error_code error;
        if (where_is(file) == file && !std::filesystem::exists(file, error)) return false;
        const auto frame = frame_at(file, progress_.frame_offset, progress_.next_entry - 1, crc);
        if (!frame) return std::unexpected(frame.error());
        return frame->has_value() && crc == progress_.frame_crc;
    }

    Result<bool> read(const std::vector<SegmentFile>& segments) {
        const auto holds = still_holds();
        if (!holds) return std::unexpected(holds.error());
        if (!*holds) {
            if (auto cleared = index_.clear(); !cleared) return std::unexpected(cleared.error());
            progress_ = {};
            told_.rebuilt = true;
        }
        if (segments.empty()) return false;
        if (progress_.offset == 0)
            progress_ = {segments.front().first_index, segment_header_bytes, segments.front().first_index, 0, 0};
        auto at = std::ranges::find(segments, progress_.segment, &SegmentFile::first_index);
        for (std::uint64_t offset = progress_.offset; at != segments.end(); offset = segment_header_bytes) {
            const bool last = at + 1 == segments.end();
            const auto more = read_segment(*at, offset, last);
            if (!more || *more || last) return more;
            ++at;
            if (at->first_index != progress_.next_entry)
                return fail(ErrorKind::invalid,
                            at->path.string() + " begins with entry " + std::to_string(at->first_index) +
                                ", but the segment before it ends with " + std::to_string(progress_.next_entry) +
                                " due next: entries are missing; restore the ledger from a backup");
        }
        return false;
    }

    // True where the transaction is large enough and there is more to read.
    Result<bool> read_segment(const SegmentFile& file, std::uint64_t offset, bool last) {
        Buffer part;
        if (offset == segment_header_bytes) {
            if (auto got = read_part(file.path, 0, segment_header_bytes, part); !got)
                return std::unexpected(got.error());
            if (auto header = decode_segment_header(part.view(), file.path.string()); !header)
                return std::unexpected(header.error());
        }
        while (true) {
            if (auto got = read_part(file.path, offset, part_bytes, part); !got) return std::unexpected(got.error());
            FrameReader reader(part.view(), offset, progress_.next_entry);
            FrameReader::State state{};
            while ((state = reader.next()) == FrameReader::State::entry) {
                if (auto taken = take(file, reader); !taken) return std::unexpected(taken.error());
                if (++taken_ >= entries_per_commit) return true;
            }
            const std::uint64_t begin = std::exchange(offset, reader.end_offset());
            if (part.size() == part_bytes && offset != begin) continue;
            if (state == FrameReader::State::end) return false;
            // Behind the last whole frame of the last segment the writer may be at work just now; anywhere else it is damage.
            const auto synced = highest_mark(part.view(), offset - begin);
            if (last && (!synced || *synced <= progress_.next_entry)) return false;
            return fail(ErrorKind::invalid, file.path.string() + " at offset " + std::to_string(offset) + ": entry " +
                                                std::to_string(progress_.next_entry) +
                                                " is damaged; restore the file from a backup");
        }
    }

    Result<void> take(const SegmentFile& file, const FrameReader& reader) {
        const auto entry = decode(reader.entry());
        if (!entry)
            return fail(entry.error().kind, file.path.string() + " at offset " + std::to_string(reader.offset()) +
                                                ": " + entry.error().message);
        if (auto done = index_entry(index_, reader.index(), *entry); !done) return done;
        if (auto done = index_.place({reader.index(), file.first_index, reader.offset()}, entry->exchange()); !done)
            return done;
        progress_ = {file.first_index, reader.end_offset(), reader.next_index(), reader.offset(), reader.crc()};
        ++told_.entries;
        return {};
    }

    const std::filesystem::path& directory_;
    store::LedgerIndex& index_;
    IndexUpdate& told_;
    store::IndexProgress progress_;
    std::uint64_t taken_ = 0;
};

Query::Query(std::filesystem::path directory, store::LedgerIndex index)
    : directory_(std::move(directory)), index_(std::move(index)) {}

Result<Query> Query::open(const std::filesystem::path& ledger_directory, const std::filesystem::path& index_file) {
    auto index = store::LedgerIndex::open(index_file);
    if (!index) return std::unexpected(index.error());
    return Query(ledger_directory, std::move(*index));
}

Result<Query> Query::discard_and_open(const std::filesystem::path& ledger_directory,
                                      const std::filesystem::path& index_file) {
    std::error_code error;
    for (const char* suffix : {"-wal", "-shm", ""}) {
        std::filesystem::remove(index_file.string() + suffix, error);
        if (error) return fail(ErrorKind::io, "cannot delete " + index_file.string() + suffix + ": " + error.message());
    }
    return open(ledger_directory, index_file);
}

Result<IndexUpdate> Query::update(std::int64_t ms_max) {
    IndexUpdate told;
    const std::int64_t end_ms = monotonic_ms() + ms_max;
    while (true) {
        const auto more = Pass(directory_, index_, told).run();
        if (!more) return std::unexpected(more.error());
        if (!*more) return told;
        if (ms_max == 0 || monotonic_ms() < end_ms) continue;
        told.is_complete = false;
        return told;
    }
}

Result<IndexUpdate> Query::reindex() {
    auto begun = index_.begin();
    if (!begun) return std::unexpected(begun.error());
    if (auto cleared = index_.clear(); !cleared) return index_.abandon(), std::unexpected(cleared.error());
    if (auto done = index_.commit({}); !done) return std::unexpected(done.error());
    auto told = update();
    if (told) told->rebuilt = true;
    return told;
}

namespace {
// A key as text: lengths and parts, then base64url. Opaque for whoever pages.
std::string cursor_of(const store::LeftKey& key) {
    std::string text;
    for (const std::string& part : key) text += std::to_string(part.size()) + ":" + part;
    return to_base64url(text);
}
std::optional<store::LeftKey> key_of(std::string_view cursor) {
    const auto text = from_base64url(cursor);
    if (!text) return std::nullopt;
    store::LeftKey key;
    for (std::string_view rest = *text; !rest.empty();) {
        const std::size_t colon = rest.find(':');
        const auto length = whole_number(rest.substr(0, colon));
        if (colon == std::string_view::npos || !length || *length > rest.size() - colon - 1) return std::nullopt;
        key.emplace_back(rest.substr(colon + 1, *length));
        rest.remove_prefix(colon + 1 + *length);
    }
    return key;
}
std::unexpected<Error> no_cursor(std::string_view cursor) {
    return fail(ErrorKind::invalid,
                "'" + std::string(cursor.substr(0, 64)) +
                    "' is not a cursor of a list; use the one that came with the page before",
                ErrorSource::client);
}
} // namespace

Result<Page> Query::list(const ExchangeFilter& filter, std::string_view cursor, std::size_t limit) {
    const auto before = whole_number(cursor);
    if (!cursor.empty() && !before) return no_cursor(cursor);
    auto rows = index_.exchanges(filter, before, limit);
    if (!rows) return std::unexpected(rows.error());
    Page page{std::move(*rows), {}};
    if (page.rows.size() == limit && limit != 0) page.cursor = std::to_string(page.rows.back().first_entry);
    return page;
}

Result<std::string> Query::entry(std::uint64_t index) {
    const auto place = index_.place_of(index);
    if (!place) return std::unexpected(place.error());
    if (!place->has_value())
        return fail(ErrorKind::invalid, "the ledger has no entry " + std::to_string(index), ErrorSource::client);
    std::uint32_t crc = 0;
    const auto file = directory_ / segment_name((*place)->segment);
    auto frame = frame_at(file, (*place)->offset, index, crc);
    if (!frame) return std::unexpected(frame.error());
    if (!frame->has_value())
        return fail(ErrorKind::invalid, file.string() + " at offset " + std::to_string((*place)->offset) + ": entry " +
                                            std::to_string(index) +
                                            " is not there as the index says; run: sallyport ledger reindex");
    return std::move(**frame);
}

Result<Shown> Query::show(std::string_view id) {
    Shown shown;
    std::string exchange(id);
    std::optional<std::uint64_t> index = whole_number(id);
    if (id.contains('/')) {
        const auto entry_id = parse_entry_id(id);
        if (!entry_id) return std::unexpected(entry_id.error());
        index = entry_id->index;
        if (const auto own = origin(); own && *own != entry_id->origin)
            return fail(ErrorKind::invalid, std::string(id) + " is an entry of another ledger; this one is " + *own,
                        ErrorSource::client);
    }
    std::vector<store::EntryPlace> places;
    if (index) {
        const auto found = index_.exchange_of(*index);
        if (!found) return std::unexpected(found.error());
        exchange = found->value_or(std::string());
        if (found->has_value() && exchange.empty()) places.push_back({*index, 0, 0}); // start or stop
    }
    if (places.empty()) {
        auto found = index_.entries_of(exchange);
        if (!found) return std::unexpected(found.error());
        places = std::move(*found);
        if (places.empty())
            return fail(ErrorKind::invalid,
                        "the ledger has no exchange or entry '" + std::string(id.substr(0, 64)) + "'",
                        ErrorSource::client);
        auto row = index_.find(exchange);
        if (!row) return std::unexpected(row.error());
        shown.exchange = std::move(*row).value_or(ExchangeRow{});
    }
    for (const store::EntryPlace& place : places) {
        auto json = entry(place.entry);
        if (!json) return std::unexpected(json.error());
        shown.entries.push_back({place.entry, std::move(*json)});
    }
    return shown;
}

std::optional<std::string> Query::origin() const {
    const auto segments = list_segments(directory_);
    if (!segments || segments->empty()) return std::nullopt;
    Buffer bytes;
    if (!read_part(segments->front().path, 0, segment_header_bytes, bytes)) return std::nullopt;
    auto header = decode_segment_header(bytes.view(), segments->front().path.string());
    return header ? std::optional(std::move(header->origin)) : std::nullopt;
}

Result<LeftPage> Query::left(const ExchangeFilter& filter, std::string_view cursor, std::size_t limit, bool apart) {
    store::LeftKey after;
    if (!cursor.empty()) {
        auto key = key_of(cursor);
        if (!key || key->empty()) return no_cursor(cursor);
        after = std::move(*key);
    }
    auto rows = index_.files(filter, after, limit, apart);
    if (!rows) return std::unexpected(rows.error());
    LeftPage page{std::move(*rows), {}};
    if (!apart && page.rows.size() == limit && limit != 0) page.cursor = cursor_of(store::left_key(page.rows.back()));
    return page;
}

std::string_view how_known(const FileRow& row) { return row.how == "verified" ? "verified" : "named in a tool call"; }

} // namespace sallyport::ledger
