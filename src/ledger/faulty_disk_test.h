// The real file system in which one operation goes wrong, the n-th of a run: so that a test can let each of them fail in each way. A sync
// that fails loses what was written since the last one, as a kernel may do that drops pages which it could not write.
//
// Reads of the program do not go through FileOperations; a test program that is linked with --wrap=read and --wrap=pread has them counted and
// failed as well, while a FaultyDisk is installed.
#pragma once

#include "ledger/file_operations.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <unistd.h>
#include <vector>

namespace sallyport::ledger {

enum class Fault : std::uint8_t { eio, enospc, short_count, eintr };
inline constexpr std::array<Fault, 4> every_fault = {Fault::eio, Fault::enospc, Fault::short_count, Fault::eintr};
inline constexpr std::array<std::string_view, 4> fault_names = {"EIO", "ENOSPC", "a short count", "EINTR"};

// What a run did, by the kind of operation.
enum class Operation : std::uint8_t { create, open, write, sync, reserve, truncate, rename, sync_folder, read };
inline constexpr std::array<std::string_view, 9> operation_names = {
    "create", "open", "write", "sync", "reserve", "truncate", "rename", "sync_folder", "read"};

class FaultyDisk : public FileOperations {
public:
    static constexpr std::uint64_t never = UINT64_MAX;
    // The operations with these numbers, from 0 on, fail.
    FaultyDisk(std::vector<std::uint64_t> numbers, Fault fault) : numbers_(std::move(numbers)), fault_(fault) {}
    ~FaultyDisk() override { installed_.store(nullptr); }

    void install() { installed_.store(this); } // for reads
    static FaultyDisk* installed() { return installed_.load(); }

    int create(const std::filesystem::path& file) override {
        if (fails(Operation::create)) return -1;
        return opened(file, FileOperations::create(file));
    }
    int open(const std::filesystem::path& file) override {
        if (fails(Operation::open)) return -1;
        return opened(file, FileOperations::open(file));
    }
    std::ptrdiff_t write(int descriptor, std::string_view bytes, std::uint64_t offset) override {
        const bool failed = fails(Operation::write);
        const int error = errno;
        // A disk that has no room or is interrupted takes nothing; one that fails may have taken a part.
        if (failed && (error == ENOSPC || error == EINTR)) return errno = error, -1;
        if (failed || is_short_) bytes = bytes.substr(0, bytes.size() / 2 + bytes.size() % 2);
        remember(descriptor, bytes.size(), offset);
        const auto count = FileOperations::write(descriptor, bytes, offset);
        wrote(descriptor, bytes);
        return failed ? (errno = error, -1) : count;
    }
    int sync(int descriptor) override {
        if (fails(Operation::sync)) {
            const int error = errno;
            drop(descriptor);
            return errno = error, -1;
        }
        const std::scoped_lock lock(mutex_);
        unsynced_.erase(descriptor);
        synced(descriptor, names_[descriptor]);
        return 0; // that it reaches the disk is not what is tested
    }
    int reserve(int, std::uint64_t, std::uint64_t) override { return fails(Operation::reserve) ? -1 : 0; }
    int truncate(int descriptor, std::uint64_t bytes) override {
        return fails(Operation::truncate) ? -1 : FileOperations::truncate(descriptor, bytes);
    }
    int rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
        if (fails(Operation::rename)) return -1;
        const std::scoped_lock lock(mutex_);
        for (auto& [descriptor, name] : names_)
            if (name == from.filename()) name = to.filename();
        return FileOperations::rename(from, to);
    }
    int sync_folder(const std::filesystem::path&) override { return fails(Operation::sync_folder) ? -1 : 0; }

    // Of a read: how many bytes of `wanted` it may return; -1 and errno.
    std::ptrdiff_t reads(std::size_t wanted) {
        if (fails(Operation::read)) return -1;
        return static_cast<std::ptrdiff_t>(is_short_ && wanted > 1 ? wanted / 2 : wanted);
    }

    std::uint64_t operations() const { return next_; }

protected:
    virtual void begins(Operation /*operation*/) {}  // of each
    virtual void strikes(Operation /*operation*/) {} // of those that fail
    // The newest bytes that were written to a file, and that they were synced.
    virtual void wrote(int /*descriptor*/, std::string_view /*bytes*/) {}
    virtual void synced(int /*descriptor*/, const std::string& /*file*/) {}

private:
    struct Before {
        std::uint64_t offset = 0, size = 0; // size of the file
        std::string bytes;
    };

    // Also sets is_short_. One thread does all operations of a run at a time.
    bool fails(Operation operation) {
        const std::uint64_t number = next_++;
        is_short_ = false;
        begins(operation);
        if (std::ranges::find(numbers_, number) == numbers_.end()) return false;
        strikes(operation);
        is_short_ = fault_ == Fault::short_count && (operation == Operation::write || operation == Operation::read);
        if (fault_ == Fault::short_count) return false; // nothing else can be short
        if (fault_ == Fault::enospc && operation == Operation::read) return false;
        errno = fault_ == Fault::eio ? EIO : fault_ == Fault::enospc ? ENOSPC : EINTR;
        return true;
    }
    int opened(const std::filesystem::path& file, int descriptor) {
        const std::scoped_lock lock(mutex_);
        names_[descriptor] = file.filename();
        unsynced_.erase(descriptor);
        return descriptor;
    }
    void remember(int descriptor, std::size_t bytes, std::uint64_t offset) {
        Before before{offset, static_cast<std::uint64_t>(::lseek(descriptor, 0, SEEK_END)), std::string(bytes, '\0')};
        std::size_t got = 0;
        FaultyDisk* const counted = installed_.exchange(nullptr);
        const ssize_t count = ::pread(descriptor, before.bytes.data(), bytes, static_cast<off_t>(offset));
        installed_.store(counted);
        if (count > 0) got = static_cast<std::size_t>(count);
        before.bytes.resize(got);
        const std::scoped_lock lock(mutex_);
        unsynced_[descriptor].push_back(std::move(before));
    }
    void drop(int descriptor) {
        const std::scoped_lock lock(mutex_);
        auto& writes = unsynced_[descriptor];
        for (auto before = writes.rbegin(); before != writes.rend(); ++before) {
            FileOperations::write(descriptor, before->bytes, before->offset);
            FileOperations::truncate(descriptor, before->size);
        }
        writes.clear();
    }

    const std::vector<std::uint64_t> numbers_;
    const Fault fault_;
    std::atomic<std::uint64_t> next_ = 0;
    bool is_short_ = false;
    std::mutex mutex_; // guards what follows
    std::map<int, std::string> names_;
    std::map<int, std::vector<Before>> unsynced_;
    static inline std::atomic<FaultyDisk*> installed_ = nullptr;
};

} // namespace sallyport::ledger
