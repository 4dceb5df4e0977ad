#include "base/file.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace sallyport {

namespace {
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};
} // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
    // Not to wait for a writer, where somebody put a pipe in the file's place.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) return fail_errno("cannot open " + path.string());
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return fail_errno("cannot look at " + path.string());
    struct statfs system{};
    const bool is_pipe = S_ISFIFO(status.st_mode);
    const bool has_no_name = is_pipe && ::fstatfs(file.get(), &system) == 0 && system.f_type == PIPEFS_MAGIC; // <(…)
    if ((is_pipe && !has_no_name) || S_ISSOCK(status.st_mode) || S_ISBLK(status.st_mode) || S_ISDIR(status.st_mode))
        return fail(ErrorKind::invalid, path.string() + " is no plain file");
    if (is_pipe && ::fcntl(file.get(), F_SETFL, 0) != 0) return fail_errno("cannot read " + path.string());
    const auto too_large = [&] {
        return fail(ErrorKind::too_large, path.string() + " is larger than " + std::to_string(bytes_max) + " bytes");
    };
    // Of a file in /proc the size is none.
    if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > bytes_max) return too_large();
    std::string content;
    char block[16 * 1024];
    while (true) {
        const ssize_t count = ::read(file.get(), block, sizeof block);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot read " + path.string());
        if (count == 0) return content;
        content.append(block, static_cast<std::size_t>(count));
        if (content.size() > bytes_max) return too_large();
    }
}

namespace {

Result<void> write_all(const Descriptor& file, const std::filesystem::path& path, std::string_view content) {
    while (!content.empty()) {
        const ssize_t count = ::write(file.get(), content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot write " + path.string());
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(file.get()) != 0) return fail_errno("cannot sync " + path.string());
    return {};
}

// `like`: whose mode and owner the new file shall have; null: `mode`, less the umask.
Result<void> replace(const std::filesystem::path& path, std::string_view content, unsigned mode, struct stat* like) {
    // A name that nobody gives a file of their own: "policy.yaml.new" may well be somebody's next policy.
    const std::filesystem::path draft = path.parent_path() / ("." + path.filename().string() + ".sallyport-draft");
    {
        // A draft that was left behind, or put there by somebody else, must not lend its mode or lead elsewhere.
        ::unlink(draft.c_str());
        const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
        if (file.get() < 0) return fail_errno("cannot create " + draft.string());
        // Another user's file can be written by its group; only root can leave it theirs, so that is no error.
        if (like != nullptr && ::fchown(file.get(), like->st_uid, like->st_gid) != 0) errno = 0;
        if (like != nullptr && ::fchmod(file.get(), like->st_mode & 07777) != 0)
            return fail_errno("cannot set the mode of " + draft.string());
        if (auto written = write_all(file, draft, content); !written) {
            ::unlink(draft.c_str());
            return written;
        }
    }
    if (::rename(draft.c_str(), path.c_str()) != 0) return fail_errno("cannot rename " + draft.string());
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::fsync(folder.get()) != 0) return fail_errno("cannot sync " + parent.string());
    return {};
}

} // namespace

Result<void> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    return replace(path, content, mode, nullptr);
}

Result<void> rewrite_file(const std::filesystem::path& path, std::string_view content) {
    std::error_code code;
    const auto target = std::filesystem::canonical(path, code);
    struct stat status{};
    errno = code.value();
    if (code || ::stat(target.c_str(), &status) != 0) return fail_errno("cannot look at " + path.string());
    return replace(target, content, 0600, &status);
}

} // namespace sallyport
