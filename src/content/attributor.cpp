#include "content/attributor.h"

#include "base/limits.h"
#include "content/imports.h"

#include <algorithm>
#include <bitset>

namespace sallyport::content {

namespace {

constexpr std::uint32_t joined_bytes_max = 1024; // between two chains of one document that are told as one
constexpr std::uint32_t settled_bytes = window_wide + gram_bytes - 1; // a longer run elsewhere has further fingerprints
constexpr std::size_t blocks_bytes_max = 16u << 20;                   // of texts kept between documents
// What is longer is no idiom, however many copies of it a company has: forks, releases, a customer's branch.
constexpr std::uint32_t counted_run_max = 600;
constexpr std::uint32_t common_run_min = gram_bytes; // shorter agreement with a public document says nothing
// Documents of a repository that are read for one place, to find the one that has most of it: more where the text is short.
constexpr std::size_t rivals_min = 4, rivals_max = 48, rivals_and_fingerprints = 4'096;
constexpr std::size_t repetition_bytes = 256; // looked at of a run

// Rows of numbers, alphabets, hexadecimal digits in order: few different grams, or each byte one more than the last.
bool is_repetitive(std::string_view run) {
    run = run.substr(0, repetition_bytes);
    std::bitset<4096> seen;
    std::size_t ascending = 0;
    for (std::size_t i = 2; i < run.size(); ++i) {
        const auto byte = [&](std::size_t at) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(run[at]));
        };
        seen.set((byte(i - 2) * 0x9E37U ^ byte(i - 1) * 0x85EBU ^ byte(i) * 0xC2B3U) >> 4 & 4095);
        ascending += byte(i) == byte(i - 1) + 1;
    }
    return seen.count() * 5 < run.size() || ascending * 3 > run.size() * 2;
}

} // namespace

std::string_view name(Common common) {
    switch (common) {
    case Common::none: return "none";
    case Common::public_repository: return "public-repository";
    case Common::many_repositories: return "many-repositories";
    case Common::many_places: return "many-places";
    case Common::repetitive: return "repetitive";
    case Common::imports: return "imports";
    }
    return "";
}

Attributor::Attributor(std::shared_ptr<const CodeIndex> index, const std::function<bool(std::string_view)>& is_public)
    : index_(std::move(index)) {
    for (std::uint32_t i = 0; i < index_->repositories(); ++i) public_.push_back(is_public(index_->repository(i)));
}

void Attributor::find(std::string_view text, Attributed& out) {
    out = {};
    if (text.size() > limits::scanned_text_bytes_max) {
        out.incomplete = "the text is longer than " + std::to_string(limits::scanned_text_bytes_max) + " bytes";
        text = text.substr(0, limits::scanned_text_bytes_max);
    }
    normalise(text, Numbering::left_out, query_);
    winnow(query_.text(), window_narrow, fingerprints_);
    find_candidates(*index_, query_.text(), fingerprints_, candidates_);
    if (!candidates_.complete)
        out.incomplete = "the text shares more than " + std::to_string(limits::attribution_anchors_max) +
                         " fingerprints with the index";
    chains_.clear();
    if (candidates_.documents.empty()) return;
    order_candidates();
    told_.assign(fingerprints_.size(), {});
    covered_.assign(fingerprints_.size(), {});
    std::size_t documents = 0;
    for (const std::uint32_t candidate : order_) {
        if (!tells_something(candidates_.documents[candidate])) continue;
        if (++documents > limits::attribution_documents_max) {
            out.incomplete = "the text has something of more than " +
                             std::to_string(limits::attribution_documents_max) + " documents";
            break;
        }
        read(candidate, out);
    }
    find_common(text);
    std::vector<Merged> matches, common;
    std::vector<Common> reasons;
    for (const Chain& chain : chains_) {
        Merged merged;
        Common why = Common::none;
        const bool closed = !is_public(candidates_.documents[chain.candidate]);
        if (closed && judge(chain, &common_, merged, why)) {
            append(matches, std::move(merged));
            continue;
        }
        Common unused = Common::none;
        // Of what stands in many places only a few are listed: another may have more of the text than those.
        if (!judge(chain, nullptr, merged, unused) && !is_in_many_places(chain)) continue;
        append(common, std::move(merged));
        reasons.resize(common.size(), why != Common::none ? why : why_common(chain));
    }
    drop_lesser(matches);
    for (const Merged& match : matches) tell(match, Common::none, out);
    for (std::size_t i = 0; i < common.size(); ++i) tell(common[i], reasons[i], out);
    // The correct file first: of equal agreement the document that is more fully there.
    for (auto* list : {&out.matches, &out.common})
        std::ranges::sort(*list, std::greater<>{},
                          [](const Attribution& one) { return std::pair(one.characters, one.contained); });
}

