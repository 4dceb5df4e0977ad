// What the ledger takes: durable entries a second from 64 writers at once with the disk's own sync rate beside it, how fast it is
// verified, how long a start takes.
//
//   ledger_bench [DIRECTORY [MILLIONS]]      one JSON object; MILLIONS of entries (default 1) for verification and start
#include "base/clock.h"
#include "ledger/verify.h"
#include "ledger/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <semaphore>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {
using namespace sallyport;

const auto signer = std::make_shared<const crypto::NoteSigner>(*crypto::NoteSigner::generate("sallyport/bench"));

ledger::WriterOptions options(const std::filesystem::path& directory) {
    ledger::WriterOptions out;
    out.directory = directory;
    out.origin = "bench";
    out.signer = signer;
    return out;
}

// fdatasync of a 4 KiB append, one after the other, a second.
double syncs_per_second(const std::filesystem::path& directory) {
    const auto file = directory / "sync";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    const auto begun = monotonic_us();
    int count = 0;
    while (monotonic_us() - begun < 1'000'000) {
        if (::pwrite(descriptor, block.data(), block.size(), static_cast<off_t>(count) * 4096) < 0) break;
        if (::fdatasync(descriptor) != 0) break;
        ++count;
    }
    ::close(descriptor);
    std::filesystem::remove(file);
    return count * 1e6 / static_cast<double>(monotonic_us() - begun);
}

struct Durable {
    double per_second = 0, per_sync = 0, p50_ms = 0, p99_ms = 0;
};

Durable durable(const std::filesystem::path& directory, std::string_view entry) {
    constexpr int writers = 64;
    constexpr std::int64_t run_us = 5'000'000;
    auto writer = ledger::Writer::open(options(directory));
    if (!writer) std::abort();
    std::vector<std::vector<std::int64_t>> times(writers);
    std::vector<std::thread> threads;
    const auto begun = monotonic_us();
    for (int i = 0; i < writers; ++i)
        threads.emplace_back([&, i] {
            std::binary_semaphore done(0);
            while (monotonic_us() - begun < run_us) {
                const auto at = monotonic_us();
                const ledger::Completion completion{
                    [](void* context, bool) { static_cast<std::binary_semaphore*>(context)->release(); }, &done};
                if (!(*writer)->append_durable(entry, completion)) std::abort();
                done.acquire();
                times[static_cast<std::size_t>(i)].push_back(monotonic_us() - at);
            }
        });
    for (auto& thread : threads) thread.join();
    const double seconds = static_cast<double>(monotonic_us() - begun) / 1e6;
    const auto figures = (*writer)->figures();
    std::vector<std::int64_t> all;
    for (const auto& one : times) all.insert(all.end(), one.begin(), one.end());
    std::ranges::sort(all);
    return {static_cast<double>(all.size()) / seconds,
            static_cast<double>(all.size()) / static_cast<double>(figures.syncs),
            static_cast<double>(all[all.size() / 2]) / 1e3, static_cast<double>(all[all.size() * 99 / 100]) / 1e3};
}

} // namespace

int main(int count, char** arguments) {
    const std::filesystem::path base = count > 1 ? arguments[1] : std::filesystem::temp_directory_path();
    const std::uint64_t entries = (count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1) * 1'000'000;
    const auto directory = base / ("ledger-bench-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    const std::string entry = "{\"at\":1795000000000,\"pad\":\"" + std::string(970, 'x') + "\"}";
    const double syncs = syncs_per_second(directory);
    const Durable written = durable(directory / "durable", entry);
    const auto large = directory / "large";
    {
        auto writer = ledger::Writer::open(options(large));
        if (!writer) std::abort();
        for (std::uint64_t i = 0; i < entries;)
            if ((*writer)->append(entry))
                ++i;
            else
                ::usleep(1'000);
    }
    const auto begun = monotonic_us();
    const auto verified = ledger::verify({.directory = large, .keys = {signer->verifier()}, .seen = {}});
    const auto ended = monotonic_us();
    if (!verified || !verified->ok()) std::abort();
    std::int64_t start_us = 0;
    {
        const auto at = monotonic_us();
        const auto writer = ledger::Writer::open(options(large));
        start_us = monotonic_us() - at;
        if (!writer) std::abort();
    }
    fmt::print("{{\"disk_syncs_per_s\":{:.0f},\"durable_per_s\":{:.0f},\"durable_per_sync\":{:.1f},\"p50_ms\":{:.2f},"
               "\"p99_ms\":{:"
               ".2f},\"entries\":{},\"verified_per_s\":{:.0f},\"start_s\":{:.3f}}}\n",
               syncs, written.per_second, written.per_sync, written.p50_ms, written.p99_ms, verified->read,
               static_cast<double>(verified->read) * 1e6 / static_cast<double>(ended - begun),
               static_cast<double>(start_us) / 1e6);
    std::filesystem::remove_all(directory);
    return 0;
}
