// Where documents stand in one repository: a file of its own beside the segments, replaced as a whole, so that a push that adds one
// blob writes no segment anew. Layout: docs/formats/index.md. Never changes once made; thread-safe.
#pragma once

#include "base/error.h"
#include "content/document_id.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

struct Place {
    DocumentId id;
    std::string path; // bytes as the repository has them
};

// Sorts the places; those that are there twice once.
std::string encode_list(std::string_view repository, unsigned window, std::vector<Place>& places);

class RepositoryList {
public:
    // `name` of the file, for errors.
    static Result<RepositoryList> parse(std::string bytes, const std::string& name);
    std::string_view repository() const { return std::string_view(bytes_).substr(name_at, name_bytes_); }
    unsigned window() const { return window_; }
    std::size_t size() const { return entries_.size(); }
    DocumentId id(std::size_t at) const { return DocumentId::of(std::string_view(bytes_).substr(entries_[at], 32)); }
    std::string_view path(std::size_t at) const;

private:
    static constexpr std::size_t name_at = 32;
    std::string bytes_;
    std::uint32_t window_ = 0, name_bytes_ = 0;
    std::vector<std::uint32_t> entries_; // where each begins
};

} // namespace sallyport::content
