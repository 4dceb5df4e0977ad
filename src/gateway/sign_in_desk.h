// Signing in at the gateway (docs/sign-in.md), on its own listeners. Towards clients it is an OAuth authorization server with the device
// grant, in the form that Claude Code's /login expects; who the person is, the company's OpenID provider says.
//   GET  /.well-known/oauth-authorization-server   metadata (RFC 8414)
//   POST /oauth/device_authorization               RFC 8628 section 3.1
//   POST /oauth/token                              device_code and refresh_token
//   POST /oauth/revoke                             RFC 7009
//   GET  /device, POST /device, GET /device/callback   for the person's browser (sign_in_pages.h)
#pragma once

#include "gateway/lane.h"
#include "http/exchange.h"
#include "net/task.h"

#include <string>

namespace sallyport::gateway {

// False: the request is about something else, or nobody signs in here.
net::Task<bool> answer_sign_in(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival);

// "https://gateway.example": as sallyport.yaml says, else as the request does.
std::string base_of(const SignInConfig& sign_in, const http::RequestHead& head, const http::Arrival& arrival);
// Of the peer, without its port.
std::string_view address_of(const http::Arrival& arrival);

} // namespace sallyport::gateway
