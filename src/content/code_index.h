// The company's code as far as it was indexed: which documents stand in which repositories, and the segments in which they are looked
// up. Immutable once loaded; shared by threads. Made by IndexWriter (`sallyport repo index`), read anew when its generation changes.
#pragma once

#include "content/index_segment.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

struct DocumentPlace {
    std::uint32_t repository = 0; // of CodeIndex::repositories()
    std::string path;
};

class CodeIndex {
public:
    // An empty one where nothing was indexed yet. Fails with the name of what is damaged.
    static Result<std::shared_ptr<const CodeIndex>> load(const std::filesystem::path& folder);
    // What changes whenever an IndexWriter has written; 0: nothing was indexed yet.
    static std::uint64_t generation_of(const std::filesystem::path& folder);

    bool empty() const { return segments_.empty(); }
    std::uint64_t generation() const { return generation_; }
    const std::vector<std::string>& repositories() const { return repositories_; } // "git.acme.example/core/engine"
    std::span<const std::shared_ptr<const Segment>> segments() const { return segments_; }
    // Where a document of a segment stands; nowhere if its repositories were indexed anew without it.
    std::span<const DocumentPlace> places(std::size_t segment, std::size_t document) const;
    std::size_t documents() const { return place_count_; }

private:
    std::uint64_t generation_ = 0;
    std::vector<std::string> repositories_;
    std::vector<std::shared_ptr<const Segment>> segments_;
    std::vector<std::vector<std::uint32_t>> first_place_; // by segment and document, one more at the end
    std::vector<DocumentPlace> places_;
    std::size_t place_count_ = 0;
};

// A repository's list of documents as it lies in a file: docs/formats/index.md.
struct RepositoryList {
    struct Entry {
        DocumentDigest digest{};
        std::string path;
    };
    std::string repository;
    std::vector<Entry> entries;

    std::string text() const;
    static Result<RepositoryList> parse(std::string_view text, const std::string& name);
};

// Adds a repository, or what is new in it: documents that are known already cost a line in its list. One writer at a time; readers go
// on with what was there before.
class IndexWriter {
public:
    static Result<IndexWriter> open(const std::filesystem::path& folder);
    IndexWriter(IndexWriter&&) noexcept;
    ~IndexWriter();

    void begin(std::string repository, std::size_t window);
    // Whether its content need not be read.
    bool knows(const DocumentDigest& digest) const;
    void place(const DocumentDigest& digest, std::string path);
    Result<void> add(const DocumentDigest& digest, std::string_view content); // of one that is not known
    Result<void> finish();                                                    // from now on readers see it
    Result<void> remove(const std::string& repository);
    std::size_t documents_added() const { return added_; }

private:
    IndexWriter() = default;
    Result<void> seal();
    Result<void> bump();

    std::filesystem::path folder_;
    int lock_ = -1;
    std::uint64_t generation_ = 0;
    struct Known;
    std::unique_ptr<Known> known_;
    SegmentWriter segment_;
    std::size_t window_ = wide_window, added_ = 0;
    RepositoryList list_;
};

} // namespace sallyport::content
