// The pages that a person's browser sees while they sign in, and its way to the provider and back.
#pragma once

#include "gateway/lane.h"
#include "http/exchange.h"
#include "net/task.h"

namespace sallyport::gateway {

inline constexpr std::string_view verification_path = "/device", callback_path = "/device/callback";

net::Task<void> answer_verification(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival);
net::Task<void> answer_callback(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival);

// Who the provider says they are, and whether they may sign in. Errors (refused): a sentence for the person.
Result<identity::SignedIn> signed_in(const SignInConfig& sign_in, const identity::WebToken& token);

} // namespace sallyport::gateway
