// Heads: whatever is accepted must be readable in one way only.
#include "http/framing.h"
#include "http/head.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::http;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t end = head_end(bytes, 0);
    const std::string_view head_bytes = end == std::string_view::npos ? bytes : bytes.substr(0, end);
    RequestHead request;
    if (parse_request_head(head_bytes, request)) {
        if (end == std::string_view::npos || request.fields.count("host") > 1) std::abort();
        for (const Field& field : request.fields)
            for (const char c : field.value)
                if (c == '\r' || c == '\n' || c == '\0') std::abort();
        if (const auto framing = request_framing(request); framing && framing->kind == Framing::Kind::chunked && request.fields.count("content-length") > 0) std::abort();
    }
    ResponseHead response;
    if (parse_response_head(head_bytes, response)) static_cast<void>(response_framing(response, "POST"));
    return 0;
}
