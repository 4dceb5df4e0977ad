#include "ledger/log_folder.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sallyport::ledger {

Result<LogFolder> LogFolder::open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail_errno("cannot open the folder " + path.string());
    return LogFolder(descriptor);
}

LogFolder::LogFolder(LogFolder&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LogFolder::~LogFolder() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

int LogFolder::open_below(std::string_view file, int flags) const {
    int folder = descriptor_;
    while (true) {
        const std::size_t slash = file.find('/');
        const std::string part(file.substr(0, slash));
        const bool is_last = slash == std::string_view::npos;
        const int next =
            ::openat(folder, part.c_str(), O_NOFOLLOW | O_CLOEXEC | (is_last ? flags : O_PATH | O_DIRECTORY));
        const int error = errno;
        if (folder != descriptor_) ::close(folder);
        errno = error;
        if (next < 0 || is_last) return next;
        folder = next;
        file.remove_prefix(slash + 1);
    }
}

bool LogFolder::has(std::string_view file) const {
    const int found = open_below(file, O_PATH);
    if (found >= 0) ::close(found);
    return found >= 0;
}

Result<std::optional<std::string>> LogFolder::read(std::string_view file, std::size_t bytes_max) const {
    // Not to wait for a writer, where somebody put a pipe in the file's place.
    const int descriptor = open_below(file, O_RDONLY | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) return std::nullopt;
    // Of a link the kernel says ELOOP, of a link in a folder's place ENOTDIR.
    if (descriptor < 0 && (errno == ELOOP || errno == ENOTDIR))
        return fail(ErrorKind::invalid, "is a link, or what should be a folder above it is none");
    if (descriptor < 0) return fail(ErrorKind::io, std::string("cannot be opened: ") + std::strerror(errno));
    struct stat status{};
    std::string content;
    Result<std::optional<std::string>> out;
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        out = fail(ErrorKind::invalid, "is no plain file");
    } else if (std::cmp_greater(status.st_size, bytes_max)) {
        out = fail(ErrorKind::too_large, "is larger than " + std::to_string(bytes_max) + " bytes");
    } else {
        content.resize(static_cast<std::size_t>(status.st_size));
        std::size_t done = 0;
        ssize_t count = 1;
        while (done < content.size() && count != 0) {
            count = ::read(descriptor, content.data() + done, content.size() - done);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) break;
            done += static_cast<std::size_t>(count);
        }
        content.resize(done);
        if (count < 0)
            out = fail(ErrorKind::io, std::string("cannot be read: ") + std::strerror(errno));
        else
            out = std::move(content);
    }
    ::close(descriptor);
    return out;
}

} // namespace sallyport::ledger
