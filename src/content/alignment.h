// What two normalised texts have in common around a place where they agree: exact runs, and between them gaps where one was changed,
// as renamed identifiers leave them. Pure and thread-safe; nothing is estimated, each run was compared byte by byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::content {

// query[query, query + size) == document[document, document + size)
struct SharedRun {
    std::uint32_t query = 0, document = 0, size = 0;
    std::uint32_t query_end() const { return query + size; }
    std::uint32_t document_end() const { return document + size; }
};

inline constexpr std::uint32_t gap_bytes_max = 32; // of either side between two runs of a chain
inline constexpr std::uint32_t run_bytes_min = 12; // of a run behind a gap

// The longest run through the given places, where both texts have the same byte; of size 0 where they do not.
SharedRun exact_run(std::string_view query, std::string_view document, std::uint32_t query_at,
                    std::uint32_t document_at);
// Replaces `out` by a chain around a run, ascending in both texts: the runs behind gaps before it, the run, those after it.
void extend(std::string_view query, std::string_view document, const SharedRun& seed, std::vector<SharedRun>& out);

} // namespace sallyport::content
