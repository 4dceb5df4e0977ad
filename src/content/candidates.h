// Which documents of an index share fingerprints with a text, and where: what is then compared byte by byte. Pure.
#pragma once

#include "content/code_index.h"
#include "content/winnow.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sallyport::content {

struct Anchor {
    std::uint32_t fingerprint : 31 = 0; // of the text, by its place in the list
    std::uint32_t surrounded : 1 = 0;   // a shared run of 60 bytes is possible: segment_format::may_surround()
    std::uint32_t document_at = 0;      // where the same gram begins in the document
};

struct Candidate {
    std::uint32_t segment = 0, document = 0;
    std::uint32_t begin = 0, end = 0; // of its anchors, which ascend in the document
    std::uint32_t anchors() const { return end - begin; }
};

// Buffers, to be used again.
struct Candidates {
    std::vector<Anchor> anchors;
    std::vector<Candidate> documents;  // those that stand somewhere
    std::vector<unsigned char> common; // for each fingerprint: 1 where it stands in more files than the index lists
    bool complete = true;              // false: limits::attribution_anchors_max was reached
    std::vector<Segment::Found> positions;
    std::vector<std::uint64_t> packed, copy;
    std::vector<std::uint32_t> passed;
};

// The fingerprints are those of the normalised text.
void find_candidates(const CodeIndex& index, std::string_view text, std::span<const Fingerprint> fingerprints,
                     Candidates& out);

} // namespace sallyport::content
