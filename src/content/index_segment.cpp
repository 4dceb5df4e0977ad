#include "content/index_segment.h"

#include "base/file.h"
#include "base/limits.h"
#include "content/normalise.h"
#include "crypto/crypto.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::content {

static_assert(std::endian::native == std::endian::little, "the file is read as it lies");

namespace {
constexpr std::array<char, 8> magic = {'S', 'P', 'I', 'N', 'D', 'E', 'X', '1'};
constexpr std::size_t postings_of_hash_max = 64;
constexpr std::size_t postings_max = 24u << 20;      // about 600 MB of source a segment
constexpr std::uint64_t normal_bytes_max = 1u << 31; // places have 32 bits
constexpr unsigned filter_bits_a_posting = 10;
constexpr unsigned bucket_of = 8; // postings
constexpr int pack_level = 3;
} // namespace

// All parts begin at a multiple of 8, in this order, directly behind each other.
struct SegmentHeader {
    std::array<char, 8> magic{};
    std::uint64_t documents = 0, filter_words = 0, bucket_bits = 0, postings = 0, text_bytes = 0;
    std::array<std::uint32_t, 6> sums{}; // CRC-32C of the parts
    std::uint32_t window = 0;
    std::uint32_t header_sum = 0; // of what stands before it
};
static_assert(sizeof(SegmentHeader) == 80 && sizeof(SegmentDocument) == 56);

namespace {

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

struct Layout {
    std::array<std::size_t, 6> bytes{}, begin{};
    std::size_t end = 0;
};
Layout layout_of(const SegmentHeader& h) {
    Layout out;
    out.bytes = {h.documents * sizeof(SegmentDocument),
                 h.filter_words * 8,
                 ((std::size_t{1} << h.bucket_bits) + 1) * 4,
                 h.postings * 2,
                 h.postings * 4,
                 h.text_bytes};
    out.end = sizeof(SegmentHeader);
    for (std::size_t i = 0; i < out.bytes.size(); ++i) {
        out.begin[i] = out.end;
        out.end += padded(out.bytes[i]);
    }
    return out;
}

std::uint32_t sum_of(const SegmentHeader& h) {
    return crypto::crc32c({reinterpret_cast<const char*>(&h), offsetof(SegmentHeader, header_sum)});
}

// Five bits of one word (a blocked Bloom filter: Putze, Sanders, Singler 2007).
std::uint64_t bits_of(std::uint64_t hash) {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 5; ++i) bits |= std::uint64_t{1} << (hash >> (6 * i) & 63);
    return bits;
}
std::size_t word_of(std::uint64_t hash, std::size_t words) {
    return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * words) >> 64);
}
std::size_t bucket_index(std::uint64_t hash, std::uint64_t bits) {
    return bits == 0 ? 0 : static_cast<std::size_t>(hash >> (64 - bits));
}
// 16 bits that neither the filter nor the bucket has used up.
std::uint16_t tail_of(std::uint64_t hash) { return static_cast<std::uint16_t>(hash >> 16); }

} // namespace

std::uint32_t DocumentText::line_at(std::size_t offset) const {
    return static_cast<std::uint32_t>(std::ranges::upper_bound(lines, offset) - lines.begin());
}

Segment::~Segment() {
    if (mapped_ != nullptr) ::munmap(const_cast<void*>(mapped_), mapped_bytes_);
}

Result<std::shared_ptr<const Segment>> Segment::open(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail_errno("open " + file.string());
    struct ::stat status{};
    const bool told = ::fstat(fd, &status) == 0;
    void* mapped = MAP_FAILED;
    if (told && status.st_size > 0)
        mapped = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (mapped == MAP_FAILED)
        return fail(ErrorKind::invalid, "the index segment " + file.string() + " is empty or cannot be mapped");
    std::shared_ptr<Segment> segment(new Segment);
    segment->mapped_ = mapped;
    segment->mapped_bytes_ = static_cast<std::size_t>(status.st_size);
    if (auto read = segment->read({static_cast<const char*>(mapped), segment->mapped_bytes_}, file.string()); !read)
        return std::unexpected(read.error());
    return segment;
}

Result<std::shared_ptr<const Segment>> Segment::over(std::string_view bytes, const std::string& name) {
    std::shared_ptr<Segment> segment(new Segment);
    if (auto read = segment->read(bytes, name); !read) return std::unexpected(read.error());
    return segment;
}

