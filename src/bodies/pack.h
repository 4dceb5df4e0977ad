// The files of chunks: DATA/bodies/<first chunk's number, 20 digits>.pack = header frame*. Integers little-endian.
//
//   header = "SALLYBOD" 8   version u32 1   first number u64   created u64 (milliseconds since 1970)   origin 16   zeros 16   checksum u32
//   frame  = length u32   checksum u32   number u64   key u64   sealed: `length` bytes
//
// checksum of a frame = CRC-32C of its number, key and sealed bytes; of the header, of the 60 bytes before. Numbers ascend.
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::bodies {

inline constexpr std::size_t pack_header_bytes = 64, chunk_header_bytes = 24;

struct PackHeader {
    std::uint64_t first = 0;
    std::int64_t created_ms = 0;
    std::string origin; // 1 to 16 characters
};
std::string encode_pack_header(const PackHeader& header);
Result<PackHeader> decode_pack_header(std::string_view bytes, const std::string& file);

void append_chunk(Buffer& out, std::uint64_t number, std::uint64_t key, std::string_view sealed);

std::string pack_name(std::uint64_t first);
struct PackFile {
    std::filesystem::path
        path; // in the folder, also where it was moved elsewhere: readers find it (ledger/offloaded.h)
    std::uint64_t first = 0;
    bool is_offloaded = false;
};
// In order, with those that were moved elsewhere; a folder that is not there has none.
Result<std::vector<PackFile>> list_packs(const std::filesystem::path& directory);

struct ChunkPlace {
    std::uint64_t number = 0, key = 0, offset = 0; // offset: of the frame
    std::uint32_t length = 0;                      // of the sealed bytes
};
// The chunks of a pack by their heads alone, up to the first one that is cut off or goes back in number. `end`: one past the last.
Result<std::vector<ChunkPlace>> read_places(const std::filesystem::path& file, std::uint64_t& end);
// The sealed bytes, their checksum compared.
Result<std::string> read_chunk(const std::filesystem::path& file, const ChunkPlace& place);

} // namespace sallyport::bodies
