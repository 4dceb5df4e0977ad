// The check of `invariants` when a policy is loaded: is there a request that an allow rule lets through and that an invariant
// forbids? Never misses one (each dimension is compared as a set, models as patterns). Where refuse rules stand against an allow
// rule, one of them must cover the forbidden part alone; several that only do so together are reported as a violation, with the
// advice to narrow the allow rule. The exact prover over the whole space is `policy prove`.
#pragma once

#include "policy/model.h"

#include <vector>

namespace sallyport::policy {

std::vector<Mistake> broken_invariants(const Document& document);

} // namespace sallyport::policy
