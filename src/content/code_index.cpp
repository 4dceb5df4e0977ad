#include "content/code_index.h"

#include "base/file.h"
#include "base/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

namespace sallyport::content {

namespace {

std::filesystem::path generation_file(const std::filesystem::path& folder) { return folder / "generation"; }

struct DigestHash {
    std::size_t operator()(const DocumentDigest& digest) const {
        std::size_t value = 0;
        std::memcpy(&value, digest.data(), sizeof value);
        return value;
    }
};

Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& folder, std::string_view ending) {
    std::vector<std::filesystem::path> files;
    std::error_code code;
    if (!std::filesystem::exists(folder, code)) return files;
    for (const auto& one : std::filesystem::directory_iterator(folder, code))
        if (one.path().extension() == ending) files.push_back(one.path());
    if (code) return fail(ErrorKind::io, "the index in " + folder.string() + " cannot be listed: " + code.message());
    std::ranges::sort(files);
    if (files.size() > limits::index_segments_max)
        return fail(ErrorKind::too_large, fmt::format("the index holds {} files in {}, more than {}", files.size(),
                                                      folder.string(), limits::index_segments_max));
    return files;
}

} // namespace

std::uint64_t CodeIndex::generation_of(const std::filesystem::path& folder) {
    const auto text = read_file(generation_file(folder), 32);
    std::uint64_t value = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), value);
    return value;
}

std::span<const DocumentPlace> CodeIndex::places(std::size_t segment, std::size_t document) const {
    const auto& first = first_place_[segment];
    return std::span(places_).subspan(first[document], first[document + 1] - first[document]);
}

Result<std::shared_ptr<const CodeIndex>> CodeIndex::load(const std::filesystem::path& folder) {
    auto index = std::make_shared<CodeIndex>();
    index->generation_ = generation_of(folder);
    const auto segments = files_in(folder / "segments", ".seg");
    if (!segments) return std::unexpected(segments.error());
    const auto lists = files_in(folder / "repositories", ".list");
    if (!lists) return std::unexpected(lists.error());

    struct Standing {
        DocumentDigest digest;
        DocumentPlace place;
    };
    std::vector<Standing> standing;
    for (const auto& file : *lists) {
        const auto text = read_file(file, limits::index_list_bytes_max);
        if (!text) return std::unexpected(text.error());
        auto list = RepositoryList::parse(*text, file.string());
        if (!list) return std::unexpected(list.error());
        const auto repository = static_cast<std::uint32_t>(index->repositories_.size());
        index->repositories_.push_back(std::move(list->repository));
        for (auto& one : list->entries) standing.push_back({one.digest, {repository, std::move(one.path)}});
    }
    index->place_count_ = standing.size();
    std::ranges::sort(standing, {},
                      [](const Standing& one) { return std::tie(one.digest, one.place.repository, one.place.path); });
    for (const auto& file : *segments) {
        auto segment = Segment::open(file);
        if (!segment) return std::unexpected(segment.error());
        auto& first = index->first_place_.emplace_back();
        for (const SegmentDocument& document : (*segment)->documents()) {
            first.push_back(static_cast<std::uint32_t>(index->places_.size()));
            for (auto at = std::ranges::lower_bound(standing, document.digest, {}, &Standing::digest);
                 at != standing.end() && at->digest == document.digest; ++at)
                index->places_.push_back(at->place);
        }
        first.push_back(static_cast<std::uint32_t>(index->places_.size()));
        index->segments_.push_back(std::move(*segment));
    }
    return index;
}

} // namespace sallyport::content
