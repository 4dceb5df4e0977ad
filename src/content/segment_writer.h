// Writes one segment (segment.h): documents are added, then the file is finished under its name. Until then it has a name of its own
// (".NAME.draft"), and what is there after a crash is no segment. One thread. Memory: limits::index_run_postings_max postings, 64
// bytes a document, about 2 bytes for each of its fingerprints at the end; texts go to the disk block by block.
#pragma once

#include "base/error.h"
#include "content/document_id.h"
#include "content/postings.h"
#include "content/segment_format.h"
#include "content/winnow.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

class SegmentWriter {
public:
    static Result<std::unique_ptr<SegmentWriter>> create(std::filesystem::path file);
    ~SegmentWriter(); // without finish(): nothing is left
    SegmentWriter(const SegmentWriter&) = delete;
    SegmentWriter& operator=(const SegmentWriter&) = delete;

    // `normalised` and `lines` as normalise_document() gives them; each id once. `lineage`: the same for versions of one file, so that
    // a file with a hundred versions does not make its own content common.
    Result<void> add(const DocumentId& id, std::uint32_t lineage, unsigned window, std::string_view normalised,
                     std::span<const std::uint32_t> lines);
    std::size_t documents() const { return documents_.size(); }
    // Beyond this a further segment should be begun.
    bool is_full() const;
    // Sorted, written, synced, renamed. No add() afterwards.
    Result<void> finish();

    Postings& postings() { return postings_; } // for tests

private:
    SegmentWriter(std::filesystem::path file, std::filesystem::path draft, int descriptor);
    Result<void> append(std::string_view bytes);
    Result<void> flush();
    Result<void> close_block();
    Result<void> write_part(segment_format::Part part, std::string_view bytes);
    Result<void> write_fingerprints();
    std::size_t choose(std::span<const Posting> group, std::vector<std::uint64_t>& places) const;
    std::uint32_t lineage_at(std::uint64_t position) const;

    std::filesystem::path file_, draft_;
    int descriptor_;
    std::uint64_t written_ = 0;
    std::string buffer_; // before it is written
    segment_format::Header header_;
    std::vector<segment_format::Document> documents_;
    std::vector<segment_format::Block> blocks_;
    std::string block_;
    Postings postings_;
    std::vector<Fingerprint> fingerprints_;
};

} // namespace sallyport::content
