// Sign-ins as they begin, go on and end: in store::State, in identity::Sessions, and as acts for the ledger. Each waits for the disk on a
// worker's thread. Errors: refused where the person may not (any more), unavailable where it cannot be said now; both with a sentence.
#pragma once

#include "gateway/lane.h"
#include "net/task.h"

namespace sallyport::gateway {

inline constexpr std::int64_t access_token_ms = 900'000;
// A refresh token that comes again shortly after it was spent is a client's own repeat; later it is somebody else who has it.
inline constexpr std::int64_t repeat_ms_max = 30'000;

struct GivenTokens {
    Secret access, refresh;
};
net::Task<Result<GivenTokens>> begin_session(Lane& lane, identity::SignedIn who, std::string client);
// Asks the provider, where it gave a token for that, whether the person is still who they were.
net::Task<Result<GivenTokens>> renew_session(Lane& lane, Secret refresh);
// Access or refresh token; what is none is passed over.
net::Task<void> revoke_token(Lane& lane, Secret token);

// Before the loops run: those that are in force. `signing_in` may hold none yet.
Result<void> load_sessions(SigningIn& signing_in);

} // namespace sallyport::gateway
