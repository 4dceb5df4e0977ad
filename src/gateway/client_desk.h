// What a signed-in client asks beside the vendors' endpoints, in the form that Claude Code's gateway sign-in expects:
//   GET  /managed/settings            the policy in the client's own company settings, with an ETag
//   GET  /v1/models                   (Claude Code only) the models that this person may ask
//   POST /v1/metrics, /v1/logs, /v1/traces   taken and thrown away: an error would be logged at each flush
#pragma once

#include "gateway/lane.h"
#include "http/exchange.h"
#include "net/task.h"

namespace sallyport::gateway {

// False: the request is about something else, or not of somebody who signed in.
net::Task<bool> answer_client(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival);

} // namespace sallyport::gateway
