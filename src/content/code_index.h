// The company's code and documents as they were indexed (index_writer.h): segments, and where each document stands. Never changes
// after it was opened, also when the index on disk does: who wants the newer one opens it anew and exchanges the shared_ptr.
// Thread-safe. What a text is, is asked of an Attributor (attributor.h). Knows names of repositories, not their classes.
#pragma once

#include "base/error.h"
#include "content/repository_list.h"
#include "content/segment.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::content {

class CodeIndex {
public:
    // A folder without an index is an empty index. Anything that is damaged is an error that names the file.
    static Result<std::shared_ptr<const CodeIndex>> open(const std::filesystem::path& folder);

    std::size_t repositories() const { return lists_.size(); }
    std::string_view repository(std::uint32_t at) const { return lists_[at].repository(); }
    std::size_t segments() const { return segments_.size(); }
    const Segment& segment(std::size_t at) const { return *segments_[at].file; }
    std::uint64_t serial() const { return serial_; } // of the manifest: a newer index has a greater one

    struct Standing {
        std::uint32_t repository = 0, entry = 0; // of its list
    };
    // Where a document stands, by repository; nowhere, where it was replaced or removed since.
    std::span<const Standing> places(std::size_t segment, std::uint32_t document) const {
        const Part& part = segments_[segment];
        return std::span(part.places).subspan(part.begins[document], part.begins[document + 1] - part.begins[document]);
    }
    std::string_view path(const Standing& place) const { return lists_[place.repository].path(place.entry); }

private:
    struct Part {
        std::shared_ptr<const Segment> file;
        std::vector<std::uint32_t> begins; // of each document's places, and the end
        std::vector<Standing> places;
    };
    CodeIndex() = default;
    Result<void> load(const std::filesystem::path& folder);
    void find_places();

    std::uint64_t serial_ = 0;
    std::vector<Part> segments_;
    std::vector<RepositoryList> lists_;
};

} // namespace sallyport::content
