// The judgement of a request as if `facts.repository` was all that it names; decide() (claims.cpp) is made of it.
#pragma once

#include "policy/document.h"
#include "policy/facts.h"

namespace sallyport::policy {

Plan decide_one_repository(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates);
// Of the candidates those that nothing enforced stands against, an invariant least of all, whether or not a rule allows them.
std::size_t keep_unforbidden(const Policy& policy, const Facts& facts, std::span<std::uint16_t> candidates);
Class class_of_one_repository(const Policy& policy, const Facts& facts);

} // namespace sallyport::policy
