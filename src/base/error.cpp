#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace sallyport {

std::unexpected<Error> fail_errno(const std::string& what, ErrorSource source, Retry retry) {
    const int code = errno;
    return fail(ErrorKind::io, what + ": " + std::generic_category().message(code), source, retry);
}

} // namespace sallyport
