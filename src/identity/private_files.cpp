#include "identity/private_files.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::identity {

Result<void> make_directory(const std::filesystem::path& directory) {
    std::error_code error;
    if (directory.has_parent_path()) std::filesystem::create_directories(directory.parent_path(), error);
    if (error) return fail(ErrorKind::io, "cannot create " + directory.parent_path().string() + ": " + error.message());
    if (::mkdir(directory.c_str(), private_directory) != 0 && errno != EEXIST)
        return fail_errno("cannot create " + directory.string());
    return {};
}

Result<void> require_private(const std::filesystem::path& path, mode_t wanted) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return fail_errno("cannot look at " + path.string());
    if (status.st_uid != ::geteuid() && ::geteuid() != 0)
        return fail(ErrorKind::refused, path.string() + " belongs to another user; run as its owner");
    if ((status.st_mode & 077) != 0)
        return fail(ErrorKind::refused, path.string() + " can be read by others; run: chmod " +
                                            (wanted == private_directory ? "0700 " : "0600 ") + path.string());
    return {};
}

Result<int> lock_file(const std::filesystem::path& file, int how, std::string_view who) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, private_file);
    if (descriptor < 0) return fail_errno("cannot open " + file.string());
    while (::flock(descriptor, how) != 0) {
        if (errno == EINTR) continue;
        const int reason = errno;
        ::close(descriptor);
        if (reason == EWOULDBLOCK)
            return fail(ErrorKind::unavailable, "another " + std::string(who) + " writes " +
                                                    file.parent_path().string() +
                                                    "; stop it first, or give this one a data directory of its own");
        errno = reason;
        return fail_errno("cannot lock " + file.string());
    }
    return descriptor;
}

} // namespace sallyport::identity
