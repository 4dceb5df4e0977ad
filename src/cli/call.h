// One HTTP request from the command line, and its whole answer.
#pragma once

#include "base/error.h"
#include "http/client.h"

#include <string>
#include <string_view>

namespace sallyport::cli {

struct CalledAnswer {
    int status = 0;
    std::string body;
};

// "http://127.0.0.1:9090", "https://gateway.acme.example/admin": where to connect. `base_path`: what stands behind, without a slash at its end.
Result<http::Origin> origin_of(const std::string& url, std::string& base_path);

// `fields`: complete lines, each with CRLF. An answer longer than `bytes_max` is an error.
Result<CalledAnswer> call(const http::Origin& origin, std::string_view method, const std::string& target,
                          const std::string& fields, const std::string& body, std::size_t bytes_max,
                          std::int64_t answer_ms);

} // namespace sallyport::cli
