// The judgement of a request as if `facts.repository` was all that it names; decide() (claims.cpp) is made of it.
#pragma once

#include "policy/document.h"
#include "policy/facts.h"

namespace sallyport::policy {

Plan decide_one_repository(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates);
Class class_of_one_repository(const Policy& policy, const Facts& facts);

} // namespace sallyport::policy
