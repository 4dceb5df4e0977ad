// A further condition: the company's own AuthZEN decision point is asked before a byte leaves, where sallyport.yaml names one. It can
// refuse what decide() lets through, never allow more; without its answer nothing passes. docs/authzen.md.
#pragma once

#include "gateway/turn.h"

namespace sallyport::gateway {

// The step behind decide(): asks (or remembers), writes the answer into the facts and decides again by them.
net::Task<Step> ask_decision_point(Turn& turn);

} // namespace sallyport::gateway