bool Attributor::is_public(const Candidate& candidate) const {
    return std::ranges::any_of(index_->places(candidate.segment, candidate.document),
                               [&](const auto& place) { return public_[place.repository]; });
}

// Public documents first, since what they hold needs no further look; then the most anchors, then the smaller document.
void Attributor::order_candidates() {
    struct Rank {
        std::uint32_t closed, anchors, size, candidate;
        bool operator<(const Rank& other) const {
            if (closed != other.closed) return closed < other.closed;
            if (anchors != other.anchors) return anchors > other.anchors;
            return size != other.size ? size < other.size : candidate < other.candidate;
        }
    };
    std::vector<Rank> ranks;
    for (std::uint32_t i = 0; i < candidates_.documents.size(); ++i) {
        const Candidate& one = candidates_.documents[i];
        const auto size = index_->segment(one.segment).document(one.document).size;
        ranks.push_back({is_public(one) ? 0U : 1U, one.anchors(), size, i});
    }
    std::ranges::sort(ranks, std::less<>{});
    order_.clear();
    for (const Rank& rank : ranks) order_.push_back(rank.candidate);
}

// Whether reading it can tell more than those that were read: it has an anchor that none of its repository has, or that none of it holds
// in a run long enough while its surroundings may be such a run; or it has as many anchors as the best, and may be the better one. What
// is public, or in many repositories, is settled.
bool Attributor::tells_something(const Candidate& candidate) const {
    const auto places = index_->places(candidate.segment, candidate.document);
    bool seen = false, rival = true;
    const std::size_t rivals = std::clamp(rivals_and_fingerprints / (fingerprints_.size() + 1), rivals_min, rivals_max);
    for (std::uint32_t i = candidate.begin; i < candidate.end; ++i) {
        const Anchor anchor = candidates_.anchors[i];
        const Told& told = told_[anchor.fingerprint];
        if (told.is_public || told.repositories.size() >= limits::attribution_repositories_common) continue;
        for (const auto& place : places) {
            const auto known = std::ranges::find(told.repositories, place.repository, &Teller::repository);
            if (known == told.repositories.end()) return true;
            if (known->longest < match_bytes_min && anchor.surrounded != 0) return true;
            rival = rival && candidate.anchors() >= known->anchors && known->documents < rivals;
            seen = true;
        }
    }
    return seen && rival;
}

const std::string* Attributor::block_of(const Candidate& candidate, Attributed& out) {
    const Segment& segment = index_->segment(candidate.segment);
    const std::uint32_t number = segment.document(candidate.document).block;
    for (const Block& block : blocks_)
        if (block.segment == candidate.segment && block.number == number) return &block.bytes;
    Block block{candidate.segment, number, {}};
    if (auto read = segment.read_block(number, block.bytes); !read) {
        out.incomplete = read.error().message;
        return nullptr;
    }
    block_bytes_ += block.bytes.size();
    while (!blocks_.empty() && block_bytes_ > blocks_bytes_max) {
        block_bytes_ -= blocks_.front().bytes.size();
        blocks_.pop_front();
    }
    return &blocks_.emplace_back(std::move(block)).bytes;
}

void Attributor::read(std::uint32_t number, Attributed& out) {
    const Candidate& candidate = candidates_.documents[number];
    const std::string* block = block_of(candidate, out);
    if (block == nullptr) return;
    const std::string_view document = index_->segment(candidate.segment).text_in(*block, candidate.document);
    const auto places = index_->places(candidate.segment, candidate.document);
    const bool open = is_public(candidate);
    for (std::uint32_t i = candidate.begin; i < candidate.end; ++i) {
        const Anchor anchor = candidates_.anchors[i];
        const Covered& covered = covered_[anchor.fingerprint];
        if (covered.candidate == number + 1 && covered.size >= settled_bytes) continue;
        const SharedRun seed =
            exact_run(query_.text(), document, fingerprints_[anchor.fingerprint].position, anchor.document_at);
        // The same words may stand at several places of a document: only a longer run than that which holds them already counts.
        if (seed.size < gram_bytes || (covered.candidate == number + 1 && covered.size >= seed.size)) continue;
        extend(query_.text(), document, seed, runs_);
        for (const SharedRun& run : runs_) {
            auto at = std::ranges::lower_bound(fingerprints_, run.query, {}, &Fingerprint::position);
            for (; at != fingerprints_.end() && at->position + gram_bytes <= run.query_end(); ++at) {
                const auto fingerprint = static_cast<std::size_t>(at - fingerprints_.begin());
                Told& told = told_[fingerprint];
                Covered& now = covered_[fingerprint];
                const bool again = now.candidate == number + 1;
                now = {number + 1, again ? std::max(now.size, run.size) : run.size};
                told.is_public = told.is_public || open;
                for (const auto& place : places) {
                    const auto known = std::ranges::find(told.repositories, place.repository, &Teller::repository);
                    if (known == told.repositories.end()) {
                        told.repositories.push_back({place.repository, 1, candidate.anchors(), run.size});
                        continue;
                    }
                    known->documents += again ? 0 : 1;
                    known->longest = std::max(known->longest, run.size);
                }
            }
        }
        chains_.push_back({number, runs_});
    }
}

