// The requests of a recorded run, read from its bytes: HTTP/1.1 as it came, with what two readers could take differently kept (order, case,
// white space, framing). Bytes that are no request become one whose method is "?". Pure.
#pragma once

#include "lab/recording.h"

#include <string>
#include <utility>
#include <vector>

namespace sallyport::lab {

struct SentRequest {
    std::string host; // of the connection
    std::uint16_t port = 0;
    bool tls = false, through_proxy = false;
    std::size_t connection = 0;
    std::uint64_t number = 0; // when its first byte came, in the order of the run
    std::string method, target, version;
    std::string path, query; // of the target; of a whole URL its path
    std::vector<std::pair<std::string, std::string>>
        fields;          // names as they came; values with the white space around them
    std::string body;    // without its framing and coding
    std::string coding;  // "gzip"; empty: none, or one that could not be undone
    std::string framing; // "none", "length", "chunked"
    std::vector<std::size_t> chunks;
    std::size_t bytes = 0; // all of it, as it came
    bool whole = true;
    std::string_view value(std::string_view name) const; // first field of that name, trimmed
};

std::vector<SentRequest> requests_of(const Recording& recording); // in the order in which they began
// Of one connection's bytes.
std::vector<SentRequest> read_requests(std::string_view sent);

} // namespace sallyport::lab
