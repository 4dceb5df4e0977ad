#include "content/segment_writer.h"

#include "base/limits.h"
#include "content/text_block.h"
#include "crypto/checksum.h"

#include <algorithm>
#include <bit>
#include <fcntl.h>
#include <numeric>
#include <unistd.h>

namespace sallyport::content {

using namespace segment_format;

namespace {

constexpr std::size_t buffer_bytes = 1u << 20;
constexpr std::uint64_t entries_per_bucket = 24; // of the directory; between half and all of it
constexpr std::uint64_t place_mask = (1ULL << position_bits_max) - 1;
constexpr std::size_t group_max = 1u << 16; // postings of one hash that are looked at; with more it is common anyway

template <class T> std::string_view bytes_of(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

void put_number(std::string& out, std::uint32_t value) { // LEB128
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

// Values of a fixed width, one behind the other from the lowest bit on.
class PackedEntries {
public:
    PackedEntries(std::uint32_t width, std::uint64_t count) : width_(width) {
        bytes_.resize((count * width + 7) / 8 + entries_padding);
    }
    void push(std::uint64_t value) {
        const std::uint64_t bit = count_++ * width_;
        std::uint64_t word = 0;
        std::memcpy(&word, bytes_.data() + bit / 8, sizeof word);
        word |= value << (bit % 8);
        std::memcpy(bytes_.data() + bit / 8, &word, sizeof word);
    }
    std::string_view bytes() const { return bytes_; }

private:
    std::uint32_t width_;
    std::uint64_t count_ = 0;
    std::string bytes_;
};

} // namespace

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(std::filesystem::path file) {
    auto draft = file.parent_path() / ("." + file.filename().string() + ".draft");
    ::unlink(draft.c_str()); // what was left behind must not lend its mode
    const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return fail_errno("cannot create " + draft.string());
    std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(file), std::move(draft), descriptor));
    if (auto room = writer->append(std::string(sizeof(Header), '\0')); !room) return std::unexpected(room.error());
    writer->header_.sections[texts].offset = sizeof(Header);
    return writer;
}

SegmentWriter::SegmentWriter(std::filesystem::path file, std::filesystem::path draft, int descriptor)
    : file_(std::move(file)), draft_(std::move(draft)), descriptor_(descriptor), postings_(draft_.string() + ".runs") {}

SegmentWriter::~SegmentWriter() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(draft_.c_str());
}

bool SegmentWriter::is_full() const {
    return header_.positions > limits::index_segment_bytes_max - 2 * limits::index_document_bytes_max ||
           postings_.count() > limits::index_segment_postings_max - limits::index_document_bytes_max;
}

Result<void> SegmentWriter::add(const DocumentId& id, std::uint32_t lineage, unsigned window,
                                std::string_view normalised, std::span<const std::uint32_t> lines) {
    if (normalised.size() > limits::index_document_bytes_max)
        return fail(ErrorKind::too_large, "a document has more than " +
                                              std::to_string(limits::index_document_bytes_max) +
                                              " letters and digits: leave it out of the index");
    if (is_full()) return fail(ErrorKind::too_large, "the index segment " + file_.string() + " is full");
    Document document;
    document.id = id;
    document.begin = header_.positions;
    document.size = static_cast<std::uint32_t>(normalised.size());
    document.lines = static_cast<std::uint32_t>(lines.size());
    document.block = static_cast<std::uint32_t>(blocks_.size());
    document.in_block = static_cast<std::uint32_t>(block_.size());
    document.lineage = lineage;
    document.window = window;
    block_ += normalised;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t end = i + 1 < lines.size() ? lines[i + 1] : normalised.size();
        put_number(block_, static_cast<std::uint32_t>(end - lines[i]));
    }
    winnow(normalised, window, fingerprints_);
    for (const Fingerprint& one : fingerprints_) {
        const std::uint64_t surroundings = surroundings_of(normalised, one.position, gram_bytes);
        const std::uint64_t place = surroundings << position_bits_max | (header_.positions + one.position);
        if (auto added = postings_.add(one.hash, place); !added) return added;
    }
    header_.positions += normalised.size();
    header_.lines += lines.size();
    documents_.push_back(document);
    return block_.size() < limits::index_block_bytes ? Result<void>{} : close_block();
}

Result<void> SegmentWriter::append(std::string_view bytes) {
    buffer_ += bytes;
    written_ += bytes.size();
    return buffer_.size() < buffer_bytes ? Result<void>{} : flush();
}

Result<void> SegmentWriter::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot write " + draft_.string());
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    buffer_.clear();
    return {};
}

