#include "base/plain_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport {

Result<int> open_plain_file(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status{};
    const bool is_looked_at = file >= 0 && ::fstat(file, &status) == 0;
    if (is_looked_at && S_ISREG(status.st_mode)) return file;
    int reason = is_looked_at ? 0 : errno;
    if (reason == ENXIO) reason = 0; // a socket
    std::unexpected<Error> error = reason == 0 ? fail(ErrorKind::invalid, path.string() + " is no plain file")
                                               : fail_errno("cannot open " + path.string());
    if (file >= 0) ::close(file);
    errno = reason;
    return error;
}

} // namespace sallyport