void Attributor::find_common(std::string_view text) {
    imports_.clear();
    if (chains_.empty()) return;
    common_public_.clear();
    common_places_.clear();
    std::vector<Owned> owned;
    for (const Chain& chain : chains_) {
        const Candidate& candidate = candidates_.documents[chain.candidate];
        const bool open = is_public(candidate);
        for (const SharedRun& run : chain.runs) {
            if (run.size < common_run_min) continue;
            const Interval place{run.query, run.query_end()};
            if (open) common_public_.push_back(place);
            for (const auto& standing : index_->places(candidate.segment, candidate.document))
                owned.push_back({place, standing.repository});
        }
    }
    // Fingerprints that follow each other and stand in many places: so does what is between them.
    for (std::size_t i = 0; i < fingerprints_.size(); ++i) {
        if (candidates_.common[i] == 0) continue;
        const std::uint32_t begin = fingerprints_[i].position;
        while (i + 1 < fingerprints_.size() && candidates_.common[i + 1] != 0) ++i;
        common_places_.push_back({begin, fingerprints_[i].position + gram_bytes});
    }
    join(common_public_);
    join(common_places_);
    common_repositories_ = shared_by(owned, limits::attribution_repositories_common);
    find_imports(text, query_, imports_);
    common_ = common_public_;
    common_.insert(common_.end(), common_places_.begin(), common_places_.end());
    common_.insert(common_.end(), common_repositories_.begin(), common_repositories_.end());
    join(common_);
}

// Whether a chain is a match once what is common is taken away; null: nothing is. `why`: repetitive, where a run was left out as that.
bool Attributor::judge(const Chain& chain, const std::vector<Interval>* common, Merged& merged, Common& why) const {
    merged = {};
    merged.candidate = chain.candidate;
    static const std::vector<Interval> nothing;
    const std::vector<Interval>& taken = common == nullptr ? nothing : *common;
    std::vector<Interval> pieces;
    subtract({chain.runs.front().query, chain.runs.back().query_end()}, taken, pieces);
    std::uint32_t span = 0; // of the chain, without what is common
    for (const Interval& piece : pieces) span += piece.size();
    for (const SharedRun& run : chain.runs) {
        pieces.clear();
        const bool by_count = run.size < counted_run_max;
        subtract({run.query, run.query_end()}, common != nullptr && !by_count ? common_public_ : taken, pieces);
        if (common != nullptr && !imports_.empty()) {
            std::vector<Interval> kept;
            for (const Interval& piece : pieces) subtract_imports(piece, {run.query, run.query_end()}, imports_, kept);
            if (kept != pieces) why = Common::imports;
            pieces.swap(kept);
        }
        for (const Interval& piece : pieces) {
            if (piece.size() < run_bytes_min) continue;
            if (common != nullptr && piece.size() >= match_bytes_min &&
                is_repetitive(query_.text().substr(piece.begin, piece.size()))) {
                why = Common::repetitive;
                continue;
            }
            const std::uint32_t begin = run.document + (piece.begin - run.query);
            if (merged.query.empty()) merged.document_begin = begin;
            merged.document_end = begin + piece.size();
            merged.longest = std::max(merged.longest, piece.size());
            merged.characters += piece.size();
            merged.query.push_back(piece);
        }
    }
    return merged.longest >= match_bytes_min ||
           (merged.characters >= changed_bytes_min && merged.characters >= changed_share_min * span);
}

