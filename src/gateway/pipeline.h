// The way of an exchange. Start reading here.
#pragma once

#include "gateway/lane.h"
#include "http/exchange.h"

namespace sallyport::gateway {

// One exchange, from its read head to its closed entry. Every ending is an answer the client can show.
net::Task<void> handle(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival);

} // namespace sallyport::gateway
