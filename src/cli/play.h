// Plays a client's requests against the gateway and shows what came back: for the demo.
#pragma once

#include "base/error.h"

#include <string>
#include <utility>
#include <vector>

namespace sallyport::cli {

struct PlayedRequest {
    std::string target;                                       // "/v1/messages?beta=true"
    std::vector<std::pair<std::string, std::string>> headers; // without Host and length
    std::string body;
};
struct PlayedAnswer {
    int status = 0;
    std::string body;
};
// `url`: "http://127.0.0.1:4242". One connection per call.
Result<PlayedAnswer> play(const std::string& url, const PlayedRequest& request);

// What the model said, out of an answer or stream of any dialect, or the message of an error; a rough reading for people.
std::string gist(const PlayedAnswer& answer);

} // namespace sallyport::cli