Result<void> Segment::read(std::string_view bytes, const std::string& name) {
    name_ = name;
    const auto damaged = [&](std::string_view what) {
        return fail(ErrorKind::invalid,
                    fmt::format("the index segment {} is damaged ({}); index its repositories anew", name, what));
    };
    if (bytes.size() < sizeof(SegmentHeader)) return damaged("it is cut off");
    header_ = reinterpret_cast<const SegmentHeader*>(bytes.data());
    const SegmentHeader& h = *header_;
    if (h.magic != magic) return damaged("it is no segment, or of another version");
    if (h.header_sum != sum_of(h)) return damaged("its header");
    if (h.bucket_bits > 32 || h.documents > bytes.size() || h.filter_words > bytes.size() || h.filter_words == 0 ||
        h.postings > bytes.size() || h.text_bytes > bytes.size())
        return damaged("its header");
    const Layout layout = layout_of(h);
    if (layout.end != bytes.size()) return damaged("its length");
    for (std::size_t i = 0; i < h.sums.size(); ++i)
        if (crypto::crc32c(bytes.substr(layout.begin[i], layout.bytes[i])) != h.sums[i])
            return damaged(fmt::format("part {}", i + 1));
    const auto part = [&]<class T>(std::size_t i, std::span<const T>& into) {
        into = {reinterpret_cast<const T*>(bytes.data() + layout.begin[i]), layout.bytes[i] / sizeof(T)};
    };
    part(0, documents_);
    part(1, filter_);
    part(2, buckets_);
    part(3, tails_);
    part(4, places_);
    texts_ = bytes.substr(layout.begin[5], layout.bytes[5]);
    index_bytes_ = layout.begin[5];
    // A sum says that the bytes are those that were written, not by whom: nothing may point beyond its part.
    std::uint64_t next = 0;
    for (const SegmentDocument& one : documents_) {
        if (one.begin != next || one.text_at > texts_.size() || one.text_bytes > texts_.size() - one.text_at ||
            one.line_text_bytes > limits::indexed_document_bytes_max || one.bytes > one.line_text_bytes)
            return damaged("a document");
        next += one.bytes;
    }
    if (next > normal_bytes_max) return damaged("its documents");
    for (std::size_t i = 0; i < buckets_.size(); ++i)
        if (buckets_[i] > h.postings || (i > 0 && buckets_[i] < buckets_[i - 1])) return damaged("a bucket");
    if (buckets_.back() != h.postings || buckets_.front() != 0) return damaged("its buckets");
    for (const std::uint32_t place : places_)
        if (place >= next) return damaged("a place");
    return {};
}

std::uint64_t Segment::fingerprints() const { return header_->postings; }

std::size_t Segment::window() const { return header_->window; }

void Segment::prefetch(std::uint64_t hash) const { __builtin_prefetch(&filter_[word_of(hash, filter_.size())]); }

bool Segment::may_hold(std::uint64_t hash) const {
    const std::uint64_t bits = bits_of(hash);
    return (filter_[word_of(hash, filter_.size())] & bits) == bits;
}

void Segment::look_up(std::uint64_t hash, std::vector<std::uint32_t>& places) const {
    const std::size_t bucket = bucket_index(hash, header_->bucket_bits);
    const std::uint16_t tail = tail_of(hash);
    for (std::uint32_t i = buckets_[bucket]; i < buckets_[bucket + 1]; ++i)
        if (tails_[i] == tail) places.push_back(places_[i]);
}

std::size_t Segment::document_at(std::uint32_t place) const {
    const auto behind = std::ranges::upper_bound(documents_, place, {}, &SegmentDocument::begin);
    return static_cast<std::size_t>(behind - documents_.begin()) - 1;
}

Result<void> Segment::unpack(std::size_t document, DocumentText& into) const {
    const SegmentDocument& one = documents_[document];
    std::string with_lines(one.line_text_bytes, '\0');
    const std::size_t size =
        ::ZSTD_decompress(with_lines.data(), with_lines.size(), texts_.data() + one.text_at, one.text_bytes);
    into.text.clear();
    into.lines.assign(1, 0);
    for (const char c : with_lines)
        c == '\n' ? into.lines.push_back(static_cast<std::uint32_t>(into.text.size())) : into.text.push_back(c);
    if (::ZSTD_isError(size) != 0 || size != with_lines.size() || into.text.size() != one.bytes)
        return fail(ErrorKind::invalid, fmt::format("the index segment {} is damaged (document {})", name_, document));
    return {};
}

