#include "content/segment.h"

#include "base/limits.h"
#include "base/mapped_file.h"
#include "content/text_block.h"
#include "content/winnow.h"
#include "crypto/checksum.h"

#include <algorithm>
#include <bit>

namespace sallyport::content {

using namespace segment_format;

namespace {

template <class T> std::span<const T> span_of(std::string_view bytes) {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

} // namespace

std::unexpected<Error> Segment::damaged(const std::string& what) const {
    return fail(ErrorKind::invalid, "the index segment " + name_ + " is damaged (" + what +
                                        "): index its repositories again, or restore the file from a backup");
}

Result<std::shared_ptr<const Segment>> Segment::open(const std::filesystem::path& file) {
    auto mapped = MappedFile::open(file);
    if (!mapped) return std::unexpected(mapped.error());
    const std::string_view bytes = (*mapped)->bytes();
    return over(bytes, file.string(), std::move(*mapped));
}

Result<std::shared_ptr<const Segment>> Segment::over(std::string_view bytes, std::string name,
                                                     std::shared_ptr<const void> owner) {
    const std::shared_ptr<Segment> segment(new Segment);
    segment->name_ = std::move(name);
    segment->owner_ = std::move(owner);
    if (auto parsed = segment->parse(bytes); !parsed) return std::unexpected(parsed.error());
    return std::shared_ptr<const Segment>(segment);
}

Result<void> Segment::parse(std::string_view bytes) {
    if (bytes.size() < sizeof(Header)) return damaged("it is shorter than its header");
    std::memcpy(&header_, bytes.data(), sizeof(Header));
    if (std::string_view(header_.magic, sizeof header_.magic) != magic) return damaged("it is no index segment");
    if (header_.version != version)
        return fail(ErrorKind::invalid, "the index segment " + name_ + " has version " +
                                            std::to_string(header_.version) + ", this program reads " +
                                            std::to_string(version) + ": index its repositories again");
    if (crypto::checksum(bytes.substr(0, sizeof(Header) - 8)) != header_.checksum) return damaged("header");
    std::array<std::string_view, parts> parts_of{};
    for (std::size_t part = 0; part < parts; ++part) {
        const Section& section = header_.sections[part];
        if (section.offset % 8 != 0 || section.offset > bytes.size() || section.bytes > bytes.size() - section.offset)
            return damaged("it is cut short, or its sections overlap");
        parts_of[part] = bytes.substr(section.offset, section.bytes);
        if (part != texts && crypto::checksum(parts_of[part]) != section.checksum)
            return damaged("section " + std::to_string(part));
    }
    documents_ = span_of<Document>(parts_of[segment_format::documents]);
    blocks_ = span_of<Block>(parts_of[blocks]);
    by_id_ = span_of<std::uint32_t>(parts_of[by_id]);
    directory_ = span_of<std::uint32_t>(parts_of[directory]);
    filter_ = span_of<std::uint64_t>(parts_of[filter]);
    entries_ = parts_of[segment_format::entries];
    texts_ = parts_of[texts];
    if (header_.gram_bytes != gram_bytes) return damaged("grams of another length");
    if (header_.bucket_bits > bucket_bits_max || header_.position_bits == 0 ||
        header_.position_bits > position_bits_max)
        return damaged("widths");
    if (documents_.size() != header_.documents || by_id_.size() != header_.documents) return damaged("documents");
    if (directory_.size() != (1ULL << header_.bucket_bits) + 1 || filter_.empty()) return damaged("directory");
    const std::uint64_t bits = header_.entries * width();
    if (header_.entries > UINT32_MAX || entries_.size() < (bits + 7) / 8 + entries_padding) return damaged("entries");
    return {};
}

std::uint64_t Segment::entry(std::uint64_t at) const {
    const std::uint64_t bit = at * width();
    std::uint64_t word = 0;
    std::memcpy(&word, entries_.data() + bit / 8, sizeof word);
    return word >> (bit % 8) & ((1ULL << width()) - 1);
}

void Segment::prefetch_entries(std::uint64_t hash) const {
    const std::uint64_t first = std::min<std::uint64_t>(directory_[bucket(hash)], header_.entries);
    __builtin_prefetch(entries_.data() + first * width() / 8);
}

bool Segment::positions(std::uint64_t hash, std::vector<Found>& out) const {
    const std::uint32_t above = surroundings_bits + header_.position_bits;
    const std::uint64_t at = bucket(hash), remainder = remainder_of(hash, header_.bucket_bits);
    const std::uint64_t last = std::min<std::uint64_t>(directory_[at + 1], header_.entries);
    bool common = false;
    for (std::uint64_t i = directory_[at]; i < last; ++i) {
        const std::uint64_t found = entry(i);
        const std::uint64_t position = found & common_position(header_.position_bits);
        if (found >> above > remainder) break;
        if (found >> above < remainder) continue;
        if (position == common_position(header_.position_bits))
            common = true;
        else
            out.push_back({position, static_cast<std::uint32_t>(found >> header_.position_bits) &
                                         ((1U << surroundings_bits) - 1)});
    }
    return common;
}

std::optional<std::uint32_t> Segment::find_document(const DocumentId& id) const {
    const auto id_of = [&](std::uint32_t at) { return at < documents_.size() ? documents_[at].id : DocumentId{}; };
    const auto found = std::ranges::lower_bound(by_id_, id, {}, id_of);
    if (found == by_id_.end() || *found >= documents_.size() || documents_[*found].id != id) return std::nullopt;
    return *found;
}

std::optional<std::uint32_t> Segment::document_at(std::uint64_t position) const {
    const auto after = std::ranges::upper_bound(documents_, position, {}, &Document::begin);
    if (after == documents_.begin()) return std::nullopt;
    const auto at = static_cast<std::uint32_t>(after - documents_.begin() - 1);
    if (position - documents_[at].begin >= documents_[at].size) return std::nullopt;
    return at;
}

Result<void> Segment::read_block(std::uint32_t at, std::string& out) const {
    const std::string what = "texts, block " + std::to_string(at);
    if (at >= blocks_.size()) return damaged(what);
    const Block& block = blocks_[at];
    if (block.offset > texts_.size() || block.packed > texts_.size() - block.offset ||
        block.unpacked > limits::index_block_bytes_max)
        return damaged(what);
    const std::string_view packed = texts_.substr(block.offset, block.packed);
    if (crypto::checksum(packed) != block.checksum || !unpack_block(packed, block.unpacked, out)) return damaged(what);
    return {};
}

std::string_view Segment::text_in(std::string_view block, std::uint32_t at) const {
    const Document& document = documents_[at];
    if (document.in_block > block.size() || document.size > block.size() - document.in_block) return {};
    return block.substr(document.in_block, document.size);
}

void Segment::lines_in(std::string_view block, std::uint32_t at, std::vector<std::uint32_t>& out) const {
    out.clear();
    const Document& document = documents_[at];
    std::size_t byte = std::size_t{document.in_block} + document.size;
    std::uint32_t before = 0;
    for (std::uint32_t line = 0; line < document.lines && byte < block.size(); ++line) {
        out.push_back(before);
        std::uint32_t bytes = 0;
        for (unsigned shift = 0; byte < block.size() && shift < 35; shift += 7) {
            const auto part = static_cast<unsigned char>(block[byte++]);
            bytes |= static_cast<std::uint32_t>(static_cast<std::uint64_t>(part & 0x7F) << shift);
            if (part < 0x80) break;
        }
        before += bytes;
    }
}

} // namespace sallyport::content
