// Services without a person: a job of a CI system comes with a token that its issuer signed (OpenID Connect), in place of a company key.
#pragma once

#include "gateway/lane.h"
#include "http/exchange.h"
#include "net/task.h"

namespace sallyport::gateway {

// Where the request brings such a token that sallyport.yaml lets in (workloads), it is a session from now on until it expires, which
// read_caller() finds like any other. All else is left as it is.
net::Task<void> admit_workload(Lane& lane, http::Exchange& exchange);

} // namespace sallyport::gateway
