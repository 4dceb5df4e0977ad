// What the ledger asks of the file system, so that tests can fail, tear and count each operation. The calls are those of POSIX:
// -1 and errno on failure, short writes are possible.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace sallyport::ledger {

// After a sync that failed nobody knows what is on the disk: says so and ends the process with code 70. Asking again could be
// answered "done" although the kernel dropped the pages (Rebello et al., USENIX ATC 2020).
[[noreturn]] void sync_failed(const std::filesystem::path& what);

class FileOperations {
public:
    virtual ~FileOperations() = default;
    virtual int create(const std::filesystem::path& file); // read and write, mode 0600, emptied
    virtual int open(const std::filesystem::path& file);   // read and write, must exist
    virtual std::ptrdiff_t write(int descriptor, std::string_view bytes, std::uint64_t offset);
    virtual int sync(int descriptor);                                               // fdatasync
    virtual int reserve(int descriptor, std::uint64_t offset, std::uint64_t bytes); // fallocate, keeps the size
    virtual int truncate(int descriptor, std::uint64_t bytes); // also frees what was reserved behind
    virtual int rename(const std::filesystem::path& from, const std::filesystem::path& to);
    virtual int sync_folder(const std::filesystem::path& folder);

    static FileOperations& real();
};

// A call that a signal interrupted is made again. Never a sync: see sync_failed().
template <class Call> auto retried(Call&& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

} // namespace sallyport::ledger
