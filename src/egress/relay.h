// One HTTP exchange handed on to the host it is for, bodies as they come, in both directions bounded by one buffer; what went is counted and
// digested for its receipt.
#pragma once

#include "egress/receipts.h"
#include "http/client.h"

#include <string>
#include <string_view>

namespace sallyport::egress {

struct Relaying {
    std::string_view target;    // path and query, as they leave
    std::string_view authority; // of the Host header, written anew
    bool keep_alive = false;    // the upstream connection
    std::uint64_t bytes_max = UINT64_MAX;
    const http::Timeouts* timeouts = nullptr;
};

// What became of it, beside Requested::status, body_bytes and answer_bytes.
enum class Relayed : std::uint8_t { whole, unanswered, cut }; // unanswered: nothing was sent to the client yet

// The digest of the body is request.body_digest afterwards. Errors are in `why` (a sentence) where it is not whole.
net::Task<Relayed> relay(http::Exchange& exchange, http::ClientConnection& upstream, const Relaying& how,
                         const Receipts& receipts, Requested& request, Error& why);

// Method, path and names of headers of a request, as its receipt tells them.
Requested requested(const http::RequestHead& head, std::string_view path_and_query, const Receipts& receipts);

} // namespace sallyport::egress
