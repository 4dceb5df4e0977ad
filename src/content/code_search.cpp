#include "content/code_search.h"

#include "base/limits.h"

#include <algorithm>
#include <set>

namespace sallyport::content {

namespace {

constexpr std::size_t ahead = 16;     // look-ups whose memory is asked for before it is needed
constexpr std::uint32_t gap_max = 40; // bytes of text and document together that a rework may have put between two runs
constexpr std::uint32_t anchor_bytes = 16; // by which the second one is recognised
constexpr std::uint32_t reworked_characters_min = 90;
constexpr std::size_t common_repositories = 8;

// How many bytes are the same from here on, forwards or backwards.
template <int step> std::uint32_t same_bytes(std::string_view a, std::int64_t i, std::string_view b, std::int64_t j) {
    std::uint32_t count = 0;
    const auto a_size = static_cast<std::int64_t>(a.size()), b_size = static_cast<std::int64_t>(b.size());
    while (i >= 0 && j >= 0 && i < a_size && j < b_size &&
           a[static_cast<std::size_t>(i)] == b[static_cast<std::size_t>(j)]) {
        ++count;
        i += step;
        j += step;
    }
    return count;
}

} // namespace

CodeSearch::CodeSearch(std::shared_ptr<const CodeIndex> index, std::vector<bool> open)
    : index_(std::move(index)), open_(std::move(open)) {}

void CodeSearch::collect_hits() {
    hits_.clear();
    for (std::uint32_t s = 0; s < index_->segments().size(); ++s) {
        const Segment& segment = *index_->segments()[s];
        for (std::size_t i = 0; i < fingerprints_.size(); ++i) {
            if (i + ahead < fingerprints_.size()) segment.prefetch(fingerprints_[i + ahead].hash);
            if (!segment.may_hold(fingerprints_[i].hash)) continue;
            places_.clear();
            segment.look_up(fingerprints_[i].hash, places_);
            for (const std::uint32_t place : places_) {
                const auto document = static_cast<std::uint32_t>(segment.document_at(place));
                if (index_->places(s, document).empty()) continue;
                hits_.push_back({s, document, fingerprints_[i].at, place - segment.documents()[document].begin});
            }
        }
    }
    std::ranges::sort(hits_, {},
                      [](const Hit& hit) { return std::tuple(hit.segment, hit.document, hit.at, hit.in_document); });
}

// From a gram that both have, to both sides as far as it goes, over short differences.
CodeSearch::Chain CodeSearch::extended(const DocumentText& document, std::uint32_t at,
                                       std::uint32_t in_document) const {
    const std::string_view text = normal_.text, other = document.text;
    Chain chain;
    const auto go = [&]<int step>(std::int64_t i, std::int64_t j) {
        while (true) {
            const std::uint32_t same = same_bytes<step>(text, i, other, j);
            if (same > 0) {
                const std::int64_t first = step > 0 ? i : i - same + 1, first_other = step > 0 ? j : j - same + 1;
                chain.runs.push_back(
                    {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(first_other), same});
                i += step * static_cast<std::int64_t>(same);
                j += step * static_cast<std::int64_t>(same);
            }
            bool anchored = false;
            for (std::uint32_t gap = 1; gap <= gap_max && !anchored; ++gap)
                for (std::uint32_t own = 0; own <= gap && !anchored; ++own) {
                    const std::int64_t next = i + step * static_cast<std::int64_t>(own);
                    const std::int64_t next_other = j + step * static_cast<std::int64_t>(gap - own);
                    if (same_bytes<step>(text, next, other, next_other) < anchor_bytes) continue;
                    i = next;
                    j = next_other;
                    anchored = true;
                }
            if (!anchored) return;
        }
    };
    go.template operator()<1>(at, in_document);
    if (chain.runs.empty() || chain.runs.front().bytes < gram_bytes) return {}; // another gram of the same hash
    go.template operator()<-1>(static_cast<std::int64_t>(at) - 1, static_cast<std::int64_t>(in_document) - 1);
    std::ranges::sort(chain.runs, {}, &Run::at);
    // The one that was met in the middle is one run.
    for (std::size_t i = 1; i < chain.runs.size();) {
        Run& before = chain.runs[i - 1];
        const Run& here = chain.runs[i];
        if (before.at + before.bytes == here.at && before.in_document + before.bytes == here.in_document) {
            before.bytes += here.bytes;
            chain.runs.erase(chain.runs.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            ++i;
        }
    }
    for (const Run& run : chain.runs) {
        chain.characters += run.bytes;
        chain.longest = std::max(chain.longest, run.bytes);
    }
    chain.begin = chain.runs.front().at;
    chain.end = chain.runs.back().at + chain.runs.back().bytes;
    return chain;
}

bool CodeSearch::find(std::string_view text, std::vector<CodeMatch>& out) {
    out.clear();
    if (index_->empty() || text.size() < verbatim_run_min) return true;
    normalise(text, LineNumbers::leave_out, normal_);
    if (normal_.text.size() < verbatim_run_min) return true;
    winnow(normal_.text, narrow_window, fingerprints_);
    collect_hits();
    std::vector<Chain> chains;
    std::size_t left = limits::verifications_of_text_max;
    for (std::size_t i = 0; i < hits_.size() && left > 0;) {
        const std::uint32_t segment = hits_[i].segment, document = hits_[i].document;
        std::size_t end = i;
        while (end < hits_.size() && hits_[end].segment == segment && hits_[end].document == document) ++end;
        if (!index_->segments()[segment]->unpack(document, document_)) return false;
        const std::size_t first = chains.size();
        for (; i < end && left > 0; ++i) {
            const Hit& hit = hits_[i];
            const auto holds = [&](const Chain& chain) {
                return std::ranges::any_of(chain.runs, [&](const Run& run) {
                    return run.at <= hit.at && hit.at + gram_bytes <= run.at + run.bytes &&
                           hit.in_document - run.in_document == hit.at - run.at;
                });
            };
            if (std::any_of(chains.begin() + static_cast<std::ptrdiff_t>(first), chains.end(), holds)) continue;
            --left;
            Chain chain = extended(document_, hit.at, hit.in_document);
            if (chain.runs.empty()) continue;
            const std::uint32_t in_document =
                chain.runs.back().in_document + chain.runs.back().bytes - chain.runs.front().in_document;
            const std::uint32_t span = std::max(chain.end - chain.begin, in_document);
            const bool reworked = chain.characters >= reworked_characters_min && chain.characters * 10 >= span * 6;
            if (chain.longest < verbatim_run_min && !reworked) continue;
            CodeMatch match;
            match.begin = normal_.offsets[chain.begin];
            match.end = normal_.offsets[chain.end - 1] + 1;
            match.first_line = document_.line_at(chain.runs.front().in_document);
            match.last_line = document_.line_at(chain.runs.back().in_document + chain.runs.back().bytes - 1);
            match.characters = chain.characters;
            match.longest_run = chain.longest;
            match.segment = segment;
            match.document = document;
            match.places = index_->places(segment, document);
            out.push_back(match);
            chains.push_back(std::move(chain));
        }
        i = end;
    }
    judge_common(chains, out);
    // The best first; what it covers for the same repositories is told once.
    std::ranges::sort(out, {}, [](const CodeMatch& one) {
        return std::tuple(one.common, ~one.characters, ~one.longest_run, one.segment, one.document, one.begin);
    });
    std::vector<CodeMatch> kept;
    for (const CodeMatch& one : out) {
        const auto covers = [&](const CodeMatch& other) {
            return other.begin <= one.begin && one.end <= other.end && other.common == one.common &&
                   std::ranges::all_of(one.places, [&](const DocumentPlace& place) {
                       return std::ranges::find(other.places, place.repository, &DocumentPlace::repository) !=
                              other.places.end();
                   });
        };
        if (std::ranges::none_of(kept, covers)) kept.push_back(one);
    }
    out = std::move(kept);
    return left > 0;
}

// A run that an open repository has too is no leak, and neither is what very many have; what is left of a match must be evidence by itself.
void CodeSearch::judge_common(std::span<const Chain> chains, std::vector<CodeMatch>& matches) const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open;
    const auto is_open = [&](const CodeMatch& match) {
        return std::ranges::any_of(match.places, [&](const DocumentPlace& place) { return open_[place.repository]; });
    };
    for (std::size_t i = 0; i < matches.size(); ++i)
        if (is_open(matches[i]))
            for (const Run& run : chains[i].runs) open.emplace_back(run.at, run.at + run.bytes);
    std::ranges::sort(open);
    for (std::size_t i = 0; i < matches.size(); ++i) {
        std::set<std::uint32_t> repositories;
        for (std::size_t j = 0; j < matches.size() && repositories.size() < common_repositories; ++j)
            if (chains[j].begin <= chains[i].begin && chains[i].end <= chains[j].end)
                for (const DocumentPlace& place : matches[j].places) repositories.insert(place.repository);
        matches[i].common = repositories.size() >= common_repositories || is_open(matches[i]);
        if (matches[i].common || open.empty()) continue;
        std::uint32_t own = 0; // the longest piece that is in no open repository
        for (const Run& run : chains[i].runs) {
            std::uint32_t at = run.at;
            const std::uint32_t end = run.at + run.bytes;
            for (const auto& [begin, behind] : open) {
                if (behind <= at) continue;
                if (begin >= end) break;
                if (begin > at) own = std::max(own, begin - at);
                at = std::max(at, behind);
            }
            if (at < end) own = std::max(own, end - at);
        }
        matches[i].common = own < verbatim_run_min;
    }
}

} // namespace sallyport::content
