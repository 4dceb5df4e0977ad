// A segment of the index of code: documents, their fingerprints and their normalised texts in one file that never changes after it was
// written (segment_writer.h). Layout: docs/formats/index.md. Thread-safe; views live as long as the segment.
//
// Opening compares the checksums of all but the texts, which have one per block, compared at each reading. Whatever the bytes are,
// reading them is safe: a place that cannot be is an error, or found nowhere.
#pragma once

#include "base/error.h"
#include "content/document_id.h"
#include "content/segment_format.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

class Segment {
public:
    // An error names the file and what is wrong with it.
    static Result<std::shared_ptr<const Segment>> open(const std::filesystem::path& file);
    // The same over bytes that `owner` keeps; `name` is for errors.
    static Result<std::shared_ptr<const Segment>> over(std::string_view bytes, std::string name,
                                                       std::shared_ptr<const void> owner);

    std::uint32_t documents() const { return static_cast<std::uint32_t>(documents_.size()); }
    std::uint64_t entries() const { return header_.entries; }
    std::uint64_t lines() const { return header_.lines; }
    std::uint64_t bytes(segment_format::Part part) const { return header_.sections[part].bytes; }
    const std::string& name() const { return name_; }
    const segment_format::Document& document(std::uint32_t at) const { return documents_[at]; }
    std::optional<std::uint32_t> find_document(const DocumentId& id) const;
    // The document that holds a position; nullopt where none does.
    std::optional<std::uint32_t> document_at(std::uint64_t position) const;

    // In three steps, so that a batch of hashes waits for memory once: prefetch_filter, may_hold, prefetch_directory, positions.
    void prefetch_filter(std::uint64_t hash) const { __builtin_prefetch(&filter_[filter_word(hash)]); }
    bool may_hold(std::uint64_t hash) const {
        const std::uint64_t mask = segment_format::filter_mask(hash);
        return (filter_[filter_word(hash)] & mask) == mask;
    }
    void prefetch_directory(std::uint64_t hash) const { __builtin_prefetch(&directory_[bucket(hash)]); }
    void prefetch_entries(std::uint64_t hash) const;
    // Appends where grams with this hash stand, among all documents. True: in more files than are listed.
    struct Found {
        std::uint64_t position = 0;
        std::uint32_t surroundings = 0; // segment_format::may_surround()
    };
    bool positions(std::uint64_t hash, std::vector<Found>& out) const;

    // The bytes of a block of texts, checked and unpacked.
    Result<void> read_block(std::uint32_t block, std::string& out) const;
    // A document's text within its block; empty where the block is too short for it.
    std::string_view text_in(std::string_view block, std::uint32_t document) const;
    // How many normalised bytes stand before each line.
    void lines_in(std::string_view block, std::uint32_t document, std::vector<std::uint32_t>& out) const;

private:
    Segment() = default;
    Result<void> parse(std::string_view bytes);
    std::uint64_t filter_word(std::uint64_t hash) const { return segment_format::filter_word(hash, filter_.size()); }
    std::uint64_t bucket(std::uint64_t hash) const { return segment_format::bucket_of(hash, header_.bucket_bits); }
    std::uint64_t entry(std::uint64_t at) const;
    std::uint32_t width() const {
        return segment_format::remainder_bits + segment_format::surroundings_bits + header_.position_bits;
    }
    std::unexpected<Error> damaged(const std::string& what) const;

    std::string name_;
    std::shared_ptr<const void> owner_;
    segment_format::Header header_;
    std::span<const segment_format::Document> documents_;
    std::span<const segment_format::Block> blocks_;
    std::span<const std::uint32_t> by_id_, directory_;
    std::span<const std::uint64_t> filter_;
    std::string_view texts_, entries_;
};

} // namespace sallyport::content
