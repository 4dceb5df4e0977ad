// Somebody's sign-in at a gateway (`sallyport sign-in`), kept in a file of theirs that nobody else reads. Its access token stands for a
// company key for a quarter of an hour; the refresh token, good once, gets the next. Launchers that run at once share it under a lock.
#pragma once

#include "endpoint/holder.h"

#include <filesystem>
#include <optional>
#include <string>

namespace sallyport::endpoint {

struct SignIn {
    std::string gateway; // "https://gateway.example"
    Secret access, refresh;
    std::int64_t until_ms = 0; // of the access token
    std::string person;        // as the gateway called them; may be empty
};
std::filesystem::path sign_in_file(const std::filesystem::path& home); // ~/.config/sallyport/sign-in.json
// Nothing where there is none. Errors: others may read it, it is none.
Result<std::optional<SignIn>> read_sign_in(const std::filesystem::path& file);
Result<void> write_sign_in(const std::filesystem::path& file, const SignIn& sign_in);

// What the gateway's token endpoint answers, added to `into`. Errors (refused): its own sentence; the person signs in again.
Result<void> take_tokens(int status, std::string_view json, std::int64_t now_ms, SignIn& into);

// Where `access.sign_in` names a file: its key is good for some minutes more when this is over, if that can be.
net::Task<Result<void>> keep_signed_in(net::Loop& loop, http::Pool& pool, GatewayAccess& access);
// The same before a process has made a thread: in one of its own.
Result<void> keep_signed_in_apart(GatewayAccess& access);

} // namespace sallyport::endpoint
