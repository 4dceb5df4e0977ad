#include "ledger/segment.h"

#include "base/limits.h"
#include "base/plain_file.h"
#include "crypto/crypto.h"
#include "ledger/offloaded.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <unistd.h>

namespace sallyport::ledger {

namespace {
constexpr std::string_view magic = "SALLYLED";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t origin_bytes = 16;
constexpr std::uint32_t mark_length = mark_bit | 16;
constexpr std::size_t name_digits = 20;
// A segment ends with the group that passes its limit, and goes on into its head-room while the disk is full.
constexpr std::size_t segment_file_bytes_max = limits::segment_bytes_max * 4;

template <class Number> void put(std::string& out, Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}
template <class Number> Number get(std::string_view bytes, std::size_t at) {
    Number value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
        value |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[at + i])) << (8 * i));
    return value;
}

std::string at_offset(const std::string& file, std::uint64_t offset) {
    return file + " at offset " + std::to_string(offset);
}
} // namespace

// magic 8, version 4, header length 4, first index 8, created 8, origin 16 (zero-padded), zeros 12, CRC-32C of these 60: 4.
std::string encode_segment_header(const SegmentHeader& header) {
    std::string out(magic);
    put(out, format_version);
    put(out, static_cast<std::uint32_t>(segment_header_bytes));
    put(out, header.first_index);
    put(out, static_cast<std::uint64_t>(header.created_ms));
    out.append(header.origin, 0, origin_bytes);
    out.resize(segment_header_bytes - 4, '\0');
    put(out, crypto::crc32c(out));
    return out;
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes, const std::string& file) {
    const auto damaged = [&](std::string_view what) {
        return fail(ErrorKind::invalid, file + " is not a ledger segment or is damaged: " + std::string(what) +
                                            "; restore it from a backup");
    };
    if (bytes.size() < segment_header_bytes) return damaged("its header of 64 bytes is cut off");
    if (!bytes.starts_with(magic)) return damaged("it does not begin with " + std::string(magic));
    if (get<std::uint32_t>(bytes, segment_header_bytes - 4) !=
        crypto::crc32c(bytes.substr(0, segment_header_bytes - 4)))
        return damaged("the checksum of its header is wrong");
    if (get<std::uint32_t>(bytes, 8) != format_version || get<std::uint32_t>(bytes, 12) != segment_header_bytes)
        return fail(ErrorKind::invalid, file + " was written by a newer version of sallyport; use that one to read it");
    SegmentHeader header;
    header.first_index = get<std::uint64_t>(bytes, 16);
    header.created_ms = static_cast<std::int64_t>(get<std::uint64_t>(bytes, 24));
    const std::string_view origin = bytes.substr(32, origin_bytes);
    header.origin = origin.substr(0, origin.find('\0'));
    return header;
}

std::uint32_t frame_crc(std::uint32_t crc_of_bytes, std::uint64_t index, std::uint32_t length) {
    char place[12];
    for (std::size_t i = 0; i < 8; ++i) place[i] = static_cast<char>(index >> (8 * i) & 0xFF);
    for (std::size_t i = 0; i < 4; ++i) place[8 + i] = static_cast<char>(length >> (8 * i) & 0xFF);
    return crypto::crc32c({place, sizeof place}, crc_of_bytes);
}

void append_frame(Buffer& out, std::uint64_t index, std::string_view entry, std::uint32_t crc_of_entry) {
    const auto length = static_cast<std::uint32_t>(entry.size());
    const std::uint32_t crc = frame_crc(crc_of_entry, index, length);
    char head[frame_header_bytes];
    for (std::size_t i = 0; i < 4; ++i) {
        head[i] = static_cast<char>(length >> (8 * i) & 0xFF);
        head[4 + i] = static_cast<char>(crc >> (8 * i) & 0xFF);
    }
    out.append({head, sizeof head});
    out.append(entry);
}

std::string encode_mark(std::uint64_t next_index, std::uint64_t synced_index) {
    std::string payload;
    put(payload, next_index);
    put(payload, synced_index);
    std::string out;
    put(out, mark_length);
    put(out, frame_crc(crypto::crc32c(payload), next_index, mark_length));
    return out + payload;
}

std::string segment_name(std::uint64_t first_index) {
    const std::string digits = std::to_string(first_index);
    return std::string(name_digits - digits.size(), '0') + digits + ".seg";
}

Result<std::vector<SegmentFile>> list_segments(const std::filesystem::path& directory) {
    std::vector<SegmentFile> out;
    std::error_code error;
    if (!std::filesystem::exists(directory, error) && !error) return out;
    const auto take = [&](const std::string& name, bool is_offloaded) {
        SegmentFile file{directory / name, 0, is_offloaded};
        const auto [stop, problem] = std::from_chars(name.data(), name.data() + name.size(), file.first_index);
        if (problem == std::errc() && name == segment_name(file.first_index)) out.push_back(std::move(file));
    };
    for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
        take(it->path().filename().string(), false);
    if (error) return fail(ErrorKind::io, "cannot list " + directory.string() + ": " + error.message());
    // The list comes second: what is moved meanwhile is in both then, never in neither.
    const auto moved = read_offloaded(directory);
    if (!moved) return std::unexpected(moved.error());
    for (const OffloadedFile& one : *moved) take(one.name, true);
    std::ranges::sort(out, {}, [](const SegmentFile& file) { return std::pair(file.first_index, file.is_offloaded); });
    const auto twice = std::ranges::unique(out, {}, &SegmentFile::first_index); // the one in the folder stays
    out.erase(twice.begin(), twice.end());
    return out;
}

