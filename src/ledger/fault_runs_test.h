// A process of its own for each fault, since some faults end it; what it tells before that comes back line by line.
#pragma once

#include "ledger/faulty_disk_test.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sys/wait.h>

namespace sallyport::ledger {

struct FaultRun {
    static constexpr int went_on = 0, refused = 3, lost_a_sync = 70;
    int code = -1;                                 // of the process; 128 and more: a signal
    std::vector<std::string> told;                 // lines
    std::string errors;                            // what stands on standard error
    std::string one(std::string_view word) const { // the rest of the first line that begins with it
        for (const std::string& line : told)
            if (line.starts_with(word)) return line.substr(word.size());
        return {};
    }
};

class Teller {
public:
    explicit Teller(int descriptor) : descriptor_(descriptor) {}
    void operator()(std::string line) const {
        line += '\n';
        if (::write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(99);
    }

private:
    int descriptor_;
};

// `run` returns the exit code. A run that takes longer than a minute is killed.
inline FaultRun run_apart(const std::filesystem::path& errors, const std::function<int(const Teller&)>& run) {
    int pipe[2];
    if (::pipe(pipe) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        ::close(pipe[0]);
        const int file = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dup2(file, STDERR_FILENO);
        ::_exit(run(Teller(pipe[1])));
    }
    ::close(pipe[1]);
    std::string all;
    std::array<char, 4096> block;
    while (true) {
        const ssize_t count = ::read(pipe[0], block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        all.append(block.data(), static_cast<std::size_t>(count));
    }
    ::close(pipe[0]);
    FaultRun out;
    int status = 0;
    if (::waitpid(child, &status, 0) == child)
        out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1)
        out.told.push_back(all.substr(at, all.find('\n', at) - at));
    std::ifstream file(errors);
    out.errors.assign(std::istreambuf_iterator<char>(file), {});
    return out;
}

// How much is tried: 1 on each run of the tests, more at night.
inline std::uint64_t fault_scale() {
    const char* const scale = std::getenv("SALLYPORT_FAULTS");
    return scale == nullptr ? 1 : std::strtoull(scale, nullptr, 10);
}

} // namespace sallyport::ledger

// The test program's reads (see faulty_disk_test.h). Included by one file of it only.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,misc-definitions-in-headers)
ssize_t __real_read(int descriptor, void* into, std::size_t bytes);
ssize_t __real_pread(int descriptor, void* into, std::size_t bytes, off_t offset);
ssize_t __wrap_read(int descriptor, void* into, std::size_t bytes) {
    if (auto* const disk = sallyport::ledger::FaultyDisk::installed()) {
        const auto count = disk->reads(bytes);
        if (count < 0) return -1;
        bytes = static_cast<std::size_t>(count);
    }
    return __real_read(descriptor, into, bytes);
}
ssize_t __wrap_pread(int descriptor, void* into, std::size_t bytes, off_t offset) {
    if (auto* const disk = sallyport::ledger::FaultyDisk::installed()) {
        const auto count = disk->reads(bytes);
        if (count < 0) return -1;
        bytes = static_cast<std::size_t>(count);
    }
    return __real_pread(descriptor, into, bytes, offset);
}
// NOLINTEND(bugprone-reserved-identifier,misc-definitions-in-headers)
}
