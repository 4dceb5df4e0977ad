// Expected failures are values: Result<T>. An Error knows what went wrong, on whose side, and whether trying again can help,
// so that the pipeline can choose between an answer to the client, another upstream, and giving up without parsing text.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace sallyport {

enum class ErrorKind : std::uint8_t {
    invalid,     // the input breaks its grammar or a rule about it
    too_large,   // a limit of base/limits.h or of the configuration was reached
    timeout,     // a deadline passed
    refused,     // understood, and not allowed
    unavailable, // the other side or a resource is not there now
    closed,      // the other side ended the conversation
    cancelled,   // we ended it, because nobody waits for the result any more
    io,          // the operating system said no
    internal,    // a bug: never expected
};

enum class ErrorSource : std::uint8_t { client, upstream, gateway };

enum class Retry : std::uint8_t {
    never,
    other_upstream,  // nothing of an answer was relayed: the next upstream of the plan may be tried
    fresh_connection // a kept-alive connection died before the request was read: the same upstream, a new connection
};

// `message` is a whole sentence: what happened, where, what to do. It never holds a secret.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    ErrorSource source = ErrorSource::gateway;
    Retry retry = Retry::never;
    std::string message;
};

template <class T> using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message, ErrorSource source = ErrorSource::gateway,
                                   Retry retry = Retry::never) {
    return std::unexpected<Error>(Error{kind, source, retry, std::move(message)});
}

// The errno of the moment, as a sentence that names what was tried ("open /x: No such file or directory").
std::unexpected<Error> fail_errno(const std::string& what, ErrorSource source = ErrorSource::gateway,
                                  Retry retry = Retry::never);

} // namespace sallyport
