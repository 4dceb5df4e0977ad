#include "repo/zip_parts.h"

#include "base/limits.h"
#include "base/text.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <memory>

namespace sallyport::repo {

namespace {

struct Close {
    void operator()(archive* one) const { archive_read_free(one); }
};
using Archive = std::unique_ptr<archive, Close>;

constexpr std::string_view damaged = "damaged document";

// Office programs store and deflate only (ECMA-376-2, annex B). libarchive knows far more ways, which strangers' files shall not reach.
bool is_packed_as_usual(archive* from) {
    const std::string_view how = archive_format_name(from);
    return how.ends_with("(deflation)") || how.ends_with("(uncompressed)");
}

class Unpacking {
public:
    explicit Unpacking(std::size_t zip_bytes)
        : bytes_max_(std::min(limits::document_unpacked_bytes_max,
                              std::max(limits::document_ratio_asked_bytes, zip_bytes * limits::document_ratio_max))) {}

    OrLeftOut<std::string> entry(archive* from, archive_entry* entry) {
        if (archive_entry_is_encrypted(entry) != 0) return std::unexpected("encrypted");
        if (!is_packed_as_usual(from)) return std::unexpected(damaged);
        std::string out;
        std::array<char, 64 * 1024> piece{};
        while (true) {
            const la_ssize_t got = archive_read_data(from, piece.data(), piece.size());
            if (got == 0) return out;
            if (got < 0) return std::unexpected(damaged);
            total_ += static_cast<std::size_t>(got);
            if (total_ > bytes_max_) return std::unexpected("too large");
            out.append(piece.data(), static_cast<std::size_t>(got));
        }
    }

private:
    std::size_t bytes_max_, total_ = 0;
};

} // namespace

OrLeftOut<std::vector<Part>> unpack(std::string_view zip, bool (*wanted)(std::string_view name)) {
    const Archive from(archive_read_new());
    archive_read_support_format_zip_seekable(from.get());
    if (archive_read_open_memory(from.get(), zip.data(), zip.size()) != ARCHIVE_OK) return std::unexpected(damaged);
    std::vector<Part> parts;
    Unpacking unpacking(zip.size());
    archive_entry* entry = nullptr;
    int code = ARCHIVE_OK;
    // A warning (a name that the locale cannot write is none; the file's two lists differ in a detail) is no reason to read nothing.
    for (std::size_t entries = 0;
         (code = archive_read_next_header(from.get(), &entry)) == ARCHIVE_OK || code == ARCHIVE_WARN;) {
        if (++entries > limits::document_entries_max) return std::unexpected("too large");
        const char* const name = archive_entry_pathname(entry);
        if (name == nullptr) continue;
        std::string lower = to_lower(name);
        if (!wanted(lower)) continue;
        auto bytes = unpacking.entry(from.get(), entry);
        if (!bytes) return std::unexpected(bytes.error());
        parts.push_back({std::move(lower), std::move(*bytes)});
    }
    if (code != ARCHIVE_EOF) return std::unexpected(damaged);
    return parts;
}

} // namespace sallyport::repo
