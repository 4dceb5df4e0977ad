#include "ledger/file_operations.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace sallyport::ledger {

namespace {
constexpr int sync_failed_code = 70; // EX_SOFTWARE of sysexits.h
}

void sync_failed(const std::filesystem::path& what) {
    // Not through the log: nothing may come between.
    std::fprintf(stderr,
                 "sallyport: the disk failed to keep %s: %s. Stopping at once, since nobody knows what was recorded. "
                 "Check the disk, then start again: the ledger recovers what is there.\n",
                 what.c_str(), std::strerror(errno));
    ::_exit(sync_failed_code);
}

int FileOperations::create(const std::filesystem::path& file) {
    return ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}
int FileOperations::open(const std::filesystem::path& file) { return ::open(file.c_str(), O_RDWR | O_CLOEXEC); }

std::ptrdiff_t FileOperations::write(int descriptor, std::string_view bytes, std::uint64_t offset) {
    return ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
}
int FileOperations::sync(int descriptor) { return ::fdatasync(descriptor); }

int FileOperations::reserve(int descriptor, std::uint64_t offset, std::uint64_t bytes) {
    return ::fallocate(descriptor, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(bytes));
}
int FileOperations::truncate(int descriptor, std::uint64_t bytes) {
    return ::ftruncate(descriptor, static_cast<off_t>(bytes));
}
int FileOperations::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
    return ::rename(from.c_str(), to.c_str());
}

int FileOperations::sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    const int result = ::fsync(descriptor);
    const int reason = errno;
    ::close(descriptor);
    errno = reason;
    return result;
}

FileOperations& FileOperations::real() {
    static FileOperations operations;
    return operations;
}

} // namespace sallyport::ledger
