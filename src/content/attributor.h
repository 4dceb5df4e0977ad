// Whose code a text is: which lines of which documents of the index stand in it, compared byte by byte. A match is a verified run of
// match_bytes_min normalised bytes, or several shorter ones in order that cover most of what they span (renamed identifiers leave those).
//
// What also stands in a public repository, or in many places, is common and no match; that is judged run by run: of a secret function
// below a public licence header the function is a match and the header is not.
//
// One per thread: it holds buffers. It keeps its index alive. Knows names of repositories, not their classes.
#pragma once

#include "content/alignment.h"
#include "content/candidates.h"
#include "content/code_index.h"
#include "content/imports.h"
#include "content/intervals.h"
#include "content/normalise.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

inline constexpr std::uint32_t match_bytes_min = 60;   // of one verified run
inline constexpr std::uint32_t changed_bytes_min = 90; // of several together, …
// Of one document in one text. Shorter ones are told as such: among them is what everybody writes who uses the same libraries
// (docs/detection.md).
inline constexpr std::uint32_t telling_bytes_min = 120;
inline constexpr double changed_share_min = 0.6; // … and of what they span

enum class Common : std::uint8_t {
    none,
    public_repository, // stands in a repository that the caller calls public
    many_repositories, // in limits::attribution_repositories_common or more
    many_places,       // in more than limits::index_files_max files, or far more often in few
    repetitive,        // a pattern that anybody may write: rows of zeros, an alphabet
    imports,           // lines that only name what a file uses
};
std::string_view name(Common); // "public-repository"

struct StandsIn {
    std::string_view repository, path; // live as long as the index
};

struct Attribution {
    DocumentId document;
    std::vector<StandsIn> places;
    std::uint32_t first_line = 0, last_line = 0; // of the document, from 1
    std::uint32_t begin = 0, end = 0;            // bytes of the text
    std::uint32_t longest = 0;                   // normalised bytes of the longest verified run
    std::uint32_t characters = 0;                // of all runs
    double share = 0;                            // of the text's normalised bytes
    double contained = 0;                        // of the document's
    Common common = Common::none;
};

// The most verified bytes first.
struct Attributed {
    std::vector<Attribution> matches;
    std::vector<Attribution> common;
    std::string
        incomplete; // a sentence where not everything was looked at (a limit, a damaged segment); empty: all was
};

class Attributor {
public:
    // `is_public`: of a repository of the index, asked once for each.
    Attributor(std::shared_ptr<const CodeIndex> index, const std::function<bool(std::string_view)>& is_public);

    // Replaces `out`. Texts beyond limits::scanned_text_bytes_max are incomplete.
    void find(std::string_view text, Attributed& out);

private:
    struct Chain {
        std::uint32_t candidate = 0;
        std::vector<SharedRun> runs;
    };
    struct Block {
        std::uint32_t segment = 0, number = 0;
        std::string bytes;
    };
    struct Teller {
        std::uint32_t repository = 0, documents = 0; // that were read
        std::uint32_t anchors = 0;                   // of the first of them, which has the most
        std::uint32_t longest = 0;                   // run that holds the fingerprint
    };
    struct Told { // for one fingerprint: whose documents with it were read
        bool is_public = false;
        std::vector<Teller> repositories;
    };
    struct Covered {                 // the longest run that holds a fingerprint, of the document read last that has it
        std::uint32_t candidate = 0; // + 1
        std::uint32_t size = 0;
    };
    struct Merged {
        std::uint32_t candidate = 0;
        std::vector<Interval> query;
        std::uint32_t document_begin = 0, document_end = 0, longest = 0, characters = 0;
    };

    void order_candidates();
    bool is_public(const Candidate& candidate) const;
    bool tells_something(const Candidate& candidate) const;
    void read(std::uint32_t candidate, Attributed& out);
    const std::string* block_of(const Candidate& candidate, Attributed& out);
    void find_common(std::string_view text);
    bool judge(const Chain& chain, const std::vector<Interval>* common, Merged& merged, Common& why) const;
    bool is_in_many_places(const Chain& chain) const;
    Common why_common(const Chain& chain) const;
    void drop_lesser(std::vector<Merged>& matches) const;
    void tell(const Merged& merged, Common why, Attributed& out);
    static void append(std::vector<Merged>& all, Merged next);

    std::shared_ptr<const CodeIndex> index_;
    std::vector<bool> public_; // by repository
    Normalised query_;
    std::vector<Fingerprint> fingerprints_;
    Candidates candidates_;
    std::vector<std::uint32_t> order_; // of candidates_.documents
    std::vector<Told> told_;
    std::vector<Covered> covered_; // by fingerprint
    std::vector<Chain> chains_;
    std::vector<Interval> common_public_, common_repositories_, common_places_, common_;
    std::vector<ImportLine> imports_;
    std::deque<Block> blocks_; // read lately
    std::size_t block_bytes_ = 0;
    std::vector<SharedRun> runs_;
    std::vector<std::uint32_t> lines_;
};

} // namespace sallyport::content