bool Attributor::is_in_many_places(const Chain& chain) const {
    return std::ranges::any_of(chain.runs, [&](const SharedRun& run) {
        std::vector<Interval> rest;
        subtract({run.query, run.query_end()}, common_places_, rest);
        return rest.size() != 1 || rest[0].size() != run.size;
    });
}

Common Attributor::why_common(const Chain& chain) const {
    if (is_public(candidates_.documents[chain.candidate])) return Common::public_repository;
    const std::pair<const std::vector<Interval>*, Common> reasons[] = {
        {&common_public_, Common::public_repository},
        {&common_repositories_, Common::many_repositories},
        {&common_places_, Common::many_places}};
    Common most = Common::none;
    std::uint32_t least_left = UINT32_MAX;
    for (const auto& [intervals, reason] : reasons) {
        std::vector<Interval> pieces;
        for (const SharedRun& run : chain.runs) subtract({run.query, run.query_end()}, *intervals, pieces);
        std::uint32_t left = 0;
        for (const Interval& piece : pieces) left += piece.size();
        if (left >= least_left) continue;
        least_left = left;
        most = reason;
    }
    return most;
}

// Parts of one document that follow each other in the text as in the document are one attribution.
void Attributor::append(std::vector<Merged>& all, Merged next) {
    if (!all.empty() && all.back().candidate == next.candidate) {
        Merged& last = all.back();
        const Interval span{next.query.front().begin, next.query.back().end};
        if (span.begin >= last.query.front().begin && span.end <= last.query.back().end) return; // told already
        if (span.begin >= last.query.back().end && span.begin - last.query.back().end <= joined_bytes_max &&
            next.document_begin >= last.document_end && next.document_begin - last.document_end <= joined_bytes_max) {
            last.query.insert(last.query.end(), next.query.begin(), next.query.end());
            last.document_end = next.document_end;
            last.longest = std::max(last.longest, next.longest);
            last.characters += next.characters;
            return;
        }
        if (span.begin <= last.query.front().begin && span.end >= last.query.back().end) {
            last = std::move(next);
            return;
        }
    }
    all.push_back(std::move(next));
}

// Of several documents that have a place of the text, those with less of it than another say nothing new, unless they stand elsewhere.
void Attributor::drop_lesser(std::vector<Merged>& matches) const {
    const auto stands_where = [&](const Merged& one, const Merged& other) {
        const auto places = [&](const Merged& merged) {
            const Candidate& candidate = candidates_.documents[merged.candidate];
            return index_->places(candidate.segment, candidate.document);
        };
        return std::ranges::all_of(places(one), [&](const auto& place) {
            return std::ranges::find(places(other), place.repository, &CodeIndex::Standing::repository) !=
                   places(other).end();
        });
    };
    std::ranges::sort(matches, std::greater<>{}, &Merged::characters);
    std::vector<Merged> kept;
    for (Merged& match : matches) {
        const Interval span{match.query.front().begin, match.query.back().end};
        const bool lesser = std::ranges::any_of(kept, [&](const Merged& other) {
            return span.begin >= other.query.front().begin && span.end <= other.query.back().end &&
                   match.characters < other.characters && stands_where(match, other);
        });
        if (!lesser) kept.push_back(std::move(match));
    }
    matches = std::move(kept);
}

void Attributor::tell(const Merged& merged, Common why, Attributed& out) {
    const Candidate& candidate = candidates_.documents[merged.candidate];
    const Segment& segment = index_->segment(candidate.segment);
    Attribution told;
    told.document = segment.document(candidate.document).id;
    for (const auto& place : index_->places(candidate.segment, candidate.document))
        told.places.push_back({index_->repository(place.repository), index_->path(place)});
    told.begin = query_.offset(merged.query.front().begin);
    told.end = query_.offset(merged.query.back().end - 1) + 1;
    told.longest = merged.longest;
    told.characters = merged.characters;
    told.share = static_cast<double>(merged.characters) / static_cast<double>(query_.size());
    told.common = why;
    told.contained = static_cast<double>(merged.characters) / segment.document(candidate.document).size;
    if (const std::string* block = block_of(candidate, out); block != nullptr) {
        segment.lines_in(*block, candidate.document, lines_);
        const auto line = [&](std::uint32_t at) {
            return static_cast<std::uint32_t>(std::ranges::upper_bound(lines_, at) - lines_.begin());
        };
        told.first_line = line(merged.document_begin);
        told.last_line = line(merged.document_end - 1);
    }
    (why == Common::none ? out.matches : out.common).push_back(std::move(told));
}

} // namespace sallyport::content
