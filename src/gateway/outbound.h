// The bytes that will leave for one upstream: a head of our own making out of the client's (order and case kept), and the body as
// it came. Built per attempt, since each upstream has its credential, its path and the headers it must not see.
#pragma once

#include "dialect/dialect.h"
#include "gateway/world.h"
#include "http/head.h"
#include "policy/facts.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

struct Changes {
    bool body = false;                      // it leaves as a plain text of ours, whatever coding it came in
    bool answer = false;                    // something may be put back into it, so it is asked for without a coding
    std::vector<std::string_view> stripped; // patterns of headers that rules leave out, in lower case
};

// Appends the request line and headers, blank line included, to `out`. `body_bytes` nullopt: the request has no body.
void build_head(const http::RequestHead& head, const dialect::Endpoint& endpoint, const Upstream& upstream,
                policy::AccountKind account, std::optional<std::uint64_t> body_bytes, const Changes& changes,
                std::string& out);

} // namespace sallyport::gateway
