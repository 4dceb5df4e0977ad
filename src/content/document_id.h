// The name of a document's content in the index of code: the object id of a git blob (20 or 32 bytes) or its SHA-256.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <string_view>

namespace sallyport::content {

struct DocumentId {
    std::array<unsigned char, 32> bytes{}; // shorter ones have zeros behind
    auto operator<=>(const DocumentId&) const = default;

    // More than 32 bytes are cut.
    static DocumentId of(std::string_view raw) {
        DocumentId id;
        std::memcpy(id.bytes.data(), raw.data(), raw.size() < 32 ? raw.size() : 32);
        return id;
    }
    std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

} // namespace sallyport::content
