// What a binding does to a request's facts. Pure. A binding is asked for by a launcher that runs as the person, who could forge all that
// it states: unless the policy trusts such launchers, it is a claim as any other (law 7).
#pragma once

#include "gateway/caller.h"
#include "identity/binding.h"
#include "ledger/entry.h"
#include "policy/facts.h"
#include "policy/model.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

// Why the binding is not this request's: it says itself that it is about another repository, client or version. Empty: nothing speaks
// against it.
std::string foreign_to(const identity::Statement& bound, const http::RequestHead& head, const identity::Client& client);

// Tier and version. `facts.client` is there already, as the request says it.
void take_bound(const identity::Statement& bound, const policy::Launchers& launchers, policy::Facts& facts);

// Whether the request is judged as the binding's repository, which then comes to stand first in `claimed` and is known better than by
// a claim. All others narrow.
bool bound_comes_first(const identity::Statement& bound, const policy::Launchers& launchers,
                       std::span<std::string_view> claimed);

policy::Tier tier_of(const identity::Statement& bound);
ledger::NamedBinding named(const identity::Binding& bound); // for an entry; views it

} // namespace sallyport::gateway
