#include "http/framing.h"

#include "base/limits.h"
#include "base/text.h"

#include <algorithm>

namespace sallyport::http {

namespace {

// -1 where it is not 1 to 18 plain digits.
std::int64_t plain_length(std::string_view text) {
    if (text.empty() || text.size() > 18) return -1;
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

Result<Framing> declared_framing(const Fields& fields, int minor_version, ErrorSource source, bool& declared) {
    const std::size_t lengths = fields.count("content-length");
    const std::size_t codings = fields.count("transfer-encoding");
    declared = lengths + codings > 0;
    if (lengths > 0 && codings > 0)
        return fail(ErrorKind::invalid,
                    "both Content-Length and Transfer-Encoding are given: where the body ends is ambiguous", source);
    if (codings > 0) {
        if (codings > 1 || !equals_ignoring_case(fields.value("transfer-encoding"), "chunked") || minor_version == 0)
            return fail(ErrorKind::invalid, "the Transfer-Encoding is not a single 'chunked' of HTTP/1.1", source);
        return Framing{Framing::Kind::chunked, 0};
    }
    if (lengths > 0) {
        if (lengths > 1) return fail(ErrorKind::invalid, "Content-Length is given more than once", source);
        const std::int64_t length = plain_length(fields.value("content-length"));
        if (length < 0) return fail(ErrorKind::invalid, "Content-Length is not a plain number", source);
        return Framing{Framing::Kind::length, static_cast<std::uint64_t>(length)};
    }
    return Framing{};
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace

Result<Framing> request_framing(const RequestHead& head) {
    bool declared = false;
    return declared_framing(head.fields, head.minor_version, ErrorSource::client, declared);
}

Result<Framing> response_framing(const ResponseHead& head, std::string_view request_method) {
    if (request_method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304) return Framing{};
    bool declared = false;
    Result<Framing> framing = declared_framing(head.fields, head.minor_version, ErrorSource::upstream, declared);
    if (framing && !declared) framing->kind = Framing::Kind::until_close;
    return framing;
}

std::unexpected<Error> ChunkDecoder::bad(const char* what) const {
    return fail(ErrorKind::invalid, std::string("the chunked body is malformed: ") + what, source_);
}

Result<ChunkDecoder::Step> ChunkDecoder::next(std::string_view input) {
    Step step;
    while (step.consumed < input.size()) {
        const char c = input[step.consumed];
        switch (state_) {
        case State::size:
            if (c == '\r') {
                if (digits_ == 0) return bad("a chunk has no size");
                state_ = State::size_lf;
            } else {
                const int value = hex_value(c);
                if (value < 0)
                    return bad(c == ';' ? "chunk extensions are not accepted" : "a chunk size is not hexadecimal");
                if (++digits_ >= limits::chunk_line_bytes_max) return bad("a chunk size is too long");
                left_ = left_ * 16 + static_cast<unsigned>(value);
            }
            break;
        case State::size_lf:
            if (c != '\n') return bad("a chunk size does not end in CR LF");
            state_ = left_ == 0 ? State::trailer_start : State::data;
            break;
        case State::data: {
            const std::size_t count =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - step.consumed));
            step.payload = input.substr(step.consumed, count);
            step.consumed += count;
            left_ -= count;
            if (left_ == 0) state_ = State::data_cr;
            return step;
        }
        case State::data_cr:
            if (c != '\r') return bad("a chunk is longer than its size says");
            state_ = State::data_lf;
            break;
        case State::data_lf:
            if (c != '\n') return bad("a chunk does not end in CR LF");
            digits_ = 0;
            state_ = State::size;
            break;
        case State::trailer_start:
            state_ = c == '\r' ? State::end_lf : State::trailer;
            if (c == '\n' || c == ' ' || c == '\t' || c == '\0') return bad("a trailer line is malformed");
            break;
        case State::trailer:
            if (c == '\r')
                state_ = State::trailer_lf;
            else if (c == '\n' || c == '\0')
                return bad("a trailer line does not end in CR LF");
            if (++trailer_bytes_ > limits::trailer_bytes_max) return bad("the trailers are too long");
            break;
        case State::trailer_lf:
            if (c != '\n') return bad("a trailer line does not end in CR LF");
            state_ = State::trailer_start;
            break;
        case State::end_lf:
            if (c != '\n') return bad("the last chunk does not end in CR LF");
            ++step.consumed;
            state_ = State::done;
            step.done = true;
            return step;
        case State::done: step.done = true; return step;
        }
        ++step.consumed;
    }
    step.done = state_ == State::done;
    return step;
}

} // namespace sallyport::http
