// What the parts of Proxy pass to each other: the way to a host, and a refusal.
#pragma once

#include "egress/proxy.h"

namespace sallyport::egress {

struct Proxy::Route {
    Target target;
    Rules rules; // keeps `rule` alive
    const policy::EgressRule* rule = nullptr;
    std::vector<net::SocketAddress> addresses; // judged; to be dialled in this order
};

struct Proxy::Refusal {
    int status = 403;
    std::string sentence;
    std::string_view token; // of Proxy-Status (RFC 9209 section 2.3)
};

// Of a request whose answer did not begin.
struct RefusalOf {
    int status;
    std::string_view token;
};
inline RefusalOf refusal_of_kind(const Error& why) {
    if (why.kind == ErrorKind::too_large) return {413, "http_request_denied"};
    if (why.source == ErrorSource::client) return {400, "http_request_error"};
    if (why.kind == ErrorKind::timeout) return {504, "connection_timeout"};
    return {502, "destination_unavailable"};
}

} // namespace sallyport::egress
