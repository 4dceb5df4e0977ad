#include "content/alignment.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sallyport::content {

namespace {

std::uint64_t load(const char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

std::uint32_t equal_ahead(std::string_view a, std::string_view b) {
    const std::size_t most = std::min(a.size(), b.size());
    std::size_t same = 0;
    for (; same + 8 <= most; same += 8)
        if (const std::uint64_t different = load(a.data() + same) ^ load(b.data() + same); different != 0)
            return static_cast<std::uint32_t>(same + static_cast<std::size_t>(std::countr_zero(different)) / 8);
    while (same < most && a[same] == b[same]) ++same;
    return static_cast<std::uint32_t>(same);
}

std::uint32_t equal_behind(std::string_view a, std::string_view b) {
    const std::size_t most = std::min(a.size(), b.size());
    std::size_t same = 0;
    while (same < most && a[a.size() - 1 - same] == b[b.size() - 1 - same]) ++same;
    return static_cast<std::uint32_t>(same);
}

// The nearest place behind a gap where both agree again: the one that leaves out least. False: none.
bool resume_ahead(std::string_view query, std::string_view document, std::uint32_t& skip_query,
                  std::uint32_t& skip_document) {
    for (std::uint32_t sum = 1; sum <= 2 * gap_bytes_max; ++sum)
        for (std::uint32_t i = sum > gap_bytes_max ? sum - gap_bytes_max : 0; i <= std::min(sum, gap_bytes_max); ++i) {
            const std::uint32_t j = sum - i;
            if (i + run_bytes_min > query.size() || j + run_bytes_min > document.size()) continue;
            if (load(query.data() + i) != load(document.data() + j)) continue;
            if (std::memcmp(query.data() + i, document.data() + j, run_bytes_min) != 0) continue;
            skip_query = i;
            skip_document = j;
            return true;
        }
    return false;
}

bool resume_behind(std::string_view query, std::string_view document, std::uint32_t& skip_query,
                   std::uint32_t& skip_document) {
    for (std::uint32_t sum = 1; sum <= 2 * gap_bytes_max; ++sum)
        for (std::uint32_t i = sum > gap_bytes_max ? sum - gap_bytes_max : 0; i <= std::min(sum, gap_bytes_max); ++i) {
            const std::uint32_t j = sum - i;
            if (i + run_bytes_min > query.size() || j + run_bytes_min > document.size()) continue;
            const char* q = query.data() + query.size() - i - run_bytes_min;
            const char* d = document.data() + document.size() - j - run_bytes_min;
            if (load(q) != load(d) || std::memcmp(q, d, run_bytes_min) != 0) continue;
            skip_query = i;
            skip_document = j;
            return true;
        }
    return false;
}

} // namespace

SharedRun exact_run(std::string_view query, std::string_view document, std::uint32_t query_at,
                    std::uint32_t document_at) {
    if (query_at > query.size() || document_at > document.size()) return {query_at, document_at, 0};
    const std::uint32_t ahead = equal_ahead(query.substr(query_at), document.substr(document_at));
    if (ahead == 0) return {query_at, document_at, 0};
    const std::uint32_t behind = equal_behind(query.substr(0, query_at), document.substr(0, document_at));
    return {query_at - behind, document_at - behind, ahead + behind};
}

void extend(std::string_view query, std::string_view document, const SharedRun& seed, std::vector<SharedRun>& out) {
    out.clear();
    std::uint32_t i = 0, j = 0;
    for (SharedRun run = seed; resume_behind(query.substr(0, run.query), document.substr(0, run.document), i, j);) {
        const std::uint32_t query_end = run.query - i, document_end = run.document - j;
        run.size = equal_behind(query.substr(0, query_end), document.substr(0, document_end));
        run.query = query_end - run.size;
        run.document = document_end - run.size;
        out.push_back(run);
    }
    std::ranges::reverse(out);
    out.push_back(seed);
    for (SharedRun run = seed;
         resume_ahead(query.substr(run.query_end()), document.substr(run.document_end()), i, j);) {
        run = {run.query_end() + i, run.document_end() + j, 0};
        run.size = equal_ahead(query.substr(run.query), document.substr(run.document));
        out.push_back(run);
    }
}

} // namespace sallyport::content