FrameReader::State FrameReader::next() {
    while (position_ < bytes_.size()) {
        const std::string_view rest = bytes_.substr(position_);
        if (rest.size() < frame_header_bytes) return State::incomplete;
        const auto length = get<std::uint32_t>(rest, 0);
        const bool mark = length == mark_length;
        const std::size_t payload_bytes = mark ? mark_bytes - frame_header_bytes : length;
        if (payload_bytes == 0 || payload_bytes > limits::entry_bytes_max) return State::broken;
        if (rest.size() < frame_header_bytes + payload_bytes) return State::incomplete;
        const std::string_view payload = rest.substr(frame_header_bytes, payload_bytes);
        const auto crc = get<std::uint32_t>(rest, 4);
        if (crc != frame_crc(crypto::crc32c(payload), next_index_, length)) return State::broken;
        const std::size_t begin = position_;
        position_ += frame_header_bytes + payload_bytes;
        if (mark) {
            synced_ = begin;
            continue;
        }
        entry_ = payload;
        entry_offset_ = base_ + begin;
        crc_ = crc;
        ++next_index_;
        return State::entry;
    }
    return State::end;
}

std::optional<std::uint64_t> highest_mark(std::string_view bytes, std::size_t from) {
    std::string pattern;
    put(pattern, mark_length);
    std::optional<std::uint64_t> highest;
    for (std::size_t at = bytes.find(pattern, from); at != std::string_view::npos; at = bytes.find(pattern, at + 1)) {
        if (bytes.size() - at < mark_bytes) break;
        const std::string_view payload = bytes.substr(at + frame_header_bytes, mark_bytes - frame_header_bytes);
        const auto next_index = get<std::uint64_t>(payload, 0);
        if (get<std::uint32_t>(bytes, at + 4) != frame_crc(crypto::crc32c(payload), next_index, mark_length)) continue;
        highest = std::max(highest.value_or(0), get<std::uint64_t>(payload, 8));
    }
    return highest;
}

Result<void> read_part(const std::filesystem::path& file, std::uint64_t offset, std::size_t bytes_max, Buffer& out) {
    out.clear();
    out.reserve(bytes_max);
    auto opened = open_plain_file(file);
    if (!opened && errno == ENOENT) opened = open_plain_file(where_is(file));
    if (!opened) return errno == 0 ? std::unexpected(opened.error()) : cannot_open(file);
    const int descriptor = *opened;
    while (out.size() < bytes_max) {
        const ssize_t count =
            ::pread(descriptor, out.room().data(), bytes_max - out.size(), static_cast<off_t>(offset + out.size()));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const int reason = errno;
            ::close(descriptor);
            errno = reason;
            return fail_errno("cannot read " + file.string());
        }
        if (count == 0) break;
        out.commit(static_cast<std::size_t>(count));
    }
    ::close(descriptor);
    return {};
}

Result<std::uint64_t> segment_size(const SegmentFile& file) {
    std::error_code error;
    const auto place = where_is(file.path);
    if (std::filesystem::exists(place, error) && !std::filesystem::is_regular_file(place, error))
        return fail(ErrorKind::invalid, file.path.string() + " is no plain file");
    const auto size = std::filesystem::file_size(place, error);
    if (error) return errno = error.value(), cannot_open(file.path);
    if (size > segment_file_bytes_max)
        return fail(ErrorKind::too_large,
                    file.path.string() + " is larger than any segment this program writes; it is not one");
    return size;
}

Result<SegmentHeader> check_segment_header(std::string_view bytes, const SegmentFile& file) {
    auto header = decode_segment_header(bytes, file.path.string());
    if (header && header->first_index != file.first_index)
        return fail(ErrorKind::invalid, file.path.string() + " begins with entry " +
                                            std::to_string(header->first_index) +
                                            ", which is not what its name says; give it its own name back");
    return header;
}

Result<LoadedSegment> load_segment(const SegmentFile& file) {
    const auto size = segment_size(file);
    if (!size) return std::unexpected(size.error());
    LoadedSegment out;
    if (auto read = read_part(file.path, 0, *size, out.bytes); !read) return std::unexpected(read.error());
    auto header = check_segment_header(out.bytes, file);
    if (!header) return std::unexpected(header.error());
    out.header = std::move(*header);
    return out;
}

Result<SegmentEnd> find_end(const LoadedSegment& segment, const std::string& file) {
    const std::string_view bytes = segment.bytes.view();
    FrameReader reader(bytes.substr(segment_header_bytes), segment_header_bytes, segment.header.first_index);
    FrameReader::State state{};
    do state = reader.next();
    while (state == FrameReader::State::entry);
    const SegmentEnd end{reader.next_index(), reader.end_offset(), bytes.size() - reader.end_offset(),
                         reader.synced_offset()};
    if (state == FrameReader::State::end) return end;
    const auto synced = highest_mark(bytes, end.bytes);
    if (!synced || *synced <= end.next_index) return end;
    return fail(ErrorKind::invalid, at_offset(file, end.bytes) + ": entry " + std::to_string(end.next_index) +
                                        " is damaged, although it had reached the disk (entries up to " +
                                        std::to_string(*synced - 1) + " had); restore the file from a backup");
}

} // namespace sallyport::ledger
