// Where launchers (`sallyport run`) ask, on the gateway's own listeners and with the person's company key:
//   POST /.well-known/sallyport/binding   before a client starts, and anew while it runs: a binding, and whom it may contact besides
//   POST /.well-known/sallyport/run       at its end, with the binding: whom it contacted
// Says no before a client starts: to a client or version that the policy does not approve, to a tier below what it asks for.
#pragma once

#include "gateway/lane.h"
#include "http/exchange.h"
#include "net/task.h"

namespace sallyport::gateway {

// False: the request is about something else.
net::Task<bool> answer_launcher(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival);

} // namespace sallyport::gateway
