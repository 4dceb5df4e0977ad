// Where a body begins and ends (RFC 9112 sections 6 and 7).
#pragma once

#include "http/head.h"

#include <cstdint>

namespace sallyport::http {

struct Framing {
    enum class Kind : std::uint8_t { none, length, chunked, until_close };
    Kind kind = Kind::none;
    std::uint64_t length = 0;
};

// Of a request: Transfer-Encoding beside Content-Length, any coding but a single `chunked`, a repeated or odd Content-Length are
// errors, not choices.
Result<Framing> request_framing(const RequestHead& head);
// Of the response to a request with this method.
Result<Framing> response_framing(const ResponseHead& head, std::string_view request_method);

// Takes the chunked coding apart, byte for byte, over any split of the input. Strict: sizes are 1 to 15 hex digits followed by CRLF,
// no extensions; trailers are read within a limit and dropped.
class ChunkDecoder {
public:
    explicit ChunkDecoder(ErrorSource source) : source_(source) {}
    struct Step {
        std::size_t consumed = 0; // bytes of the input that are done with, payload included
        std::string_view payload; // a view of the input; may be empty
        bool done = false;        // the last chunk and its trailers were read
    };
    // One step: call again with the rest of the input until it is used up or done.
    Result<Step> next(std::string_view input);

private:
    enum class State : std::uint8_t {
        size,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer,
        trailer_lf,
        end_lf,
        done
    };
    std::unexpected<Error> bad(const char* what) const;

    ErrorSource source_;
    State state_ = State::size;
    std::uint64_t left_ = 0;
    unsigned digits_ = 0;
    std::size_t trailer_bytes_ = 0;
};

} // namespace sallyport::http
