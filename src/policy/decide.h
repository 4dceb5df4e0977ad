// The judgement: a pure, total function of the policy and the facts. No clock, no I/O, no allocation, no failure.
// Explanation, check and replay are the same function over the same facts.
#pragma once

#include "policy/document.h"
#include "policy/facts.h"

#include <string>
#include <vector>

namespace sallyport::policy {

// `candidates`: indexes into policy.upstreams() that speak the request's dialect, in the operator's order of preference; an
// upstream that the document does not name is never allowed.
Plan decide(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates);

// Of several claims (empty: one that could not be read) the one that is judged most strictly: Facts::repository, the others belong
// into Facts::also_claimed. The order they came in makes no difference.
std::size_t strictest_claim(const Policy& policy, const Facts& facts, std::span<const std::string_view> claims,
                            std::span<const std::uint16_t> candidates);

// The class that holds for these facts, without the rest of the decision.
Class effective_class(const Policy& policy, const Facts& facts);

// One sentence for the person at the keyboard: what was refused, by which rule, for which class, what would be allowed instead.
// Names upstreams and models, never secrets, paths or other repositories. Printable ASCII on one line, at most
// sentence_bytes_max. `candidates` as given to decide(), so that it can say where the request would have gone.
inline constexpr std::size_t sentence_bytes_max = 400;
std::string sentence(const Policy& policy, const Facts& facts, const Plan& plan,
                     std::span<const std::uint16_t> candidates = {});

// The same of a plan whose mode is not enforce: what would be refused once it is.
std::string would_sentence(const Policy& policy, const Facts& facts, const Plan& plan,
                           std::span<const std::uint16_t> candidates = {});

// For `policy explain`: one line per rule, saying that it matched or which of its conditions failed.
struct RuleTrace {
    std::uint16_t rule = 0;
    bool matched = false;
    std::string why; // "needs class internal or open-source, this is trade-secret"
};
std::vector<RuleTrace> trace(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates);

// For `policy explain`: the least that would have to differ for a refused request to be allowed, in the facts or the policy:
// "rule open-code would allow it to anthropic-eu: needs class open-source or internal, this is customer". Empty when allowed; told
// too for what is only let through.
std::string smallest_change(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates);

} // namespace sallyport::policy
