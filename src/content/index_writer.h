// Changes to an index of code, one writer at a time (a lock on the folder): repositories are listed anew, and only content that the
// index does not know becomes a segment. Nothing is seen before commit(); readers that are open keep what they opened.
//
//     begin(repository) (add | add_known)* … commit()
//
// One thread. Memory: see segment_writer.h, and the places of the repositories that were begun.
#pragma once

#include "base/error.h"
#include "content/manifest.h"
#include "content/normalise.h"
#include "content/repository_list.h"
#include "content/segment.h"
#include "content/segment_writer.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

class IndexWriter {
public:
    // Makes the folder where there is none. Fails where another writer is at work, or something in the index is damaged.
    static Result<std::unique_ptr<IndexWriter>> open(std::filesystem::path folder);
    ~IndexWriter(); // without commit(): nothing changed
    IndexWriter(const IndexWriter&) = delete;
    IndexWriter& operator=(const IndexWriter&) = delete;

    // From here on documents are of this repository ("git.acme.example/core/engine"), and what is not added again stands in it no
    // longer. `window`: window_narrow or window_wide (winnow.h).
    Result<void> begin(std::string_view repository, unsigned window);
    // Whether content is in the index already, found as well as the begun repository asks: then add_known() is enough.
    bool knows(const DocumentId& id) const;
    // `text` as the repository has it, at most limits::index_document_bytes_max.
    Result<void> add(const DocumentId& id, std::string_view path, std::string_view text);
    Result<void> add_known(const DocumentId& id, std::string_view path);
    // The repository is forgotten; its content too with the next merge, where it stands nowhere else.
    void remove(std::string_view repository);
    Result<void> commit();

    // Small segments become one, and content that stands in no repository is dropped. Does nothing where there are few; true: it did.
    // Between commits only. `all`: whatever their number.
    Result<bool> merge(bool all = false);

private:
    struct Begun {
        unsigned window = 0;
        bool removed = false;
        std::vector<Place> places;
    };
    IndexWriter(std::filesystem::path folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
    Result<void> load();
    Result<void> add_document(const DocumentId& id, std::uint32_t lineage, unsigned window, std::string_view normalised,
                              std::span<const std::uint32_t> lines);
    Result<void> seal();
    Result<void> write_lists(Manifest& next);
    Result<void> replace_manifest(Manifest next);
    Result<void> copy_live(const Segment& segment, const std::map<DocumentId, unsigned>& live);

    std::filesystem::path folder_;
    int lock_;
    Manifest manifest_;
    std::vector<std::shared_ptr<const Segment>> segments_;
    std::map<std::string, std::string, std::less<>> list_files_; // by repository
    std::map<std::string, Begun, std::less<>> begun_;
    std::map<std::string, Begun, std::less<>>::iterator current_ = begun_.end();
    std::map<DocumentId, unsigned> added_; // since the last commit, with the window
    std::unique_ptr<SegmentWriter> writer_;
    std::vector<std::string> sealed_; // segments of this change
    NormalisedDocument document_;
};

} // namespace sallyport::content
