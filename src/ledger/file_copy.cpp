#include "ledger/file_copy.h"

#include "ledger/file_operations.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::ledger {

namespace {
constexpr std::size_t block_bytes = 1u << 20;

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return number_; }

private:
    int number_;
};

Result<void> write_all(int to, std::string_view bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(to, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot write " + path.string());
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

// Reads it to its end or `bytes_max`, hands every block on.
template <class Take>
Result<FileContent> read_through(const std::filesystem::path& file, std::uint64_t bytes_max, Take take) {
    const Descriptor from(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (from.get() < 0) return fail_errno("cannot open " + file.string());
    struct stat status{};
    if (::fstat(from.get(), &status) != 0) return fail_errno("cannot look at " + file.string());
    if (!S_ISREG(status.st_mode)) return fail(ErrorKind::invalid, file.string() + " is no plain file");
    ::posix_fadvise(from.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    const auto block = std::make_unique<char[]>(block_bytes);
    crypto::Sha256 digest;
    FileContent out;
    while (out.bytes < bytes_max) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, bytes_max - out.bytes));
        const ssize_t count = ::read(from.get(), block.get(), wanted);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot read " + file.string());
        if (count == 0) break;
        const std::string_view bytes(block.get(), static_cast<std::size_t>(count));
        digest.add(bytes);
        if (auto taken = take(bytes); !taken) return std::unexpected(taken.error());
        out.bytes += bytes.size();
    }
    out.digest = digest.finish();
    return out;
}
} // namespace

Result<FileContent> content_of(const std::filesystem::path& file) {
    return read_through(file, UINT64_MAX, [](std::string_view) { return Result<void>(); });
}

Result<FileContent> copy_synced(const std::filesystem::path& from, const std::filesystem::path& to,
                                std::uint64_t bytes_max) {
    const Descriptor into(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (into.get() < 0) return fail_errno("cannot create " + to.string());
    auto copied =
        read_through(from, bytes_max, [&](std::string_view bytes) { return write_all(into.get(), bytes, to); });
    if (copied && ::fsync(into.get()) != 0) copied = fail_errno("cannot sync " + to.string());
    if (!copied) ::unlink(to.c_str());
    return copied;
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    if (FileOperations::real().sync_folder(folder) != 0) return fail_errno("cannot sync " + folder.string());
    return {};
}

} // namespace sallyport::ledger