void SegmentWriter::add(const DocumentDigest& digest, std::string_view content, std::size_t window) {
    normalise_lines(content.substr(0, limits::indexed_document_bytes_max), with_lines_);
    normal_.clear();
    normal_.reserve(with_lines_.size());
    for (const char c : with_lines_)
        if (c != '\n') normal_.push_back(c);
    window_ = documents_.empty() ? window : std::min(window_, window);
    SegmentDocument one;
    one.digest = digest;
    one.begin = static_cast<std::uint32_t>(normal_bytes_);
    one.bytes = static_cast<std::uint32_t>(normal_.size());
    one.line_text_bytes = static_cast<std::uint32_t>(with_lines_.size());
    one.text_at = texts_.size();
    packed_.resize(::ZSTD_compressBound(with_lines_.size()));
    one.text_bytes = static_cast<std::uint32_t>(
        ::ZSTD_compress(packed_.data(), packed_.size(), with_lines_.data(), with_lines_.size(), pack_level));
    texts_.append(packed_, 0, one.text_bytes);
    winnow(normal_, window, fingerprints_);
    for (const Fingerprint& f : fingerprints_) postings_.push_back({f.hash, one.begin + f.at});
    normal_bytes_ += normal_.size();
    documents_.push_back(one);
}

bool SegmentWriter::full() const {
    return postings_.size() >= postings_max || normal_bytes_ + limits::indexed_document_bytes_max > normal_bytes_max;
}

std::string SegmentWriter::bytes() const {
    std::vector<Posting> sorted = postings_;
    std::ranges::sort(sorted, {}, [](const Posting& one) { return std::pair(one.hash, one.place); });
    // Boilerplate: of what stands in very many places some are enough to tell that it does.
    std::size_t same = 0;
    std::uint64_t before = 0;
    std::erase_if(sorted, [&](const Posting& one) {
        same = one.hash == before ? same + 1 : 0;
        before = one.hash;
        return same >= postings_of_hash_max;
    });
    SegmentHeader h;
    h.magic = magic;
    h.documents = documents_.size();
    h.postings = sorted.size();
    h.bucket_bits = static_cast<std::uint64_t>(std::bit_width(sorted.size() / bucket_of));
    h.filter_words = std::max<std::uint64_t>(1, (sorted.size() * filter_bits_a_posting + 63) / 64);
    h.text_bytes = texts_.size();
    h.window = static_cast<std::uint32_t>(window_);
    const Layout layout = layout_of(h);
    std::string out(layout.end, '\0');
    const auto part = [&]<class T>(std::size_t i, T*& into) {
        into = reinterpret_cast<T*>(out.data() + layout.begin[i]);
    };
    std::uint64_t* filter = nullptr;
    std::uint32_t *buckets = nullptr, *places = nullptr;
    std::uint16_t* tails = nullptr;
    part(1, filter);
    part(2, buckets);
    part(3, tails);
    part(4, places);
    std::memcpy(out.data() + layout.begin[0], documents_.data(), layout.bytes[0]);
    std::memcpy(out.data() + layout.begin[5], texts_.data(), texts_.size());
    std::size_t bucket = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const Posting& one = sorted[i];
        filter[word_of(one.hash, h.filter_words)] |= bits_of(one.hash);
        for (const std::size_t own = bucket_index(one.hash, h.bucket_bits); bucket < own;)
            buckets[++bucket] = static_cast<std::uint32_t>(i);
        tails[i] = tail_of(one.hash);
        places[i] = one.place;
    }
    while (bucket < std::size_t{1} << h.bucket_bits) buckets[++bucket] = static_cast<std::uint32_t>(sorted.size());
    for (std::size_t i = 0; i < h.sums.size(); ++i)
        h.sums[i] = crypto::crc32c(std::string_view(out).substr(layout.begin[i], layout.bytes[i]));
    h.header_sum = sum_of(h);
    std::memcpy(out.data(), &h, sizeof h);
    return out;
}

Result<void> SegmentWriter::write(const std::filesystem::path& file) {
    auto written = replace_file(file, bytes(), 0600);
    if (written) *this = SegmentWriter();
    return written;
}

} // namespace sallyport::content
