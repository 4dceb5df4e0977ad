// What may never be (the invariants), held against everything that the rules let through: exact over the whole finite space of
// requests (space.h), with a request that shows each violation, which decide() lets through as told.
#pragma once

#include "policy/space.h"

#include <string>
#include <vector>

namespace sallyport::policy {

struct Violation {
    std::size_t invariant = 0; // index into the document's
    std::size_t rule = 0;      // the allow rule that lets it through
    std::size_t upstream = 0;
    Class cls = Class::open_source;
    Sample sample;
    std::string
    words(const Document& document) const; // one sentence: rule, where it stands, what it lets through, to whom
};

struct Proof {
    std::vector<Violation> violations; // the first one of each invariant and rule
    std::string undecided;             // why the answer is not known; then "no violation" says nothing
    bool holds() const { return violations.empty() && undecided.empty(); }
};

Proof prove(const Document& document);

// Allow rules of which refuse rules leave nothing that anybody could ask for, as warnings. None where that is not known for sure.
std::vector<Mistake> rules_without_effect(const Document& document);

// The violations as mistakes of the file, and one where it is not decided: a policy that is not proven is not taken.
std::vector<Mistake> mistakes_of(const Document& document, const Proof& proof);

} // namespace sallyport::policy
