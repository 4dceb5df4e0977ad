// A sealed part of the index of the company's code: fingerprints of documents (winnow.h) in a form that is looked up in memory mapped
// from the file, and the documents' normal forms, against which each match is verified. docs/formats/index.md has the layout.
//
// A Segment is immutable and shared by threads; the file must not change while it is open (it never does: it is written under
// another name and renamed). Sums of all parts are checked when it is opened, so that damage is an error that names the file.
#pragma once

#include "base/error.h"
#include "content/winnow.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

using DocumentDigest = std::array<unsigned char, 32>; // of its content: SHA-256, or git's object id padded with zeros

struct SegmentHeader;
struct SegmentDocument { // as it lies in the file
    DocumentDigest digest{};
    std::uint64_t text_at = 0;    // of its compressed normal form with line ends, in the texts
    std::uint32_t text_bytes = 0; // compressed
    std::uint32_t line_text_bytes = 0;
    std::uint32_t begin = 0; // in the normal forms of all documents one behind the other, without line ends
    std::uint32_t bytes = 0;
};

// A document's normal form, unpacked to be compared with.
struct DocumentText {
    std::string text;                                // without line ends
    std::vector<std::uint32_t> lines;                // where each line begins in it
    std::uint32_t line_at(std::size_t offset) const; // from 1
};

class Segment {
public:
    static Result<std::shared_ptr<const Segment>> open(const std::filesystem::path& file);
    // For tests and the fuzzer. `bytes` must live as long as the segment, and be aligned to 8.
    static Result<std::shared_ptr<const Segment>> over(std::string_view bytes, const std::string& name);
    ~Segment();
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    std::span<const SegmentDocument> documents() const { return documents_; }
    // Whether the hash may be in it: cheap, wrong in a few of a hundred cases.
    bool may_hold(std::uint64_t hash) const;
    void prefetch(std::uint64_t hash) const;
    // Appends the places of grams with this hash, or one like it: offsets in the normal forms of all documents.
    void look_up(std::uint64_t hash, std::vector<std::uint32_t>& places) const;
    std::size_t document_at(std::uint32_t place) const;
    Result<void> unpack(std::size_t document, DocumentText& into) const;
    std::uint64_t fingerprints() const;
    std::size_t window() const;                              // of its documents
    std::size_t index_bytes() const { return index_bytes_; } // without the texts

private:
    Segment() = default;
    Result<void> read(std::string_view bytes, const std::string& name);

    std::string name_;
    const void* mapped_ = nullptr;
    std::size_t mapped_bytes_ = 0, index_bytes_ = 0;
    const SegmentHeader* header_ = nullptr;
    std::span<const SegmentDocument> documents_;
    std::span<const std::uint64_t> filter_;
    std::span<const std::uint32_t> buckets_; // where each begins, one more at the end
    std::span<const std::uint16_t> tails_;
    std::span<const std::uint32_t> places_;
    std::string_view texts_;
};

// Collects documents, then writes them as one segment. What it holds grows with what is added: see full().
class SegmentWriter {
public:
    // `window`: of all documents of the segment. `content` up to limits::indexed_document_bytes_max.
    void add(const DocumentDigest& digest, std::string_view content, std::size_t window);
    bool empty() const { return documents_.empty(); }
    bool full() const;
    std::size_t documents() const { return documents_.size(); }
    // Durable under its name, or not there. Empties the writer.
    Result<void> write(const std::filesystem::path& file);
    std::string bytes() const; // of the file

private:
    struct Posting {
        std::uint64_t hash;
        std::uint32_t place;
    };
    std::vector<SegmentDocument> documents_;
    std::vector<Posting> postings_;
    std::string texts_;
    std::uint64_t normal_bytes_ = 0;
    std::size_t window_ = wide_window;
    std::string with_lines_, normal_, packed_;
    std::vector<Fingerprint> fingerprints_;
};

} // namespace sallyport::content
