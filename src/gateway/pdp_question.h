// The question to a company's own decision point: what the gateway's own AuthZEN endpoint understands too (docs/authzen.md). Pure.
#pragma once

#include "crypto/crypto.h"
#include "policy/decide.h"

#include <string>

namespace sallyport::gateway {

struct PdpQuestion {
    std::string body;
    crypto::Digest key{}; // of all but the time: equal questions have equal answers for a while
};

// `plan`: of decide(), which lets the request go; `action`: "generate" or "list-models". The person is the pseudonym.
PdpQuestion make_pdp_question(const policy::Policy& policy, const policy::Facts& facts, const policy::Plan& plan,
                              std::string_view action);

} // namespace sallyport::gateway
