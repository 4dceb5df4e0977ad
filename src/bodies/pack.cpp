#include "bodies/pack.h"

#include "base/limits.h"
#include "base/plain_file.h"
#include "crypto/crypto.h"
#include "ledger/offloaded.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::bodies {

namespace {
constexpr std::string_view magic = "SALLYBOD";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t origin_at = 28, origin_bytes = 16, name_digits = 20;

template <class Number> void put(char* at, Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) at[i] = static_cast<char>(value >> (8 * i) & 0xFF);
}
template <class Number> Number get(std::string_view bytes, std::size_t at) {
    Number value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
        value |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[at + i])) << (8 * i));
    return value;
}

class OpenFile {
public:
    explicit OpenFile(const std::filesystem::path& path) {
        auto opened = open_plain_file(path);
        if (!opened && errno == ENOENT) opened = open_plain_file(ledger::where_is(path));
        is_plain_ = opened || errno != 0;
        if (opened) descriptor_ = *opened;
    }
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    bool is_open() const { return descriptor_ >= 0; }
    // Why it is not.
    std::unexpected<Error> problem(const std::filesystem::path& path) const {
        return is_plain_ ? ledger::cannot_open(path) : fail(ErrorKind::invalid, path.string() + " is no plain file");
    }
    // How many bytes came; fewer at the end; -1 and errno.
    std::ptrdiff_t read(char* into, std::size_t bytes, std::uint64_t offset) const {
        std::size_t done = 0;
        while (done < bytes) {
            const ssize_t count = ::pread(descriptor_, into + done, bytes - done, static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return -1;
            if (count == 0) break;
            done += static_cast<std::size_t>(count);
        }
        return static_cast<std::ptrdiff_t>(done);
    }
    std::uint64_t size() const {
        struct stat status{};
        return ::fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
    }

private:
    int descriptor_ = -1;
    bool is_plain_ = true;
};

std::uint32_t checksum(std::string_view number_and_key, std::string_view sealed) {
    return crypto::crc32c(sealed, crypto::crc32c(number_and_key));
}
} // namespace

std::string encode_pack_header(const PackHeader& header) {
    std::string out(pack_header_bytes, '\0');
    out.replace(0, magic.size(), magic);
    put(out.data() + 8, format_version);
    put(out.data() + 12, header.first);
    put(out.data() + 20, static_cast<std::uint64_t>(header.created_ms));
    out.replace(origin_at, std::min(header.origin.size(), origin_bytes), header.origin, 0, origin_bytes);
    put(out.data() + pack_header_bytes - 4, crypto::crc32c(std::string_view(out).substr(0, pack_header_bytes - 4)));
    return out;
}

Result<PackHeader> decode_pack_header(std::string_view bytes, const std::string& file) {
    if (bytes.size() < pack_header_bytes || !bytes.starts_with(magic) ||
        get<std::uint32_t>(bytes, pack_header_bytes - 4) != crypto::crc32c(bytes.substr(0, pack_header_bytes - 4)))
        return fail(ErrorKind::invalid,
                    file + " is no pack of bodies, or its head is damaged; restore it from a backup");
    if (get<std::uint32_t>(bytes, 8) != format_version)
        return fail(ErrorKind::invalid, file + " was written by a newer version of sallyport; use that one to read it");
    PackHeader header;
    header.first = get<std::uint64_t>(bytes, 12);
    header.created_ms = static_cast<std::int64_t>(get<std::uint64_t>(bytes, 20));
    const std::string_view origin = bytes.substr(origin_at, origin_bytes);
    header.origin = origin.substr(0, origin.find('\0'));
    return header;
}

void append_chunk(Buffer& out, std::uint64_t number, std::uint64_t key, std::string_view sealed) {
    std::array<char, chunk_header_bytes> head;
    put(head.data(), static_cast<std::uint32_t>(sealed.size()));
    put(head.data() + 8, number);
    put(head.data() + 16, key);
    put(head.data() + 4, checksum({head.data() + 8, 16}, sealed));
    out.append({head.data(), head.size()});
    out.append(sealed);
}

std::string pack_name(std::uint64_t first) {
    const std::string digits = std::to_string(first);
    return std::string(name_digits - digits.size(), '0') + digits + ".pack";
}

Result<std::vector<PackFile>> list_packs(const std::filesystem::path& directory) {
    std::vector<PackFile> out;
    std::error_code error;
    if (!std::filesystem::exists(directory, error) && !error) return out;
    const auto take = [&](const std::string& name, bool is_offloaded) {
        PackFile file{directory / name, 0, is_offloaded};
        const auto [stop, problem] = std::from_chars(name.data(), name.data() + name.size(), file.first);
        if (problem == std::errc() && name == pack_name(file.first)) out.push_back(std::move(file));
    };
    for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
        take(it->path().filename().string(), false);
    if (error) return fail(ErrorKind::io, "cannot list " + directory.string() + ": " + error.message());
    const auto moved = ledger::read_offloaded(directory); // second: what is moved meanwhile is in both then
    if (!moved) return std::unexpected(moved.error());
    for (const ledger::OffloadedFile& one : *moved) take(one.name, true);
    std::ranges::sort(out, {}, [](const PackFile& file) { return std::pair(file.first, file.is_offloaded); });
    const auto twice = std::ranges::unique(out, {}, &PackFile::first);
    out.erase(twice.begin(), twice.end());
    return out;
}

Result<std::vector<ChunkPlace>> read_places(const std::filesystem::path& file, std::uint64_t& end) {
    const OpenFile open(file);
    if (!open.is_open()) return open.problem(file);
    std::array<char, pack_header_bytes> head;
    if (open.read(head.data(), head.size(), 0) < 0) return fail_errno("cannot read " + file.string());
    const auto header = decode_pack_header({head.data(), head.size()}, file.string());
    if (!header) return std::unexpected(header.error());
    const std::uint64_t size = open.size();
    std::vector<ChunkPlace> places;
    std::uint64_t at = pack_header_bytes, least = header->first;
    while (size - at >= chunk_header_bytes) {
        const auto got = open.read(head.data(), chunk_header_bytes, at);
        if (got < 0) return fail_errno("cannot read " + file.string());
        const std::string_view bytes(head.data(), chunk_header_bytes);
        const ChunkPlace place{get<std::uint64_t>(bytes, 8), get<std::uint64_t>(bytes, 16), at,
                               get<std::uint32_t>(bytes, 0)};
        if (place.length == 0 || place.length > size - at - chunk_header_bytes || place.number < least) break;
        places.push_back(place);
        least = place.number + 1;
        at += chunk_header_bytes + place.length;
    }
    end = least;
    return places;
}

Result<std::string> read_chunk(const std::filesystem::path& file, const ChunkPlace& place) {
    const OpenFile open(file);
    if (!open.is_open()) return open.problem(file);
    std::string frame(chunk_header_bytes + place.length, '\0');
    const auto got = open.read(frame.data(), frame.size(), place.offset);
    if (got < 0) return fail_errno("cannot read " + file.string());
    const std::string_view bytes = frame;
    if (static_cast<std::size_t>(got) != frame.size() || get<std::uint64_t>(bytes, 8) != place.number ||
        get<std::uint32_t>(bytes, 4) != checksum(bytes.substr(8, 16), bytes.substr(chunk_header_bytes)))
        return fail(ErrorKind::invalid, file.string() + " at offset " + std::to_string(place.offset) + ": chunk " +
                                            std::to_string(place.number) + " is damaged; restore it from a backup");
    return frame.substr(chunk_header_bytes);
}

} // namespace sallyport::bodies
