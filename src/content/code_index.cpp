#include "content/code_index.h"

#include "base/file.h"
#include "base/limits.h"
#include "content/manifest.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace sallyport::content {

namespace {
constexpr int attempts = 4; // a writer may delete files between the reading of the manifest and theirs
}

Result<std::shared_ptr<const CodeIndex>> CodeIndex::open(const std::filesystem::path& folder) {
    for (int attempt = 1;; ++attempt) {
        const std::shared_ptr<CodeIndex> index(new CodeIndex);
        auto loaded = index->load(folder);
        if (loaded) return std::shared_ptr<const CodeIndex>(index);
        const auto now = Manifest::read(folder);
        if (attempt == attempts || !now || now->serial == index->serial_) return std::unexpected(loaded.error());
    }
}

Result<void> CodeIndex::load(const std::filesystem::path& folder) {
    const auto manifest = Manifest::read(folder);
    if (!manifest) return std::unexpected(manifest.error());
    serial_ = manifest->serial;
    for (const std::string& name : manifest->segments) {
        auto segment = Segment::open(folder / name);
        if (!segment) return std::unexpected(segment.error());
        segments_.push_back({std::move(*segment), {}, {}});
    }
    for (const std::string& name : manifest->lists) {
        auto bytes = read_file(folder / name, limits::index_list_bytes_max);
        if (!bytes) return std::unexpected(bytes.error());
        auto list = RepositoryList::parse(std::move(*bytes), (folder / name).string());
        if (!list) return std::unexpected(list.error());
        lists_.push_back(std::move(*list));
    }
    find_places();
    return {};
}

// Each content is looked for in one segment only: where it has the most fingerprints, else in the newest.
void CodeIndex::find_places() {
    struct Found {
        std::uint32_t document;
        Standing place;
    };
    std::vector<std::vector<Found>> found(segments_.size());
    for (std::uint32_t repository = 0; repository < lists_.size(); ++repository)
        for (std::uint32_t entry = 0; entry < lists_[repository].size(); ++entry) {
            const DocumentId id = lists_[repository].id(entry);
            std::size_t best = segments_.size();
            std::uint32_t document = 0, window = UINT32_MAX;
            for (std::size_t at = segments_.size(); at-- > 0;) {
                const auto here = segments_[at].file->find_document(id);
                if (!here || segments_[at].file->document(*here).window >= window) continue;
                best = at;
                document = *here;
                window = segments_[at].file->document(*here).window;
            }
            if (best < segments_.size()) found[best].push_back({document, {repository, entry}});
        }
    for (std::size_t at = 0; at < segments_.size(); ++at) {
        Part& part = segments_[at];
        std::ranges::sort(found[at], {}, [](const Found& one) {
            return std::tuple(one.document, one.place.repository, one.place.entry);
        });
        part.begins.assign(part.file->documents() + 1, 0);
        for (const Found& one : found[at]) {
            ++part.begins[one.document + 1];
            part.places.push_back(one.place);
        }
        std::partial_sum(part.begins.begin(), part.begins.end(), part.begins.begin());
    }
}

} // namespace sallyport::content