Result<void> SegmentWriter::close_block() {
    if (block_.empty()) return {};
    const std::string packed = pack_block(block_);
    Block block;
    block.offset = written_ - header_.sections[texts].offset;
    block.packed = static_cast<std::uint32_t>(packed.size());
    block.unpacked = static_cast<std::uint32_t>(block_.size());
    block.checksum = crypto::checksum(packed);
    blocks_.push_back(block);
    block_.clear();
    return append(packed);
}

Result<void> SegmentWriter::write_part(Part part, std::string_view bytes) {
    if (auto padded = append(std::string((8 - written_ % 8) % 8, '\0')); !padded) return padded;
    header_.sections[part] = {written_, bytes.size(), crypto::checksum(bytes)};
    return append(bytes);
}

std::uint32_t SegmentWriter::lineage_at(std::uint64_t position) const {
    return (std::ranges::upper_bound(documents_, position, {}, &Document::begin) - 1)->lineage;
}

// Which places of one hash are written. Gives how many entries that makes, with the mark of what is common.
std::size_t SegmentWriter::choose(std::span<const Posting> group, std::vector<std::uint64_t>& places) const {
    places.clear();
    bool common = group.size() > limits::index_postings_max;
    if (group.size() > limits::index_files_max) {
        std::vector<std::uint32_t> files;
        for (const Posting& posting : group.last(std::min(group.size(), group_max)))
            files.push_back(lineage_at(posting.place & place_mask));
        std::ranges::sort(files);
        common = common || files.size() - std::ranges::unique(files).size() > limits::index_files_max;
    }
    // The last ones are the newest.
    for (const Posting& posting : common ? group.last(limits::index_postings_common) : group)
        places.push_back(posting.place >> position_bits_max << header_.position_bits | (posting.place & place_mask));
    if (common) places.push_back(common_position(header_.position_bits));
    return places.size();
}

Result<void> SegmentWriter::write_fingerprints() {
    header_.position_bits = static_cast<std::uint32_t>(std::bit_width(header_.positions + 1));
    std::uint64_t hashes = 0;
    std::vector<std::uint64_t> places;
    auto counted = postings_.for_each_hash([&](std::span<const Posting> group) {
        ++hashes;
        header_.entries += choose(group, places);
    });
    if (!counted) return counted;
    header_.bucket_bits = std::min<std::uint32_t>(
        bucket_bits_max, static_cast<std::uint32_t>(std::bit_width(header_.entries / entries_per_bucket)));
    std::vector<std::uint32_t> begins((1ULL << header_.bucket_bits) + 1);
    std::vector<std::uint64_t> words(hashes * filter_bits_per_hash / 64 + 1);
    const std::uint32_t below = surroundings_bits + header_.position_bits;
    PackedEntries packed(remainder_bits + below, header_.entries);
    auto visited = postings_.for_each_hash([&](std::span<const Posting> group) {
        const std::uint64_t hash = group.front().hash;
        words[filter_word(hash, words.size())] |= filter_mask(hash);
        begins[bucket_of(hash, header_.bucket_bits) + 1] += static_cast<std::uint32_t>(choose(group, places));
        const std::uint64_t remainder = remainder_of(hash, header_.bucket_bits) << below;
        for (const std::uint64_t place : places) packed.push(remainder | place);
    });
    if (!visited) return visited;
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    if (auto done = write_part(directory, bytes_of(begins)); !done) return done;
    if (auto done = write_part(filter, bytes_of(words)); !done) return done;
    return write_part(entries, packed.bytes());
}

Result<void> SegmentWriter::finish() {
    if (auto done = close_block(); !done) return done;
    header_.sections[texts].bytes = written_ - header_.sections[texts].offset;
    if (auto done = write_part(blocks, bytes_of(blocks_)); !done) return done;
    if (auto done = write_part(segment_format::documents, bytes_of(documents_)); !done) return done;
    std::vector<std::uint32_t> order(documents_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::uint32_t at) { return std::pair(documents_[at].id, documents_[at].window); });
    if (auto done = write_part(by_id, bytes_of(order)); !done) return done;
    if (auto done = write_fingerprints(); !done) return done;
    if (auto done = flush(); !done) return done;
    std::memcpy(header_.magic, magic.data(), sizeof header_.magic);
    header_.version = version;
    header_.gram_bytes = gram_bytes;
    header_.documents = documents_.size();
    const std::string_view head(reinterpret_cast<const char*>(&header_), sizeof header_);
    header_.checksum = crypto::checksum(head.substr(0, sizeof header_ - 8));
    if (::pwrite(descriptor_, head.data(), head.size(), 0) != static_cast<ssize_t>(head.size()) ||
        ::fsync(descriptor_) != 0)
        return fail_errno("cannot write " + draft_.string());
    if (::rename(draft_.c_str(), file_.c_str()) != 0) return fail_errno("cannot rename " + draft_.string());
    ::close(std::exchange(descriptor_, -1));
    return {};
}

} // namespace sallyport::content
