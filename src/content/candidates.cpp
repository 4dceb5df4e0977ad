#include "content/candidates.h"

#include "base/limits.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::content {

namespace {

// How many look-ups wait for memory at the same time.
constexpr std::size_t ahead = 16;
// Of a gram that stands at more places, only those that may be part of a run long enough: the others share the gram and little more.
constexpr std::size_t places_taken_all = 8;
constexpr std::size_t radix_min = 2'048; // numbers; fewer are sorted faster by comparing
// A position, whether its surroundings are those of the text, and the fingerprint that stands there, to be sorted as one number.
constexpr unsigned fingerprint_bits = 24, position_shift = fingerprint_bits + 1;
constexpr std::uint64_t fingerprint_mask = (1U << fingerprint_bits) - 1;
static_assert(segment_format::position_bits_max + position_shift <= 64);
static_assert(limits::scanned_text_bytes_max / (window_narrow + 1) * 2 < fingerprint_mask);

// By position, least significant digit first; what was added first stays first, so the fingerprints ascend.
void sort_by_position(std::vector<std::uint64_t>& packed, std::vector<std::uint64_t>& copy) {
    constexpr unsigned digit_bits = 11;
    constexpr std::uint64_t mask = (1U << digit_bits) - 1;
    static_assert(3 * digit_bits >= segment_format::position_bits_max);
    if (packed.size() < radix_min) {
        std::ranges::sort(packed);
        return;
    }
    copy.resize(packed.size());
    for (unsigned shift = position_shift; shift < position_shift + 3 * digit_bits; shift += digit_bits) {
        std::array<std::uint32_t, mask + 1> begin{};
        for (const std::uint64_t one : packed) ++begin[one >> shift & mask];
        std::uint32_t sum = 0;
        for (std::uint32_t& count : begin) sum += std::exchange(count, sum);
        for (const std::uint64_t one : packed) copy[begin[one >> shift & mask]++] = one;
        packed.swap(copy);
    }
}

void look_up(const Segment& segment, std::string_view text, std::span<const Fingerprint> all, Candidates& out) {
    out.passed.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i + ahead < all.size()) segment.prefetch_filter(all[i + ahead].hash);
        if (segment.may_hold(all[i].hash)) out.passed.push_back(static_cast<std::uint32_t>(i));
    }
    const std::size_t passed = out.passed.size();
    const auto hash = [&](std::size_t i) { return all[out.passed[i]].hash; };
    for (std::size_t i = 0; i < passed; ++i) {
        if (i + 2 * ahead < passed) segment.prefetch_directory(hash(i + 2 * ahead));
        if (i + ahead < passed) segment.prefetch_entries(hash(i + ahead));
        out.positions.clear();
        if (segment.positions(hash(i), out.positions)) out.common[out.passed[i]] = 1;
        if (out.positions.empty()) continue;
        const std::uint32_t here = segment_format::surroundings_of(text, all[out.passed[i]].position, gram_bytes);
        const bool many = out.positions.size() > places_taken_all;
        for (const Segment::Found& found : out.positions) {
            const bool surrounded = segment_format::may_surround(found.surroundings, here);
            if (many && !surrounded) continue;
            out.packed.push_back(found.position << position_shift | (surrounded ? 1ULL << fingerprint_bits : 0ULL) |
                                 out.passed[i]);
        }
        if (out.packed.size() + out.anchors.size() > limits::attribution_anchors_max) {
            out.complete = false;
            return;
        }
    }
}

void group(const CodeIndex& index, std::uint32_t segment, Candidates& out) {
    const Segment& file = index.segment(segment);
    sort_by_position(out.packed, out.copy);
    for (std::size_t i = 0; i < out.packed.size();) {
        const auto document = file.document_at(out.packed[i] >> position_shift);
        if (!document) {
            ++i;
            continue;
        }
        const auto& record = file.document(*document);
        Candidate candidate{segment, *document, static_cast<std::uint32_t>(out.anchors.size()), 0};
        const bool stands = !index.places(segment, *document).empty();
        for (; i < out.packed.size(); ++i) {
            const std::uint64_t at = (out.packed[i] >> position_shift) - record.begin;
            if (at >= record.size) break;
            if (stands)
                out.anchors.push_back({static_cast<std::uint32_t>(out.packed[i] & fingerprint_mask),
                                       static_cast<std::uint32_t>(out.packed[i] >> fingerprint_bits & 1),
                                       static_cast<std::uint32_t>(at)});
        }
        candidate.end = static_cast<std::uint32_t>(out.anchors.size());
        if (stands) out.documents.push_back(candidate);
    }
}

} // namespace

void find_candidates(const CodeIndex& index, std::string_view text, std::span<const Fingerprint> fingerprints,
                     Candidates& out) {
    out.anchors.clear();
    out.documents.clear();
    out.complete = fingerprints.size() <= fingerprint_mask;
    fingerprints = fingerprints.first(std::min<std::size_t>(fingerprints.size(), fingerprint_mask));
    out.common.assign(fingerprints.size(), 0);
    for (std::uint32_t segment = 0; segment < index.segments() && out.complete; ++segment) {
        out.packed.clear();
        look_up(index.segment(segment), text, fingerprints, out);
        group(index, segment, out);
    }
}

} // namespace sallyport::content
