// Whose code stands in a text: candidates by fingerprints, then compared byte by byte with the documents they point to, so that what is
// told is verified. One per thread; holds memory that it uses again.
#pragma once

#include "content/code_index.h"
#include "content/normalise.h"

#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::content {

// Bytes of a normal form: shorter runs are no evidence.
inline constexpr std::uint32_t verbatim_run_min = 60;

struct CodeMatch {
    std::uint32_t begin = 0, end = 0;            // of the text
    std::uint32_t first_line = 0, last_line = 0; // of the document, from 1
    std::uint32_t characters = 0;                // that are the same, of the normal form
    std::uint32_t longest_run = 0; // of them; from verbatim_run_min on the match is verbatim, below it was reworked
    std::uint32_t segment = 0, document = 0;
    std::span<const DocumentPlace> places; // of the document
    // It also stands in a repository that is open, or in very many: not told as a leak.
    bool common = false;
};

class CodeSearch {
public:
    // `open`: by repository of the index, whether everybody may see it.
    CodeSearch(std::shared_ptr<const CodeIndex> index, std::vector<bool> open);
    // Replaces `out`: the match with the most characters first; of matches of one place in the text and one set of repositories only
    // the best. False where the text asked for more comparisons than limits::verifications_of_text_max: then `out` is not all.
    bool find(std::string_view text, std::vector<CodeMatch>& out);
    const CodeIndex& index() const { return *index_; }

private:
    struct Hit {
        std::uint32_t segment, document, at, in_document;
    };
    struct Run { // of the same bytes
        std::uint32_t at, in_document, bytes;
    };
    struct Chain { // runs of one document in order, in the text and in it
        std::vector<Run> runs;
        std::uint32_t begin = 0, end = 0, characters = 0, longest = 0;
    };
    void collect_hits();
    const DocumentText* unpacked(std::uint32_t segment, std::uint32_t document);
    Chain extended(const DocumentText& document, std::uint32_t at, std::uint32_t in_document) const;
    void judge_common(std::span<const Chain> chains, std::vector<CodeMatch>& matches) const;

    std::shared_ptr<const CodeIndex> index_;
    std::vector<bool> open_;
    Normalised normal_;
    std::vector<Fingerprint> fingerprints_;
    std::vector<std::uint32_t> places_;
    std::vector<Hit> hits_;
    DocumentText document_;
};

} // namespace sallyport::content
