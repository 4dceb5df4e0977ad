// Any bytes as the files of an index of code: a segment as it is and with its checksums made right, so that what stands behind them is
// reached; a list of places; a manifest; and as a text whose numbering is looked for. Nothing is read outside of the bytes.
#include "content/alignment.h"
#include "content/manifest.h"
#include "content/normalise.h"
#include "content/repository_list.h"
#include "content/segment.h"
#include "content/winnow.h"
#include "crypto/checksum.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sallyport::content;
namespace format = sallyport::content::segment_format;

void check(bool holds) {
    if (!holds) std::abort();
}

std::string sealed(std::string bytes) {
    format::Header header;
    if (bytes.size() < sizeof header) return bytes;
    std::memcpy(&header, bytes.data(), sizeof header);
    for (format::Section& section : header.sections)
        if (section.offset <= bytes.size() && section.bytes <= bytes.size() - section.offset)
            section.checksum =
                sallyport::crypto::checksum(std::string_view(bytes).substr(section.offset, section.bytes));
    const std::string_view head(reinterpret_cast<const char*>(&header), sizeof header);
    header.checksum = sallyport::crypto::checksum(head.substr(0, sizeof header - 8));
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

void read_all(const Segment& segment) {
    std::vector<Segment::Found> found;
    std::string block;
    std::vector<std::uint32_t> lines;
    for (std::uint64_t i = 0; i < 64; ++i) {
        const std::uint64_t hash = i << 58 | i * 0x9E37'79B9;
        segment.prefetch_filter(hash);
        segment.prefetch_directory(hash);
        segment.prefetch_entries(hash);
        static_cast<void>(segment.may_hold(hash));
        segment.positions(hash, found);
    }
    for (const Segment::Found& one : found)
        if (const auto document = segment.document_at(one.position)) check(*document < segment.documents());
    for (std::uint32_t at = 0; at < segment.documents() && at < 64; ++at) {
        const auto& document = segment.document(at);
        if (const auto same = segment.find_document(document.id)) check(segment.document(*same).id == document.id);
        if (!segment.read_block(document.block, block)) continue;
        const std::string_view text = segment.text_in(block, at);
        segment.lines_in(block, at, lines);
        check(lines.size() <= document.lines);
        const SharedRun run = exact_run(text, block, 0, document.in_block);
        check(run.size >= text.size() || text.empty());
    }
}

void check_segment(const std::string& bytes) {
    // 8 bytes aligned, as a mapped file is.
    std::vector<std::uint64_t> aligned(bytes.size() / 8 + 1);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    const std::string_view view(reinterpret_cast<const char*>(aligned.data()), bytes.size());
    if (const auto segment = Segment::over(view, "fuzzed", nullptr)) read_all(**segment);
}

void check_list(std::string bytes) {
    if (const auto list = RepositoryList::parse(bytes, "fuzzed"))
        for (std::size_t i = 0; i < list->size(); ++i) check(list->path(i).size() < bytes.size());
    if (bytes.size() < 8) return;
    const std::uint64_t sum = sallyport::crypto::checksum(std::string_view(bytes).substr(0, bytes.size() - 8));
    std::memcpy(bytes.data() + bytes.size() - 8, &sum, 8);
    if (const auto list = RepositoryList::parse(bytes, "fuzzed"))
        for (std::size_t i = 0; i < list->size(); ++i) check(list->path(i).size() < bytes.size());
}

void check_text(std::string_view text) {
    Normalised fast, slow;
    normalise(text, Numbering::left_out, fast);
    normalise_in_software(text, Numbering::left_out, slow);
    check(fast.text() == slow.text());
    for (std::size_t i = 0; i < fast.size(); ++i)
        check(fast.offset(i) == slow.offset(i) && fast.offset(i) < text.size());
    std::vector<Fingerprint> narrow, wide;
    winnow(fast.text(), window_narrow, narrow);
    winnow(fast.text(), window_wide, wide);
    check(wide.size() <= narrow.size() && narrow.empty() == (fast.size() < gram_bytes));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    check_segment(bytes);
    check_segment(sealed(bytes));
    check_list(bytes);
    if (const auto manifest = Manifest::parse(bytes, "fuzzed"))
        check(Manifest::parse(manifest->encode(), "again").has_value());
    check_text(bytes);
    return 0;
}
